/** Hostile-upstream cases: surplus bytes, connections that end at the wrong moment, early answers, clients that go away. */
import { type AnswerStep, ok } from '../../support/oracle-answer.js';
import { either, failed, GET, type HostileCase, POISON, posting, whole } from '../hostile-case.js';

const SURPLUS = 'RFC 9112 §9.2: bytes after a response are never the answer to the next request';
const GONE = 'RFC 9110 §9.2.2, RFC 9112 §9.3.1: a connection that ends before the answer';

const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const close: AnswerStep = { close: true };
const reset: AnswerStep = { reset: true };
const moment: AnswerStep = { pauseMs: 60 };

const surplus: HostileCase[] = [
  either('surplus-two-answers', SURPLUS, 'hello', { send: ok('hello') + ok(POISON) }),
  either('surplus-later', SURPLUS, 'hello', { send: ok('hello') }, moment, { send: ok(POISON) }),
  either('surplus-garbage', SURPLUS, 'hello', { send: `${ok('hello')}garbage${POISON}` }),
  either('surplus-one-octet', SURPLUS, 'hello', { send: `${ok('hello')}x` }),
  either('surplus-crlf', SURPLUS, 'hello', { send: `${ok('hello')}\r\n` }),
  either('surplus-after-chunked', SURPLUS, 'hello', {
    send: `${CHUNKED_HEAD}5\r\nhello\r\n0\r\n\r\n${ok(POISON)}`,
  }),
  either('surplus-longer-than-length', SURPLUS, 'hello', { send: ok('hello').concat(` ${POISON}`) }),
  either('surplus-half-answer', SURPLUS, 'hello', { send: `${ok('hello')}HTTP/1.1 200 OK\r\nContent-Le` }),
  either('surplus-hundred-answers', SURPLUS, 'hello', { send: ok('hello') + ok(POISON).repeat(100) }),
  {
    ...either('surplus-before-body', `${SURPLUS}; two answers while the request is still sent`, 'hello', {
      send: ok('hello') + ok(POISON),
    }),
    request: posting('x'.repeat(20_000)),
  },
  failed(
    'surplus-timeout-408',
    'RFC 9110 §15.5.9: 408 of an idle connection',
    { send: `HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 100\r\n\r\n` },
    close,
  ),
];

const gone: HostileCase[] = [
  { ...failed('gone-at-once', GONE, close), messages: 2 },
  { ...failed('gone-reset', GONE, reset), messages: 2 },
  { ...failed('gone-in-status-line', GONE, { send: 'HTTP/1.1 20' }, close) },
  { ...failed('gone-in-head', GONE, { send: 'HTTP/1.1 200 OK\r\nContent-Le' }, close) },
  {
    ...failed('gone-after-body', `${GONE}; a POST is never sent twice`, { awaitBody: true }, close),
    request: posting('hello'),
  },
  {
    ...failed('gone-in-body', `${GONE}; a POST is never sent twice`, close),
    request: posting('x'.repeat(300_000)),
  },
  {
    ...failed('gone-reset-in-body', `${GONE}; a POST is never sent twice`, reset),
    request: posting('x'.repeat(300_000)),
  },
  { ...failed('never-answers', 'no answer within the limit'), outcome: 'failed' },
  { ...failed('never-answers-post', 'no answer within the limit'), request: posting('hello') },
  {
    ...failed('never-reads', 'neither read nor answered', { deaf: true }),
    request: posting('x'.repeat(12_000_000)),
  },
  {
    ...whole(
      'closes-after-answer',
      'RFC 9112 §9.5: an idle connection closes between requests',
      'hello',
      { send: ok('hello') },
      close,
    ),
  },
  {
    ...whole(
      'resets-after-answer',
      'RFC 9112 §9.5: an idle connection is reset between requests',
      'hello',
      { send: ok('hello') },
      moment,
      reset,
    ),
  },
  {
    ...whole(
      'closes-on-reuse',
      'RFC 9112 §9.3.1: a reused connection ends; a GET is sent again',
      'hello',
      { closeOnReuse: true },
      { send: ok('hello') },
    ),
  },
  {
    ...whole(
      'closes-on-reuse-post',
      'RFC 9112 §9.3.1: a reused connection ends; a POST is not sent again',
      'hello',
      { closeOnReuse: true },
      { send: ok('hello') },
    ),
    next: 'post',
  },
  whole(
    'says-close',
    'RFC 9112 §9.6: Connection: close',
    'hello',
    { send: ok('hello', 'Connection: close\r\n') },
    close,
  ),
  whole('says-close-stays', 'RFC 9112 §9.6: Connection: close, and the connection stays', 'hello', {
    send: ok('hello', 'Connection: close\r\n'),
  }),
];

const early: HostileCase[] = [
  {
    ...whole(
      'early-413',
      'RFC 9110 §10.1.1, RFC 9112 §9.6: an early answer reaches a client that still sends 10 MB',
      'too large',
      { send: ok('too large').replace('200 OK', '413 Content Too Large') },
      { deaf: true },
    ),
    request: posting('x'.repeat(10_000_000)),
    status: 413,
  },
  {
    ...whole(
      'early-413-close',
      'an early answer, then the connection ends',
      'too large',
      { send: ok('too large', 'Connection: close\r\n').replace('200 OK', '413 Content Too Large') },
      moment,
      close,
    ),
    request: posting('x'.repeat(2_000_000)),
    outcome: 'either',
    status: 413,
  },
  {
    ...whole(
      'early-200-held-body',
      'an early answer to a body that never ends: the upstream connection is not used again',
      'hello',
      { send: ok('hello') },
    ),
    request: posting('x'.repeat(5000), 1000),
    outcome: 'either',
  },
  {
    ...whole(
      'early-large',
      'a large answer while the request is still sent',
      'x'.repeat(500_000),
      { send: 'HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n' },
      { fill: 500_000 },
    ),
    request: posting('x'.repeat(500_000)),
  },
];

const left: HostileCase[] = [
  {
    ...failed('left-waiting', 'the client goes away before the answer: the upstream is let go'),
    request: GET,
    outcome: 'left',
  },
  {
    ...failed(
      'left-in-answer',
      'the client goes away in the answer: the upstream is let go',
      { send: 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n' },
      { fill: 3_000_000 },
    ),
    outcome: 'left',
  },
  {
    ...failed('left-in-stream', 'the client goes away from an event stream', {
      send: `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n`,
    }),
    outcome: 'left',
  },
  {
    ...failed('left-in-body', 'the client goes away in its own body'),
    request: posting('x'.repeat(5000), 1000),
    outcome: 'left',
  },
];

export const hostileConnectionCases: readonly HostileCase[] = [...surplus, ...gone, ...early, ...left];
