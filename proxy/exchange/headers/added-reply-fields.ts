/** Fields of an authorizer's answer that go out with the response: they take the place of the app's own. */
import { removeField } from './header-rules.js';

/**
 * Changes `headers` in place. Cookies take the place of cookies by the same name alone, as with Traefik.
 * @param added flat list with lower-case names
 */
export function putReplyFields(headers: string[], added: readonly string[]): void {
  for (let index = 0; index < added.length; index += 2) {
    const name = added[index] ?? '';
    if (name === 'set-cookie') removeCookie(headers, cookieName(added[index + 1] ?? ''));
    else removeField(headers, name);
  }
  headers.push(...added);
}

function removeCookie(headers: string[], cookie: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (headers[index] === 'set-cookie' && cookieName(headers[index + 1] ?? '') === cookie)
      headers.splice(index, 2);
  }
}

function cookieName(value: string): string {
  return (/^[^=;]*/.exec(value)?.[0] ?? '').trim();
}
