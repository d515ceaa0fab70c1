/** Fuzz target: the response decoder. The input's first byte says which requests were sent and whether the peer closes. */
import { encodeInformational, encodeResponseHead } from '../../../proxy/wire/http1/encoder.js';
import {
  DEFAULT_HTTP1_LIMITS,
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Http1Limits,
  type ResponseHead,
} from '../../../proxy/wire/http1/events.js';
import { ResponseDecoder } from '../../../proxy/wire/http1/response-decoder.js';
import { SeededRandom } from '../../support/random.js';
import { type Account, holdsFields, type Message, readPieces, valuesOf } from './http1-account.js';
import { responseStream } from './http1-grammar.js';
import { framedContent } from './http1-requests.js';
import { cutAnywhere, type FuzzTarget, hashOf, holds, type Outcome, same } from './target.js';

/** Limits that generated responses meet now and then. */
export const NARROW_LIMITS: Http1Limits = {
  requestLineBytes: 40,
  headBytes: 90,
  headerCount: 3,
  methodBytes: 7,
  chunkExtensionBytes: 6,
  trailerBytes: 40,
  informationalBytes: 300,
};

/** What may have been asked, oldest first. */
export const ASKED: readonly [string[], ...string[][]] = [
  ['GET', 'GET', 'GET'],
  ['GET'],
  ['HEAD', 'GET', 'HEAD'],
  ['POST', 'CONNECT'],
];

/** The requests and the end that an input's first byte stands for. */
export function responseMode(first: number): { methods: string[]; ended: boolean } {
  return { methods: ASKED[first & 3] ?? ASKED[0], ended: (first & 4) !== 0 };
}

export function isTunnel(method: string, head: ResponseHead): boolean {
  return head.status === 101 || (method === 'CONNECT' && head.status >= 200 && head.status <= 299);
}

/** What a client that sent these requests makes of the pieces. */
export function readResponses(
  methods: readonly string[],
  pieces: readonly Buffer[],
  limits: Http1Limits,
  ended: boolean,
): Account<ResponseHead> {
  const decoder = new ResponseDecoder(limits);
  for (const method of methods) decoder.expect(method);
  let answered = 0;
  const tunnels = (head: ResponseHead): boolean => {
    const method = methods[answered] ?? '';
    answered += 1;
    return isTunnel(method, head);
  };
  return readPieces(decoder, pieces, { limits, ended, isTunnel: tunnels });
}

/** RFC 9112 §6.3: how each accepted response must have been framed. */
export function holdsResponse(method: string, { head, trailers }: Message<ResponseHead>): void {
  holdsFields(head.headers, 'response');
  holdsFields(trailers, 'trailers');
  const lengths = valuesOf(head.headers, 'content-length');
  const codings = valuesOf(head.headers, 'transfer-encoding');
  holds(lengths.length <= 1 && codings.length <= 1 && lengths.length + codings.length <= 1, 'framed twice');
  if (lengths.length === 1) same(head.contentLength, Number(lengths[0]), 'content length');
  const isBare = head.status < 200 || head.status === 204 || head.status === 304 || method === 'HEAD';
  let expected: number = FRAMING_UNTIL_CLOSE;
  if (isBare || isTunnel(method, head)) expected = FRAMING_NONE;
  else if (codings.length === 1) expected = FRAMING_CHUNKED;
  else if (lengths.length === 1) expected = FRAMING_LENGTH;
  same(head.framing, expected, 'framing');
  if (expected === FRAMING_UNTIL_CLOSE) holds(!head.keepAlive, 'kept alive until close');
}

function meaningOf({ head, body, trailers, complete }: Message<ResponseHead>): unknown[] {
  const keepAlive = head.minorVersion === 1 ? [head.keepAlive] : [];
  return [
    head.status,
    head.headers,
    head.framing,
    head.contentLength,
    body,
    trailers,
    complete,
    ...keepAlive,
  ];
}

/** Writes what was read as a proxy does, reads that, and compares. */
export function rewrites(methods: readonly string[], account: Account<ResponseHead>, ended: boolean): void {
  const complete = account.messages.filter((message) => message.complete);
  let stream = '';
  for (const { status, headers } of account.informational.slice(0, 1)) {
    if (complete.length > 0) stream += encodeInformational(status, headers);
  }
  for (const { head, body, trailers } of complete) {
    stream += encodeResponseHead(head.status, head.headers);
    stream += framedContent(head.framing, body, trailers);
  }
  const bytes = Buffer.from(stream, 'latin1');
  const again = readResponses(methods.slice(0, complete.length), [bytes], DEFAULT_HTTP1_LIMITS, ended);
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

function checkResponses(input: Buffer): Outcome {
  const hash = hashOf(input);
  const random = new SeededRandom(hash);
  const limits = hash % 4 === 0 ? NARROW_LIMITS : DEFAULT_HTTP1_LIMITS;
  const { methods, ended } = responseMode(input[0] ?? 0);
  const bytes = input.subarray(1);
  const whole = readResponses(methods, [bytes], limits, ended);
  const pieces = cutAnywhere(random, bytes, 1 + random.below(60));
  same(readResponses(methods, pieces, limits, ended), whole, 'events of pieces');
  if (hash % 3 === 0) {
    same(readResponses(methods, cutAnywhere(random, bytes, 1), limits, ended), whole, 'events byte by byte');
  }
  for (const [index, message] of whole.messages.entries()) holdsResponse(methods[index] ?? '', message);
  for (const head of whole.informational) {
    holdsFields(head.headers, 'informational');
    holds(head.status >= 100 && head.status <= 199 && head.status !== 101, `interim ${head.status}`);
  }
  if (whole.tunnel !== undefined) holds(bytes.toString('latin1').endsWith(whole.tunnel), 'tunnel bytes');
  rewrites(methods, whole, ended);
  if (whole.error === '') return 'accepted';
  return whole.messages.some((message) => message.complete) ? 'partial' : 'refused';
}

export const HTTP1_RESPONSES: FuzzTarget = {
  name: 'http1-response',
  generate: (random) =>
    Buffer.concat([Buffer.from([random.below(8)]), Buffer.from(responseStream(random), 'latin1')]),
  check: checkResponses,
};
