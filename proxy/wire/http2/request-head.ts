/** Turns a decoded field list into a request head, or finds it malformed (RFC 9113 §8.1.1, §8.2, §8.3, §8.5; RFC 8441 §4). */
import { hasPort, isAuthority, isSameAuthority } from '../syntax/authority.js';
import { isFieldValue, isPath, isToken, parseDigits } from '../syntax/characters.js';
import { FieldsMemo } from '../syntax/field-lines.js';
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
import { DEFAULT_PRIORITY, INCREMENTAL, parsePriority } from './priority.js';

/** A longer list is not remembered: what a connection keeps of it stays small. */
const MAX_REMEMBERED_BYTES = 4096;
/** What did not come again for so many calls of `age()` is forgotten. */
const MAX_AGE = 12;

const NO_FIELDS: readonly string[] = [];
const NO_KINDS: readonly number[] = [];
/** Of a head that goes nowhere. */
const NO_MEMO = new FieldsMemo();

/** One for the process: each is used up before the next request is read. */
const decoded: string[] = [];
const kinds: number[] = [];
const regular: string[] = [];

/** An empty list to decode into; good until the next call. */
export function takeFieldList(): string[] {
  decoded.length = 0;
  return decoded;
}

/**
 * The last well-formed list of a connection. A browser's requests differ in a field or two and HPACK gives the same strings
 * again, so what stands unchanged in its old place needs no second look; where only pseudo fields differ, the list is the same.
 */
export class LastFields {
  list = NO_FIELDS;
  kinds = NO_KINDS;
  /** What the list became in `RequestHead`. */
  private headers = NO_FIELDS;
  private memo = NO_MEMO;
  private calls = 0;

  /** The list was the same again. */
  give(head: RequestHead): void {
    head.headers = this.headers;
    head.memo = this.memo;
    this.calls = 0;
  }

  /** @param kindList a kind for each field, and more */
  remember(list: readonly string[], kindList: readonly number[], { headers, memo }: RequestHead): void {
    let bytes = 0;
    for (const text of list) bytes += text.length;
    if (bytes > MAX_REMEMBERED_BYTES) return;
    this.list = list.slice();
    this.kinds = kindList.slice(0, list.length >> 1);
    this.headers = headers;
    this.memo = memo;
    this.calls = 0;
  }

  /** Call it a few times a second. */
  age(): void {
    this.calls += 1;
    if (this.calls <= MAX_AGE) return;
    this.list = NO_FIELDS;
    this.kinds = NO_KINDS;
    this.headers = NO_FIELDS;
    this.memo = NO_MEMO;
  }
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
    headers: NO_FIELDS,
    memo: NO_MEMO,
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

/** Null when the request is malformed. @param last of the connection */
export function readRequestHead(
  fields: readonly string[],
  endStream: boolean,
  last: LastFields,
): RequestHead | null {
  const head = emptyHead();
  const headers = regular;
  headers.length = 0;
  let repeats = fields.length === last.list.length;
  let seen = 0;
  let cookieAt = -1;
  let host = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    const isKnown = name === last.list[i];
    const isSame = isKnown && value === last.list[i + 1];
    const kind = isKnown ? (last.kinds[i >> 1] ?? MALFORMED) : kindOf(name);
    if (kind === MALFORMED || (!isSame && !isFieldValue(value))) return null;
    // Another value of the same pseudo field leaves the list as it was.
    if (!isSame && !(isKnown && kind >= METHOD)) repeats = false;
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
  if (repeats) last.give(head);
  else {
    head.headers = headers.slice();
    head.memo = new FieldsMemo();
    last.remember(fields, kinds, head);
  }
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
  if (!isAuthority(head.authority) || !hasPort(head.authority)) return false;
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
