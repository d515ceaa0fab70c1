/**
 * Generated and damaged HTTP/1.1 bytes through our decoders and through llhttp: whatever we accept, it must read in the
 * same way, and as many messages of it. What differs and why it may is in the lists of justified differences.
 */
import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { test } from 'node:test';
import { DEFAULT_HTTP1_LIMITS, type RequestHead, type ResponseHead } from '../../proxy/wire/http1/events.js';
import { withoutForbiddenTrailers } from '../../proxy/wire/syntax/trailers.js';
import { SeededRandom } from '../support/random.js';
import { type Account, type Message, valuesOf } from './fuzz/http1-account.js';
import { requestStream, responseStream } from './fuzz/http1-grammar.js';
import { readRequests } from './fuzz/http1-requests.js';
import { readResponses } from './fuzz/http1-responses.js';
import { type PeerAccount, type PeerMessage, requestsByNode, responseByNode } from './fuzz/llhttp.js';
import { hashOf, same } from './fuzz/target.js';

const SEED = 1_120;
const REQUEST_CASES = 9_000;
const RESPONSE_CASES = 9_000;

/** Where llhttp may refuse what we accept. */
interface Justified {
  readonly reason: string;
  isIt(message: Message<RequestHead | ResponseHead>, peer: PeerAccount, text: string): boolean;
}

const JUSTIFIED: readonly Justified[] = [
  {
    reason: 'llhttp knows a fixed list of methods; RFC 9110 §9.1 makes any token one',
    isIt: ({ head }, { error }) =>
      error === 'HPE_INVALID_METHOD' && 'method' in head && !METHODS.includes(head.method),
  },
  {
    reason:
      'llhttp takes only spaces around a length; RFC 9110 §5.6.3 and §5.5 exclude tabs from the value too',
    isIt: (_, { error }, text) =>
      error === 'HPE_INVALID_CONTENT_LENGTH' && /content-length:[ \t]*\d+[ \t]*\t[ \t]*\r\n/i.test(text),
  },
  {
    reason:
      'llhttp ends a connection after an interim response of HTTP/1.0 or with close; RFC 9112 §9.6: after the final one',
    isIt: (_, { error, informational }) => error === 'HPE_CLOSED_CONNECTION' && informational.length > 0,
  },
  {
    reason: 'llhttp takes no list of equal lengths in an answer; RFC 9110 §8.6 allows to take it as one',
    isIt: (_, { error }, text) =>
      /HPE_(UNEXPECTED|INVALID)_CONTENT_LENGTH/.test(error) &&
      /content-length:[\s\S]*?(,|content-length:)/i.test(text),
  },
];

/** Fields as they mean the same: a length counts as a number (RFC 9110 §8.6 allows leading zeroes). */
function meaningOf(headers: readonly string[]): string[] {
  return headers.map((text, index) =>
    headers[index - 1] === 'content-length' && index % 2 === 1 ? String(Number(text)) : text,
  );
}

/** The target's authority takes the place of Host (RFC 9112 §3.2.2), so there the raw field may differ. */
function headersOf(head: RequestHead, headers: readonly string[]): string[] {
  if (head.target.startsWith('/')) return meaningOf(headers);
  return meaningOf(headers).filter((_, index) => headers[index - (index % 2)] !== 'host');
}

/**
 * In HTTP/1.0 llhttp lets keep-alive win over close, and takes Proxy-Connection for Connection. RFC 9112 §9.3: close comes first;
 * §C.2.2: Proxy-Connection is not to be used. We end the connection, so nothing after the request is read.
 */
function isJustifiedEnd({ head }: Message<RequestHead>, theirs: PeerMessage): boolean {
  if (head.httpVersion !== '1.0' || head.keepAlive || !theirs.keepAlive) return false;
  const isClosing = valuesOf(head.headers, 'connection').some((value) => /\bclose\b/i.test(value));
  return isClosing || valuesOf(head.headers, 'proxy-connection').length > 0;
}

function compareRequest(ours: Message<RequestHead>, theirs: PeerMessage): void {
  const { head } = ours;
  same(
    [
      theirs.method,
      theirs.target,
      headersOf(head, theirs.headers),
      theirs.keepAlive && !isJustifiedEnd(ours, theirs),
    ],
    [head.method, head.target, headersOf(head, head.headers), head.keepAlive],
    'head by llhttp',
  );
  if (!ours.complete) return;
  same(
    [theirs.complete, theirs.body, theirs.trailers],
    [true, ours.body, ours.trailers],
    'content by llhttp',
  );
}

/** How many messages were compared; a difference that is not justified throws. */
async function compareRequests(bytes: Buffer): Promise<number> {
  const ours = readRequests([bytes], DEFAULT_HTTP1_LIMITS);
  if (ours.messages.length === 0) return 0;
  const peer = await requestsByNode(bytes);
  const text = bytes.toString('latin1');
  for (const [index, message] of ours.messages.entries()) {
    const theirs = peer.messages[index];
    if (theirs === undefined) {
      if (JUSTIFIED.some(({ isIt }) => isIt(message, peer, text))) return index;
      throw new Error(`llhttp refuses request ${index + 1} of ${ours.messages.length}: ${peer.error}`);
    }
    compareRequest(message, theirs);
    if (isJustifiedEnd(message, theirs)) return index + 1;
  }
  if (ours.tunnel !== undefined) same(peer.tunnel, ours.tunnel, 'tunnel by llhttp');
  // What we refuse llhttp may go on to read; what we read to its end must hold no more for it.
  const isRefused = ours.error !== '' && !ours.error.startsWith('truncated');
  if (!isRefused) same(peer.messages.length, ours.messages.length, 'requests by llhttp');
  return ours.messages.length;
}

function compareResponse(method: string, ours: Account<ResponseHead>, peer: PeerAccount, text: string): void {
  const [message] = ours.messages;
  const [theirs] = peer.messages;
  if (message === undefined) return;
  if (theirs === undefined) {
    if (JUSTIFIED.some(({ isIt }) => isIt(message, peer, text))) return;
    throw new Error(`llhttp refuses the response: ${peer.error}`);
  }
  const { head } = message;
  same([theirs.status, meaningOf(theirs.headers)], [head.status, meaningOf(head.headers)], 'head by llhttp');
  // A second message is surplus to us, whatever node:http makes of it.
  if (peer.messages.length === 1) same(peer.tunnel, ours.tunnel, 'tunnel by llhttp');
  same(
    peer.informational,
    ours.informational.map(({ status }) => status),
    'interim responses by llhttp',
  );
  // node:http judges reuse before it knows that a response to HEAD has no content (RFC 9112 §6.3 rule 1).
  if (head.keepAlive && method !== 'HEAD') same(theirs.keepAlive, true, 'reuse by llhttp');
  if (!message.complete) return;
  if (!theirs.complete && JUSTIFIED.some(({ isIt }) => isIt(message, peer, text))) return;
  same(
    [theirs.complete, theirs.body, withoutForbiddenTrailers(theirs.trailers)],
    [true, message.body, message.trailers],
    'content by llhttp',
  );
}

/** node:http ends a CONNECT at the first head, interim or not, accepted or not (against RFC 9110 §9.3.6). */
function isComparable(method: string, { messages, informational }: Account<ResponseHead>): boolean {
  const [message] = messages;
  if (message === undefined) return false;
  const isAccepted = message.head.status >= 200 && message.head.status <= 299;
  return method !== 'CONNECT' || (isAccepted && informational.length === 0);
}

/** Fails with the input in hex. */
async function named<Value>(
  seed: number,
  index: number,
  bytes: Buffer,
  run: () => Promise<Value>,
): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `seed ${seed} case ${index} hex ${bytes.toString('hex')}\n${JSON.stringify(bytes.toString('latin1'))}\n${reason}`,
    );
  }
}

test('llhttp reads every request that we accept as we do, and counts as many', async (t) => {
  let compared = 0;
  for (let index = 0; index < REQUEST_CASES; index += 1) {
    const bytes = Buffer.from(requestStream(SeededRandom.ofCase(SEED, index)), 'latin1');
    compared += await named(SEED, index, bytes, () => compareRequests(bytes));
  }
  t.diagnostic(`${compared} requests compared`);
  assert.ok(compared > REQUEST_CASES / 2, `only ${compared} requests compared`);
});

test('llhttp reads every response that we accept as we do', async (t) => {
  let compared = 0;
  for (let index = 0; index < RESPONSE_CASES; index += 1) {
    const bytes = Buffer.from(responseStream(SeededRandom.ofCase(SEED, index)), 'latin1');
    const method = ['GET', 'GET', 'HEAD', 'CONNECT'][hashOf(bytes) % 4] ?? 'GET';
    const ours = readResponses([method], [bytes], DEFAULT_HTTP1_LIMITS, true);
    if (!isComparable(method, ours)) continue;
    const text = bytes.toString('latin1');
    await named(SEED, index, bytes, async () =>
      compareResponse(method, ours, await responseByNode(method, bytes), text),
    );
    compared += 1;
  }
  t.diagnostic(`${compared} responses compared`);
  assert.ok(compared > RESPONSE_CASES / 4, `only ${compared} responses compared`);
});
