/** The cookie that keeps a client at one of several upstreams. */
import type { RequestHead } from '../exchange/types.js';

const NAME = 'tlsfront_app';

/** The keys in the cookies of a request: one, or several when routes lie within each other. */
export function stickyKeys(head: RequestHead): string[] {
  const keys: string[] = [];
  const { headers } = head;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== 'cookie') continue;
    for (const part of (headers[index + 1] ?? '').split(';')) {
      const cookie = part.trim();
      if (cookie.startsWith(`${NAME}=`)) keys.push(cookie.slice(NAME.length + 1));
    }
  }
  return keys;
}

/** Set-Cookie's value for the upstream with this key. */
export function stickyCookie(key: string, prefix: string, encrypted: boolean): string {
  return `${NAME}=${key}; Path=${prefix || '/'}; HttpOnly; SameSite=Lax${encrypted ? '; Secure' : ''}`;
}
