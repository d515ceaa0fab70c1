/** Fuzz target: the request decoder. */
import {
  CHUNK_END,
  chunkPrefix,
  encodeRequestHead,
  encodeTrailers,
} from '../../../proxy/wire/http1/encoder.js';
import {
  DEFAULT_HTTP1_LIMITS,
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  type Http1Limits,
  type RequestHead,
} from '../../../proxy/wire/http1/events.js';
import { RequestDecoder } from '../../../proxy/wire/http1/request-decoder.js';
import { SeededRandom } from '../../support/random.js';
import {
  type Account,
  holdsFields,
  type Message,
  type Reading,
  readPieces,
  valuesOf,
} from './http1-account.js';
import { requestStream } from './http1-grammar.js';
import { cutAnywhere, type FuzzTarget, hashOf, holds, type Outcome, same } from './target.js';

/** So small that ordinary inputs run into each of them. */
const NARROW_LIMITS: Http1Limits = {
  requestLineBytes: 40,
  headBytes: 120,
  headerCount: 4,
  methodBytes: 7,
  chunkExtensionBytes: 6,
  trailerBytes: 40,
  informationalBytes: 600,
};

/** What a server makes of the pieces; a connection asked to become a tunnel becomes one. */
export function readRequests(pieces: readonly Buffer[], limits: Http1Limits): Account<RequestHead> {
  const reading: Reading<RequestHead> = {
    limits,
    ended: true,
    isTunnel: (head) => head.method === 'CONNECT',
  };
  return readPieces(new RequestDecoder(limits), pieces, reading);
}

/** The content as it was framed. */
export function framedContent(framing: number, body: string, trailers: readonly string[]): string {
  if (framing !== FRAMING_CHUNKED) return body;
  const chunk = body === '' ? '' : chunkPrefix(body.length) + body + CHUNK_END;
  return chunk + encodeTrailers(trailers);
}

/** What RFC 9112 asks of any request that is not refused. */
function holdsRequest(head: RequestHead): void {
  const { headers, method, target, framing } = head;
  holdsFields(headers, 'request');
  holds(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method), `method ${JSON.stringify(method)}`);
  holds(/^[\x21\x22\x24-\x7e]+$/.test(target), `target ${JSON.stringify(target)}`);
  const hosts = valuesOf(headers, 'host');
  holds(hosts.length === 1 || (hosts.length === 0 && head.httpVersion === '1.0'), `${hosts.length} hosts`);
  if (hosts.length === 1) same(hosts[0], head.authority, 'host and authority');
  holds(/^[^\s@/?#\\,]*$/.test(head.authority), `authority ${JSON.stringify(head.authority)}`);
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding');
  if (codings.length > 0) {
    same(
      [codings.map((coding) => coding.toLowerCase()), lengths.length, head.httpVersion],
      [['chunked'], 0, '1.1'],
      'framing',
    );
    same(framing, FRAMING_CHUNKED, 'framing of a chunked request');
  } else {
    holds(framing !== FRAMING_CHUNKED, 'chunked by nothing');
    same(lengths.length, framing === FRAMING_LENGTH || lengths.length === 1 ? 1 : 0, 'content-length fields');
    if (framing === FRAMING_LENGTH) holds(/^[0-9]+$/.test(lengths[0] ?? ''), 'length of digits');
    if (framing === FRAMING_LENGTH) same(head.contentLength, Number(lengths[0]), 'content length');
  }
  const isAsterisk = head.path === '*' && method === 'OPTIONS';
  holds(
    method === 'CONNECT' ? head.path === '' : isAsterisk || head.path.startsWith('/'),
    `path ${head.path}`,
  );
}

function meaningOf(message: Message<RequestHead>): unknown[] {
  const { head, body, trailers, complete } = message;
  const { method, path, headers, framing, contentLength, keepAlive, upgrade, expectContinue } = head;
  const hosted = valuesOf(headers, 'host').length === 1 ? headers : [...headers, 'host', 'none.test'];
  // An HTTP/1.0 request says less about its connection than the HTTP/1.1 request that replaces it.
  const connection = head.httpVersion === '1.1' ? [keepAlive, upgrade, expectContinue] : [];
  return [method, path, hosted, framing, contentLength, body, trailers, complete, ...connection];
}

/** Writes what was read as a proxy does, reads that, and compares. */
function rewrites(account: Account<RequestHead>): void {
  const complete = account.messages.filter((message) => message.complete);
  let stream = '';
  for (const { head, body, trailers } of complete) {
    const hosted =
      valuesOf(head.headers, 'host').length === 1 ? head.headers : [...head.headers, 'host', 'none.test'];
    stream += encodeRequestHead(head.method, head.path, hosted) + framedContent(head.framing, body, trailers);
  }
  const again = readRequests([Buffer.from(stream, 'latin1')], DEFAULT_HTTP1_LIMITS);
  same(again.error, '', 'error after writing again');
  same(again.messages.length, complete.length, 'messages after writing again');
  for (const [index, message] of complete.entries()) {
    const second = again.messages[index];
    holds(second !== undefined, 'a message that is gone');
    if (second === undefined) return;
    const expected = meaningOf(message);
    same(meaningOf(second).slice(0, expected.length), expected, 'meaning after writing again');
  }
}

/** Whole, in pieces and byte by byte, with ordinary and narrow limits. */
export function checkRequests(input: Buffer): Outcome {
  const hash = hashOf(input);
  const random = new SeededRandom(hash);
  const limits = hash % 4 === 0 ? NARROW_LIMITS : DEFAULT_HTTP1_LIMITS;
  const whole = readRequests([input], limits);
  same(readRequests(cutAnywhere(random, input, 1 + random.below(60)), limits), whole, 'events of pieces');
  if (hash % 3 === 0) same(readRequests(cutAnywhere(random, input, 1), limits), whole, 'events byte by byte');
  for (const { head, trailers } of whole.messages) {
    holdsRequest(head);
    holdsFields(trailers, 'trailers');
  }
  if (whole.tunnel !== undefined) holds(input.toString('latin1').endsWith(whole.tunnel), 'tunnel bytes');
  rewrites(whole);
  if (whole.error === '') return 'accepted';
  return whole.messages.some((message) => message.complete) ? 'partial' : 'refused';
}

export const HTTP1_REQUESTS: FuzzTarget = {
  name: 'http1-request',
  generate: (random) => Buffer.from(requestStream(random), 'latin1'),
  check: checkRequests,
};
