/** Turns a decoded field list into a request head, or finds it malformed (RFC 9113 §8.1.1, §8.2, §8.3, §8.5; RFC 8441 §4). */
import { isAuthority, isAuthorityWithPort, isSameAuthority } from './authority.js';
import type { RequestHead } from './events.js';
import {
  AUTHORITY,
  CONTENT_LENGTH,
  COOKIE,
  HOST,
  isTrailerName,
  kindOf,
  MALFORMED,
  METHOD,
  PATH,
  PRIORITY,
  PROTOCOL,
  REGULAR,
  SCHEME,
  TE,
} from './field-kinds.js';
import { isFieldValue, isPath, isToken, parseDigits } from './field-syntax.js';
import { DEFAULT_PRIORITY, INCREMENTAL, parsePriority } from './priority.js';

const MAX_REMEMBERED_FIELDS = 128;

/**
 * The last well-formed list of the process. A browser's requests differ in a field or two and HPACK gives the same strings again,
 * so what stands unchanged in its old place needs no second look.
 */
let knownFields: string[] = [];
let knownKinds = new Uint8Array(MAX_REMEMBERED_FIELDS);
let kinds = new Uint8Array(MAX_REMEMBERED_FIELDS);
let spareFields: string[] = [];

/** An empty list to decode into; good until `readRequestHead()` or the next call. */
export function takeFieldList(): string[] {
  spareFields.length = 0;
  return spareFields;
}

function remember(fields: string[]): void {
  if (fields !== spareFields || fields.length > MAX_REMEMBERED_FIELDS * 2) return;
  spareFields = knownFields;
  knownFields = fields;
  const formerKinds = knownKinds;
  knownKinds = kinds;
  kinds = formerKinds;
}

/** An empty crumb would leave a blank at the value's end, which no next hop over HTTP/2 may take (RFC 9113 §8.2.1). */
function joinCrumbs(cookie: string, crumb: string): string {
  if (crumb === '') return cookie;
  return cookie === '' ? crumb : `${cookie}; ${crumb}`;
}

/** A head with nothing in it. */
export function emptyHead(): RequestHead {
  return {
    method: '',
    scheme: '',
    authority: '',
    path: '',
    protocol: '',
    headers: [],
    contentLength: -1,
    endStream: false,
    urgency: DEFAULT_PRIORITY,
    incremental: false,
    tooLarge: false,
  };
}

/** The head of a request whose list is over the limit: what of the request line came before the limit, for the log. */
export function readTooLargeHead(fields: readonly string[], endStream: boolean): RequestHead {
  const head = emptyHead();
  head.tooLarge = true;
  head.endStream = endStream;
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1] ?? '';
    if (fields[i] === ':method' && isToken(value)) head.method = value;
    else if (fields[i] === ':path' && isPath(value)) head.path = value;
    else if (fields[i] === ':scheme' && (value === 'https' || value === 'http')) head.scheme = value;
    else if (fields[i] === ':authority' && isAuthority(value)) head.authority = value;
  }
  return head;
}

/** Which of the parts that may come once have come: one bit a kind. */
const bit = (kind: number): number => 1 << kind;

/** Null when the request is malformed. `fields` should come from `takeFieldList()`. */
export function readRequestHead(fields: string[], endStream: boolean): RequestHead | null {
  const head = emptyHead();
  const headers = head.headers;
  let seen = 0;
  let cookieAt = -1;
  let host = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    const isKnown = name === knownFields[i];
    const kind = isKnown ? (knownKinds[i >> 1] ?? MALFORMED) : kindOf(name);
    if (kind === MALFORMED) return null;
    if (!(isKnown && value === knownFields[i + 1]) && !isFieldValue(value)) return null;
    kinds[i >> 1] = kind;
    if (kind === REGULAR) {
      headers.push(name, value);
      continue;
    }
    if (kind === COOKIE) {
      // RFC 9113 §8.2.3.
      if (cookieAt >= 0) headers[cookieAt] = joinCrumbs(headers[cookieAt] ?? '', value);
      else cookieAt = headers.push(name, value) - 1;
      continue;
    }
    if (kind >= METHOD && headers.length + (seen & bit(HOST)) > 0) return null;
    if (kind !== PRIORITY && kind !== TE && (seen & bit(kind)) !== 0) return null;
    seen |= bit(kind);
    switch (kind) {
      case METHOD:
        head.method = value;
        break;
      case SCHEME:
        head.scheme = value;
        break;
      case AUTHORITY:
        head.authority = value;
        break;
      case PATH:
        head.path = value;
        break;
      case PROTOCOL:
        head.protocol = value;
        break;
      case HOST:
        host = value;
        break;
      case CONTENT_LENGTH:
        head.contentLength = parseDigits(value);
        if (head.contentLength < 0) return null;
        headers.push(name, value);
        break;
      case TE:
        // RFC 9113 §8.2.2.
        if (value !== 'trailers') return null;
        headers.push(name, value);
        break;
      case PRIORITY:
        applyPriority(head, parsePriority(value));
        headers.push(name, value);
        break;
    }
  }
  head.endStream = endStream;
  if (!isRequestLineWellFormed(head, seen, host)) return null;
  if (endStream && head.contentLength > 0) return null;
  remember(fields);
  return head;
}

/** Puts a packed priority (priority.ts) into the head. */
export function applyPriority(head: RequestHead, priority: number): void {
  head.urgency = priority & 7;
  head.incremental = (priority & INCREMENTAL) !== 0;
}

function isRequestLineWellFormed(head: RequestHead, seen: number, host: string): boolean {
  if (!isToken(head.method)) return false;
  const isConnect = head.method === 'CONNECT';
  if (isConnect && (seen & bit(PROTOCOL)) === 0) return isPlainConnect(head, seen, host);
  if ((seen & bit(PROTOCOL)) !== 0) {
    // RFC 8441 §4; a length would give the tunnel's bytes a second meaning.
    if (!isConnect || !isToken(head.protocol) || head.contentLength >= 0) return false;
  }
  if (head.scheme !== 'https' && head.scheme !== 'http') return false;
  if (!isPath(head.path) && !(head.path === '*' && head.method === 'OPTIONS')) return false;
  return settleAuthority(head, seen, host);
}

/** RFC 9113 §8.5: only `:method` and `:authority`. */
function isPlainConnect(head: RequestHead, seen: number, host: string): boolean {
  if ((seen & (bit(SCHEME) | bit(PATH))) !== 0 || head.contentLength >= 0) return false;
  if (!isAuthorityWithPort(head.authority)) return false;
  return (seen & bit(HOST)) === 0 || isSameAuthority(head.authority, host, '');
}

/** RFC 9113 §8.3.1: `:authority` is the name; `host` may stand for it and may not contradict it. */
function settleAuthority(head: RequestHead, seen: number, host: string): boolean {
  if ((seen & bit(AUTHORITY)) === 0) {
    if ((seen & bit(HOST)) === 0) return false;
    head.authority = host;
    return isAuthority(host);
  }
  if (!isAuthority(head.authority)) return false;
  return (seen & bit(HOST)) === 0 || isSameAuthority(head.authority, host, head.scheme);
}

/** Whether a trailer section is well-formed: no pseudo fields (RFC 9113 §8.1), nothing that frames, routes or authenticates. */
export function areTrailersWellFormed(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (!isTrailerName(fields[i] ?? '') || !isFieldValue(fields[i + 1] ?? '')) return false;
  }
  return true;
}
