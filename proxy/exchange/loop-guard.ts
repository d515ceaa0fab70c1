/** Finds requests that come back to the front that sent them, by CDN-Loop (RFC 8586). */
import { createHash } from 'node:crypto';
import { fieldList } from '../wire/syntax/field-list.js';

/** The member that all routers of one front add to CDN-Loop. @param secret what only they share */
export function loopMarkerOf(secret: string): string {
  const id = createHash('sha256').update('loop guard').update(secret).digest('base64url').slice(0, 12);
  return `tlsfront;id="${id}"`;
}

/** Whether this front has sent the request before. */
export function isLooping(headers: readonly string[], marker: string): boolean {
  return fieldList(headers, 'cdn-loop').includes(marker);
}
