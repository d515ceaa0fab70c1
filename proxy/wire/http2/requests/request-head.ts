/** Turns a decoded field list into a request head, or finds it malformed (RFC 9113 §8.1.1, §8.2, §8.3, §8.5; RFC 8441 §4). */
import { isAuthority } from '../../syntax/authority.js';
import { isFieldValue, isPath, isToken, parseDigits } from '../../syntax/characters.js';
import { FieldsMemo } from '../../syntax/field-lines.js';
import {
  AUTHORITY,
  bit,
  CONTENT_LENGTH,
  COOKIE,
  type FieldKind,
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
} from '../../syntax/request-field-kinds.js';
import { isControlDataWellFormed } from '../../syntax/request-rules.js';
import type { RequestHead } from '../events.js';
import { DEFAULT_PRIORITY, INCREMENTAL, parsePriority } from '../frames/priority.js';
import { type LastFields, NO_FIELDS, NO_MEMO } from './last-fields.js';

/** One for the process: each is used up before the next request is read. */
const decoded: string[] = [];
const kinds: FieldKind[] = [];
const regular: string[] = [];

/** An empty list to decode into; good until the next call. */
export function takeFieldList(): string[] {
  decoded.length = 0;
  return decoded;
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
    tooMany: false,
  };
}

/** The head of a request whose list is over the limit: what of the request line came before the limit, for the log. */
export function readTooLargeHead(
  fields: readonly string[],
  endStream: boolean,
  maxFields: number,
): RequestHead {
  const head = emptyHead();
  head.tooLarge = true;
  head.tooMany = fields.length >= 2 * maxFields;
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
      default:
        kind satisfies never;
    }
  }
  head.endStream = endStream;
  if (!isControlDataWellFormed(head, seen, host)) return null;
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

/** Whether a trailer section is well-formed: no pseudo fields (RFC 9113 §8.1), nothing that frames, routes or authenticates. */
export function areTrailersWellFormed(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (!isTrailerName(fields[i] ?? '') || !isFieldValue(fields[i + 1] ?? '')) return false;
  }
  return true;
}
