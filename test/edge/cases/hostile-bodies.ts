/** Hostile-upstream cases: bodies that are cut or malformed. */
import type { AnswerStep } from '../../support/oracle-answer.js';
import { failed, type HostileCase, whole } from '../hostile-case.js';

const CUT = 'RFC 9112 §8: an incomplete response is never ended as if whole';
const CHUNKS = 'RFC 9112 §7.1: chunked coding in a response';

const LENGTH_HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n';
const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const close: AnswerStep = { close: true };
const reset: AnswerStep = { reset: true };
const moment: AnswerStep = { pauseMs: 60 };

const cuts: HostileCase[] = [
  failed('cut-length', `${CUT} (length)`, { send: `${LENGTH_HEAD}hello` }, close),
  failed('cut-length-late', `${CUT} (length, later)`, { send: `${LENGTH_HEAD}hello` }, moment, close),
  failed('cut-length-reset', `${CUT} (length, reset)`, { send: `${LENGTH_HEAD}hello` }, moment, reset),
  failed('cut-length-at-head', `${CUT} (length, no octet)`, { send: LENGTH_HEAD }, moment, close),
  failed(
    'cut-length-last-octet',
    `${CUT} (length, one octet short)`,
    { send: LENGTH_HEAD + 'x'.repeat(99) },
    close,
  ),
  failed(
    'cut-length-large',
    `${CUT} (length, 1 MB of 2)`,
    { send: 'HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n' },
    { fill: 1_000_000 },
    close,
  ),
  failed(
    'cut-chunked',
    `${CUT} (chunked; Caddy and HAProxy end it cleanly over HTTP/2)`,
    { send: `${CHUNKED_HEAD}5\r\nhello\r\n` },
    moment,
    close,
  ),
  failed('cut-chunked-at-once', `${CUT} (chunked)`, { send: `${CHUNKED_HEAD}5\r\nhello\r\n` }, close),
  failed(
    'cut-chunked-in-data',
    `${CUT} (chunked, in a chunk)`,
    { send: `${CHUNKED_HEAD}50\r\nhello` },
    moment,
    close,
  ),
  failed(
    'cut-chunked-in-size',
    `${CUT} (chunked, in a size)`,
    { send: `${CHUNKED_HEAD}5\r\nhello\r\n1` },
    close,
  ),
  failed(
    'cut-chunked-before-end',
    `${CUT} (chunked, last CRLF missing)`,
    { send: `${CHUNKED_HEAD}5\r\nhello\r\n0\r\n` },
    close,
  ),
  failed(
    'cut-chunked-in-trailers',
    `${CUT} (chunked, in the trailers)`,
    { send: `${CHUNKED_HEAD}5\r\nhello\r\n0\r\nX-Sum: ` },
    close,
  ),
  failed(
    'cut-chunked-reset',
    `${CUT} (chunked, reset)`,
    { send: `${CHUNKED_HEAD}5\r\nhello\r\n` },
    moment,
    reset,
  ),
  failed('cut-chunked-at-head', `${CUT} (chunked, no chunk)`, { send: CHUNKED_HEAD }, moment, close),
  failed(
    'cut-until-close-reset',
    `${CUT} (until close, reset)`,
    { send: 'HTTP/1.1 200 OK\r\n\r\nhello' },
    moment,
    reset,
  ),
  failed('cut-post', `${CUT} (after a body)`, { awaitBody: true }, { send: `${LENGTH_HEAD}hello` }, close),
  failed('cut-idle', 'an answer that stops for longer than the idle limit', { send: `${LENGTH_HEAD}hello` }),
];

/** A chunked 200 of which the coding is wrong. */
function chunks(id: string, body: string, ...more: readonly AnswerStep[]): HostileCase {
  return failed(`chunks-${id}`, CHUNKS, { send: CHUNKED_HEAD + body }, ...more);
}

const chunkeds: HostileCase[] = [
  chunks('no-digit', 'g\r\nhello\r\n0\r\n\r\n'),
  chunks('minus', '-5\r\nhello\r\n0\r\n\r\n'),
  chunks('hexadecimal-prefix', '0x5\r\nhello\r\n0\r\n\r\n'),
  chunks('overflow', '10000000000000005\r\nhello\r\n0\r\n\r\n'),
  chunks('empty-size', '\r\nhello\r\n0\r\n\r\n'),
  chunks('no-crlf-after-data', '5\r\nhelloXX0\r\n\r\n'),
  chunks('longer-data', '5\r\nhello world\r\n0\r\n\r\n'),
  chunks('endless-size', '0'.repeat(300_000)),
  chunks('endless-extension', `5;${'a'.repeat(300_000)}`),
  chunks('trailer-malformed', '5\r\nhello\r\n0\r\nX-Sum : 1\r\n\r\n'),
  { ...chunks('bare-lf', '5\nhello\n0\n\n', close), outcome: 'either', status: 200, body: 'hello' },
  {
    ...chunks('trailer-framing', '5\r\nhello\r\n0\r\nContent-Length: 9\r\nSet-Cookie: a=1\r\n\r\n'),
    outcome: 'either',
    status: 200,
    body: 'hello',
    lacks: ['set-cookie'],
  },
  {
    ...chunks('trailers-large', `5\r\nhello\r\n0\r\nX: ${'v'.repeat(400_000)}\r\n\r\n`),
    outcome: 'either',
    status: 200,
    body: 'hello',
  },
  whole('chunks-extension', CHUNKS, 'hello', { send: `${CHUNKED_HEAD}5;a=b\r\nhello\r\n0\r\n\r\n` }),
  whole(
    'chunks-dripping',
    CHUNKS,
    'xxxxxxxxxx',
    { send: `${CHUNKED_HEAD}a\r\n` },
    { drip: 10, everyMs: 5 },
    { send: '\r\n0\r\n\r\n' },
  ),
  whole('chunks-trailers', 'RFC 9110 §6.5: trailers', 'hello', {
    send: `${CHUNKED_HEAD}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`,
  }),
  whole(
    'until-close',
    'RFC 9112 §6.3: a body until the close',
    'hello',
    { send: 'HTTP/1.1 200 OK\r\n\r\nhello' },
    moment,
    close,
  ),
  whole(
    'until-close-http10',
    'RFC 9112 §6.3: HTTP/1.0',
    'hello',
    { send: 'HTTP/1.0 200 OK\r\n\r\nhello' },
    close,
  ),
  whole(
    'length-dripping',
    'RFC 9112 §6.3',
    'xxxxxxxxxx',
    { send: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n' },
    { drip: 10, everyMs: 5 },
  ),
];

export const hostileBodyCases: readonly HostileCase[] = [...cuts, ...chunkeds];
