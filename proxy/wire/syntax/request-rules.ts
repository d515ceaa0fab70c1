/** What the pseudo fields of a request and its Host must be, in each version that has them (RFC 9113 §8.3.1, §8.5; RFC 8441 §4). */
import { hasPort, isAuthority, isSameAuthority } from './authority.js';
import { isPath, isToken } from './characters.js';
import { AUTHORITY, bit, HOST, PATH, PROTOCOL, SCHEME } from './request-field-kinds.js';

/** The part of a request's head that these rules are about; what did not come is ''. */
export interface ControlData {
  method: string;
  scheme: string;
  /** Set to the Host where there is no `:authority`. */
  authority: string;
  path: string;
  protocol: string;
  /** -1 when it is not declared. */
  contentLength: number;
}

/** @param seen a `bit()` for each kind of field that came @param host the value of the Host field */
export function isControlDataWellFormed(head: ControlData, seen: number, host: string): boolean {
  if (!isToken(head.method)) return false;
  const isConnect = head.method === 'CONNECT';
  if (isConnect && (seen & bit(PROTOCOL)) === 0) return isPlainConnect(head, seen, host);
  if ((seen & bit(PROTOCOL)) !== 0) {
    // RFC 8441 §4; a length would give the tunnel's bytes a second meaning.
    if (!isConnect || !isToken(head.protocol) || head.contentLength >= 0) return false;
  }
  if (head.scheme !== 'https' && head.scheme !== 'http') return false;
  return isTarget(head.path, head.method) && settleAuthority(head, seen, host);
}

/** Origin-form, or `*` for OPTIONS (RFC 9112 §3.2.1, §3.2.4; RFC 9113 §8.3.1). */
export function isTarget(path: string, method: string): boolean {
  return isPath(path) || (path === '*' && method === 'OPTIONS');
}

/** RFC 9113 §8.5: only `:method` and `:authority`. */
function isPlainConnect(head: ControlData, seen: number, host: string): boolean {
  if ((seen & (bit(SCHEME) | bit(PATH))) !== 0 || head.contentLength >= 0) return false;
  if (!isAuthority(head.authority) || !hasPort(head.authority)) return false;
  return (seen & bit(HOST)) === 0 || isSameAuthority(head.authority, host, '');
}

/** RFC 9113 §8.3.1: `:authority` is the name; `host` may stand for it and may not contradict it. */
function settleAuthority(head: ControlData, seen: number, host: string): boolean {
  if ((seen & bit(AUTHORITY)) === 0) {
    if ((seen & bit(HOST)) === 0) return false;
    head.authority = host;
    return isAuthority(host);
  }
  if (!isAuthority(head.authority)) return false;
  return (seen & bit(HOST)) === 0 || isSameAuthority(head.authority, host, head.scheme);
}
