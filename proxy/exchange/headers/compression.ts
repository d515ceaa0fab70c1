/** Whether an answer is compressed, with what, and how its head tells so (RFC 9110 §8.4, §12.5.3). */
import { fieldList, fieldValue } from '../../wire/syntax/field-list.js';
import type { RequestHead } from '../types.js';
import { removeField } from './header-rules.js';

export type Coding = 'br' | 'zstd' | 'gzip';

/** Below this the fields that compression adds eat what it saves. */
const MIN_BYTES = 1024;

/** What compresses well. Everything else (images, archives, video, PDF) is compressed already. */
const COMPRESSIBLE = new Set([
  'application/javascript',
  'application/json',
  'application/ld+json',
  'application/manifest+json',
  'application/rtf',
  'application/vnd.ms-fontobject',
  'application/wasm',
  'application/x-javascript',
  'application/x-ndjson',
  'application/x-web-app-manifest+json',
  'application/xml',
  'font/otf',
  'font/ttf',
  'image/bmp',
  'image/svg+xml',
  'image/x-icon',
]);

/** What of the upstream's response decides. */
export interface CompressibleResponse {
  readonly status: number;
  /** -1 when unknown. */
  readonly contentLength: number;
  readonly hasBody: boolean;
}

/**
 * Decides, and changes `headers` accordingly: Vary wherever another client could get another coding, Content-Encoding
 * and a weak ETag where this one does. Null: the body passes as it is.
 * @param codings what can be produced now, the most wanted first
 */
export function prepareCompression(
  head: RequestHead,
  response: CompressibleResponse,
  headers: string[],
  codings: readonly Coding[],
): Coding | null {
  if (!isCandidate(response, headers)) return null;
  addVary(headers);
  const { contentLength, hasBody } = response;
  if (!hasBody || (contentLength !== -1 && contentLength < MIN_BYTES)) return null;
  // HTTP/1.0 knows no chunked coding, and a length is not known any more.
  if (head.httpVersion === '1.0') return null;
  const coding = chooseCoding(fieldList(head.headers, 'accept-encoding'), codings);
  if (coding === null) return null;
  headers.push('content-encoding', coding);
  // Ranges of the app's bytes are no ranges of these.
  removeField(headers, 'accept-ranges');
  removeDigests(headers);
  weakenTag(headers);
  return coding;
}

/** Digests of a representation in one coding are none of it in another (RFC 9530 §3); Content-MD5 is their forerunner. */
const DIGESTS = ['repr-digest', 'content-digest', 'digest', 'content-md5'];

/** Takes digests of the app's bytes out of the head or the trailers of a body that is compressed. */
export function removeDigests(fields: string[]): void {
  for (const name of DIGESTS) removeField(fields, name);
}

function isCandidate({ status }: CompressibleResponse, headers: readonly string[]): boolean {
  if (status < 200 || status === 204 || status === 205 || status === 206) return false;
  if (!isCompressible(fieldValue(headers, 'content-type'))) return false;
  const coded = fieldValue(headers, 'content-encoding');
  if (coded !== '' && coded.toLowerCase() !== 'identity') return false;
  if (fieldValue(headers, 'content-range') !== '') return false;
  // A digest of the content (RFC 9530) would be wrong.
  if (fieldValue(headers, 'content-digest') !== '' || fieldValue(headers, 'digest') !== '') return false;
  return !fieldList(headers, 'cache-control').toLowerCase().includes('no-transform');
}

/** Whether a media type is worth compressing. Event streams are left out: what must arrive at once is not to wait for a compressor. */
export function isCompressible(contentType: string): boolean {
  const end = contentType.indexOf(';');
  const type = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  if (type.startsWith('text/')) return type !== 'text/event-stream';
  return COMPRESSIBLE.has(type) || type.endsWith('+json') || type.endsWith('+xml');
}

/**
 * The coding the client weighs highest (RFC 9110 §12.5.3), the first of `codings` among equals; null: none, as when the
 * field is absent.
 */
export function chooseCoding(accepted: string, codings: readonly Coding[]): Coding | null {
  if (accepted === '') return null;
  const weights = readWeights(accepted);
  const others = weights.get('*') ?? 0;
  let best: Coding | null = null;
  let bestWeight = 0;
  for (const coding of codings) {
    const own = weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined);
    const weight = own ?? others;
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  // Who wants the body as it is more than in any coding gets it so.
  return (weights.get('identity') ?? 0) > bestWeight ? null : best;
}

function readWeights(accepted: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of accepted.split(',')) {
    const [name = '', ...parameters] = member.split(';');
    weights.set(name.trim().toLowerCase(), readWeight(parameters));
  }
  return weights;
}

function readWeight(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim().toLowerCase() !== 'q') continue;
    const weight = Number(value.trim());
    // A weight that is none counts as a refusal: the body as it is can always be read.
    return weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}

function addVary(headers: string[]): void {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name === 'vary');
  if (at === -1) {
    headers.push('vary', 'accept-encoding');
    return;
  }
  const members = fieldList(headers, 'vary')
    .toLowerCase()
    .split(',')
    .map((member) => member.trim());
  if (members.includes('*') || members.includes('accept-encoding')) return;
  headers[at + 1] = `${headers[at + 1]}, accept-encoding`;
}

/** A strong tag stands for the app's very bytes (RFC 9110 §8.8.1). */
function weakenTag(headers: string[]): void {
  for (let index = 0; index < headers.length; index += 2) {
    const value = headers[index + 1] ?? '';
    if (headers[index] === 'etag' && !value.startsWith('W/')) headers[index + 1] = `W/${value}`;
  }
}
