/** The request that goes upstream: hop-by-hop fields out, forwarding fields written from the connection. */
import { randomFillSync } from 'node:crypto';
import type { Config } from '../../../src/shared/config/config.js';
import { FieldLines } from '../../wire/syntax/field-lines.js';
import { fieldList, fieldValue, portOf } from '../../wire/syntax/field-list.js';
import type { EntryFields } from '../access/inquiry.js';
import type { ConnectionFacts, Framing, RequestHead, SitePolicy } from '../types.js';
import { CONNECTION, connectionNames, FORWARDING, requestFieldKind, TE } from './field-kinds.js';
import { applyHeaderRules, removeField } from './header-rules.js';
import { asOwn, type OutgoingFields } from './outgoing-fields.js';
import { removeReplaced } from './tracing.js';

/** What the exchange has decided about the request when its upstream head is written. */
export interface UpstreamRequest {
  readonly requestId: string;
  /** See Exchange. */
  readonly addedFields: readonly string[];
  /** Host to send. */
  readonly authority: string;
  readonly framing: Framing;
  /** Bytes, when framing is `length`. */
  readonly contentLength: number;
  /** Protocol of an HTTP/1.1 upgrade that is passed on; empty otherwise. */
  readonly upgrade: string;
  /** Pass `Expect: 100-continue` on; false when the engine has answered it itself. */
  readonly expectContinue: boolean;
  /** What the front has found out about who asks; null: nothing. */
  readonly entry: EntryFields | null;
}

/**
 * The fields for the upstream, complete with Host and framing. Client-sent X-Forwarded-*, Forwarded and
 * X-Real-IP are dropped unless the peer is trusted; then X-Forwarded-For and Forwarded are continued and the rest kept.
 */
export function buildUpstreamHeaders(
  head: RequestHead,
  facts: ConnectionFacts,
  request: UpstreamRequest,
  policy: SitePolicy,
): OutgoingFields {
  const { config } = policy;
  const { authority } = request;
  const { memo } = head;
  let repeated = memo === null ? null : memo.find(head.authority, authority);
  if (repeated === null) {
    repeated = new FieldLines(clientFields(head, facts, authority, policy));
    memo?.keep(head.authority, authority, repeated);
  }
  let fields: OutgoingFields = { repeated, own: ['x-request-id', request.requestId] };
  if (request.addedFields.length > 0) fields.own.push(...request.addedFields);
  if (request.expectContinue) fields.own.push('expect', '100-continue');
  if (config.via) fields.own.push('via', `${head.httpVersion} tlsfront`);
  if (request.entry !== null) {
    fields = asOwn(fields);
    removeSpellings(fields.own, request.entry.removed);
    fields.own.push(...request.entry.added);
  }
  if (config.headerUp.length > 0) {
    fields = asOwn(fields);
    applyHeaderRules(fields.own, config.headerUp, { head, facts, requestId: request.requestId });
  }
  pushFraming(fields.own, head.method, request);
  return fields;
}

/** Takes these fields out, however their words are joined: CGI and WSGI read `X_User` and `X-User` as one. */
function removeSpellings(fields: string[], names: readonly string[]): void {
  const plain = (name: string): string => name.replace(/[^a-z0-9]/g, '-');
  const removed = new Set(names.map(plain));
  let kept = 0;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? '';
    if (removed.has(plain(name))) continue;
    fields[kept] = name;
    fields[kept + 1] = fields[index + 1] ?? '';
    kept += 2;
  }
  fields.length = kept;
}

/** All that stays the same while the client sends the same fields. */
function clientFields(
  head: RequestHead,
  facts: ConnectionFacts,
  authority: string,
  policy: SitePolicy,
): readonly string[] {
  const source = head.headers;
  const { keepUnderscores } = policy.config;
  const out: string[] = ['host', authority];
  let listed: string[] | null | undefined;
  let hasTe = false;
  for (let index = 0; index < source.length; index += 2) {
    const name = source[index] ?? '';
    const kind = requestFieldKind(name, keepUnderscores);
    if (kind === undefined) {
      out.push(name, source[index + 1] ?? '');
      continue;
    }
    // Every other kind is dropped here: hop-by-hop, or written anew below.
    if (kind === CONNECTION && listed === undefined) listed = connectionNames(source);
    else if (kind === TE && hasTrailersToken(source[index + 1] ?? '')) hasTe = true;
    else if (kind === FORWARDING && facts.trusted && !isContinued(name))
      out.push(name, source[index + 1] ?? '');
  }
  const kept = listed ? withoutListed(out, listed) : out;
  removeReplaced(kept, source, facts, policy.config);
  // RFC 9110 §10.1.4: who sends TE over HTTP/1.1 lists it in Connection, which HTTP/2 knows nothing of.
  if (hasTe) kept.push('te', 'trailers', 'connection', 'te');
  pushForwarding(kept, head, facts);
  kept.push('cdn-loop', policy.loopMarker);
  if (facts.clientFields.length > 0) kept.push(...facts.clientFields);
  return kept;
}

/**
 * The trailers of a request for the upstream: what a head does not carry on, trailers do not either, nor what the user's own
 * rules take out of heads or write there.
 * @param listed names that the head's Connection fields name; null: none
 */
export function buildUpstreamTrailers(
  trailers: readonly string[],
  listed: readonly string[] | null,
  { keepUnderscores, headerUp }: Pick<Config, 'keepUnderscores' | 'headerUp'>,
): readonly string[] {
  if (trailers.length === 0) return trailers;
  const kept: string[] = [];
  for (let index = 0; index < trailers.length; index += 2) {
    const name = trailers[index] ?? '';
    if (requestFieldKind(name, keepUnderscores) !== undefined || listed?.includes(name)) continue;
    // In heads our own member is added to the client's; one that comes later could hide a loop.
    if (name === 'cdn-loop') continue;
    kept.push(name, trailers[index + 1] ?? '');
  }
  for (const { action, name } of headerUp) if (action !== 'add') removeField(kept, name);
  return kept;
}

/** Host that the app is asked for. @param upstreamAuthority host:port of the chosen upstream */
export function authorityFor(head: RequestHead, policy: SitePolicy, upstreamAuthority: string): string {
  const { changeHost, upstreamHost } = policy.config;
  // HTTP/1.0 knows requests without Host; what goes upstream is HTTP/1.1, and apps refuse an empty one.
  return upstreamHost ?? (changeHost || head.authority === '' ? upstreamAuthority : head.authority);
}

function hasTrailersToken(value: string): boolean {
  return value === 'trailers' || /(^|,)\s*trailers\s*(,|;|$)/i.test(value);
}

/** Fields of a trusted peer that we continue or write ourselves rather than copy. */
function isContinued(name: string): boolean {
  return name === 'x-forwarded-for' || name === 'forwarded';
}

function withoutListed(headers: string[], listed: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    // Host is what routes the request; nobody may list it away.
    if (name !== 'host' && listed.includes(name)) continue;
    kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

function pushForwarding(out: string[], head: RequestHead, facts: ConnectionFacts): void {
  const address = facts.remoteAddress;
  const proto = facts.tlsVersion === '' ? 'http' : 'https';
  const port = portOf(head.authority) || (proto === 'https' ? '443' : '80');
  const node = address.indexOf(':') === -1 ? address : `"[${address}]"`;
  // HTTP/1.0 knows requests without Host: there is nothing to tell then.
  const host = head.authority === '' ? '' : `host="${head.authority}";`;
  const element = `for=${node};${host}proto=${proto}`;
  if (!facts.trusted) {
    out.push('x-forwarded-for', address, 'x-forwarded-proto', proto);
    if (host !== '') out.push('x-forwarded-host', head.authority);
    out.push('x-forwarded-port', port, 'forwarded', element);
    return;
  }
  const source = head.headers;
  out.push('x-forwarded-for', continueList(fieldList(source, 'x-forwarded-for'), address));
  if (fieldValue(source, 'x-forwarded-proto') === '') out.push('x-forwarded-proto', proto);
  if (host !== '' && fieldValue(source, 'x-forwarded-host') === '')
    out.push('x-forwarded-host', head.authority);
  if (fieldValue(source, 'x-forwarded-port') === '') out.push('x-forwarded-port', port);
  out.push('forwarded', continueList(fieldList(source, 'forwarded'), element));
}

function continueList(list: string, element: string): string {
  return list === '' ? element : `${list}, ${element}`;
}

/** Methods whose requests carry a body by definition: without one they say so (RFC 9110 §8.6). */
function expectsBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

function pushFraming(out: string[], method: string, request: UpstreamRequest): void {
  if (request.framing === 'length') out.push('content-length', String(request.contentLength));
  else if (request.framing === 'unknown') out.push('transfer-encoding', 'chunked');
  else if (expectsBody(method)) out.push('content-length', '0');
  if (request.upgrade !== '') out.push('connection', 'upgrade', 'upgrade', request.upgrade);
}

/** Bytes of an identifier: two requests in 2^48 share one. */
const ID_BYTES = 12;
/** Random bytes are asked for this many identifiers at a time, into the same 24 KB: 0.01 µs an identifier, where 256 in a new buffer cost 0.1. */
const IDS_AT_ONCE = 2048;
const randomness = Buffer.alloc(ID_BYTES * IDS_AT_ONCE);
let usedBytes = randomness.length;

/** 16 characters of base64url that tell nothing, neither of the process nor of its other requests. */
function newRequestId(): string {
  if (usedBytes === randomness.length) {
    randomFillSync(randomness);
    usedBytes = 0;
  }
  const from = usedBytes;
  usedBytes += ID_BYTES;
  return randomness.toString('base64url', from, usedBytes);
}

/** The client's X-Request-Id when it is 1 to 128 visible ASCII characters, otherwise a new one. */
export function requestIdOf(headers: readonly string[]): string {
  const given = fieldValue(headers, 'x-request-id');
  if (given !== '' && given.length <= 128 && isVisibleAscii(given)) return given;
  return newRequestId();
}

function isVisibleAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
