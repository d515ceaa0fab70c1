/** Fuzz target: the HTTP/2 codec with its header compression. */

import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import { encodeRequestHead } from '../../../proxy/wire/http1/encoder.js';
import { DEFAULT_HTTP1_LIMITS, FRAMING_CHUNKED } from '../../../proxy/wire/http1/events.js';
import * as codes from '../../../proxy/wire/http2/codes.js';
import type { RequestHead } from '../../../proxy/wire/http2/events.js';
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from '../../../proxy/wire/http2/limits.js';
import { SeededRandom } from '../../support/random.js';
import { encodeBlock } from '../hpack/blocks.js';
import { bytesOf, type Frame, frame, PREFACE, settings } from './frames.js';
import { holdsFields, valuesOf } from './http1-account.js';
import { framedContent, readRequests } from './http1-requests.js';
import { type Http2Account, type Http2Message, readConnection } from './http2-account.js';
import { session } from './http2-grammar.js';
import { holdsOutput } from './http2-output.js';
import { cutAnywhere, type FuzzTarget, hashOf, holds, type Outcome, same } from './target.js';

/** So small that ordinary connections run into each of them. */
const NARROW_LIMITS: Http2Limits = {
  ...DEFAULT_HTTP2_LIMITS,
  maxFields: 6,
  maxHeaderBlockBytes: 100,
  maxContinuationFrames: 1,
  maxQueuedControlFrames: 4,
  maxResetsPerPeriod: 1,
  maxPingsPerPeriod: 1,
  maxSettingsPerPeriod: 2,
  maxEmptyDataPerPeriod: 1,
  maxOverheadFramesPerPeriod: 2,
  maxSettingsPerFrame: 2,
};

const CONNECTION_FIELDS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
];

/** RFC 9113 §8.2 and §8.3 for every request that is not refused. */
function holdsRequest({ head, body, trailers, complete }: Http2Message): void {
  if (head.tooLarge) return;
  const { headers, method, path } = head;
  holdsFields(headers, 'request');
  holdsFields(trailers, 'trailers');
  for (const name of CONNECTION_FIELDS) same(valuesOf(headers, name), [], name);
  for (const te of valuesOf(headers, 'te')) same(te, 'trailers', 'te');
  holds(valuesOf(headers, 'cookie').length <= 1, 'cookies that are not joined');
  const lengths = valuesOf(headers, 'content-length');
  holds(lengths.length <= 1, 'two lengths');
  same(head.contentLength, lengths.length === 1 ? Number(lengths[0]) : -1, 'content length');
  if (complete && head.contentLength >= 0) same(body.length, head.contentLength, 'bytes of content');
  holds(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method), `method ${JSON.stringify(method)}`);
  holds(/^[^\s@/?#\\,]*$/.test(head.authority), `authority ${JSON.stringify(head.authority)}`);
  if (method === 'CONNECT' && head.protocol === '') same([head.scheme, path], ['', ''], 'CONNECT');
  else
    holds(
      /^\/[\x21\x22\x24-\x7e]*$/.test(path) || (path === '*' && method === 'OPTIONS'),
      `path ${JSON.stringify(path)}`,
    );
}

/** The messages that can be written again: whole and not cut. */
function wholeMessages(account: Http2Account): Http2Message[] {
  return account.messages.filter(
    (message) => message.complete && !message.head.tooLarge && message.resetCode < 0,
  );
}

/** What a proxy to an HTTP/1.1 upstream writes must be read there as exactly these requests. */
function rewritesAsHttp1(messages: readonly Http2Message[]): void {
  const plain = messages.filter(({ head }) => head.method !== 'CONNECT');
  let stream = '';
  for (const { head, body, trailers } of plain) {
    const host = head.authority === '' ? 'none.test' : head.authority;
    const fields = [...head.headers, 'host', host];
    if (head.contentLength < 0) fields.push('transfer-encoding', 'chunked');
    const framing = head.contentLength < 0 ? FRAMING_CHUNKED : 0;
    stream += encodeRequestHead(head.method, head.path, fields) + framedContent(framing, body, trailers);
  }
  const read = readRequests([Buffer.from(stream, 'latin1')], DEFAULT_HTTP1_LIMITS);
  same(read.error, '', 'error as HTTP/1.1');
  same(read.messages.length, plain.length, 'messages as HTTP/1.1');
  for (const [index, { head, body, trailers }] of plain.entries()) {
    const again = read.messages[index];
    const authority = head.authority === '' ? 'none.test' : head.authority;
    const carried = head.contentLength < 0 ? trailers : [];
    same(
      [
        again?.head.method,
        again?.head.path,
        again?.head.authority,
        again?.body,
        again?.trailers,
        again?.complete,
      ],
      [head.method, head.path, authority, body, carried, true],
      'meaning as HTTP/1.1',
    );
  }
}

function pseudoFields(head: RequestHead): string[] {
  const fields = [':method', head.method];
  if (head.scheme !== '') fields.push(':scheme', head.scheme);
  if (head.authority !== '') fields.push(':authority', head.authority);
  if (head.path !== '') fields.push(':path', head.path);
  if (head.protocol !== '') fields.push(':protocol', head.protocol);
  return fields;
}

/** Without what frames say and not the message: whether the end came alone, and priorities. */
function meaningOf({ head, body, trailers, complete }: Http2Message): unknown {
  return [{ ...head, endStream: true, urgency: 3, incremental: false }, body, trailers, complete];
}

/** Written in the plainest frames, the requests are the same ones. */
function rewritesAsHttp2(messages: readonly Http2Message[]): void {
  const encoder = new HpackEncoder(4096);
  const frames: Frame[] = [settings()];
  for (const [index, { head, body, trailers }] of messages.entries()) {
    const streamId = 1 + 2 * index;
    const hasTrailers = trailers.length > 0;
    const isBare = body === '' && !hasTrailers;
    const block = encodeBlock(encoder, [...pseudoFields(head), ...head.headers]);
    frames.push(frame(codes.FRAME_HEADERS, codes.FLAG_END_HEADERS | (isBare ? 1 : 0), streamId, block));
    if (body !== '') {
      frames.push(frame(codes.FRAME_DATA, hasTrailers ? 0 : 1, streamId, Buffer.from(body, 'latin1')));
    }
    if (hasTrailers) {
      frames.push(
        frame(codes.FRAME_HEADERS, codes.FLAG_END_HEADERS | 1, streamId, encodeBlock(encoder, trailers)),
      );
    }
  }
  const bytes = Buffer.concat([PREFACE, ...frames.map(bytesOf)]);
  const again = readConnection([bytes], DEFAULT_HTTP2_LIMITS, 'take');
  same(
    [again.closed, again.messages.map(meaningOf)],
    ['', messages.map(meaningOf)],
    'meaning after writing again',
  );
}

/** Whole, in pieces, byte by byte, with and without answers; ordinary and narrow limits. */
export function checkConnection(input: Buffer): Outcome {
  const hash = hashOf(input);
  const random = new SeededRandom(hash);
  const limits = hash % 4 === 0 ? NARROW_LIMITS : DEFAULT_HTTP2_LIMITS;
  const whole = readConnection([input], limits, 'take');
  for (const message of whole.messages) holdsRequest(message);
  holdsOutput(input, whole);
  const longest = hash % 3 === 0 ? 1 : 1 + random.below(60);
  const pieces = readConnection(cutAnywhere(random, input, longest), limits, 'take');
  same([pieces.events, pieces.closed], [whole.events, whole.closed], 'events of pieces');
  same(pieces.output.toString('hex'), whole.output.toString('hex'), 'output after pieces');
  const answered = readConnection(cutAnywhere(random, input, longest), limits, 'answer');
  holdsOutput(input, answered);
  for (const message of answered.messages) holdsRequest(message);
  const messages = wholeMessages(whole);
  rewritesAsHttp1(messages);
  rewritesAsHttp2(messages);
  if (messages.length > 0) return whole.closed === '' ? 'accepted' : 'partial';
  return whole.closed === '' ? 'partial' : 'refused';
}

export const HTTP2: FuzzTarget = { name: 'http2', generate: session, check: checkConnection };
