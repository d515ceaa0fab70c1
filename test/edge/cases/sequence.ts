/** Request cases: several requests on a connection, HTTP/1.0, Connection: close, and Expect. */
import {
  atMost,
  CANARY,
  chunked,
  get,
  h1,
  octets,
  passed,
  post,
  type RequestCase,
  refused,
} from '../request-case.js';

const PIPELINE = 'RFC 9112 §9.3.2: pipelined requests are answered in order';
const CLOSE = 'RFC 9112 §9.6: nothing is processed after Connection: close';
const OLD = 'RFC 9112 §9.3, §6.1: HTTP/1.0';
const EXPECT = 'RFC 9110 §10.1.1: Expect';

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => get().replace('{t}', `{t}-${index}`)).join('');
}

function old(rest: string, ...lines: readonly string[]): string {
  return ['GET /{t} HTTP/1.0', 'Host: {host}', ...lines, '', rest].join('\r\n');
}

const pipelines: RequestCase[] = [
  h1('pipeline-two', PIPELINE, passed(2), numbered(2)),
  h1('pipeline-ten', PIPELINE, passed(10), numbered(10)),
  h1('pipeline-hundred', PIPELINE, passed(100), numbered(100)),
  h1(
    'pipeline-across-packets',
    PIPELINE,
    passed(3),
    numbered(3).slice(0, 50),
    numbered(3).slice(50, 70),
    numbered(3).slice(70),
  ),
  h1('pipeline-post-get', PIPELINE, passed(2), post(['Content-Length: 5'], 'hello') + get()),
  h1('pipeline-chunked-get', PIPELINE, passed(2), chunked('5\r\nhello\r\n0\r\n\r\n') + get()),
  h1('pipeline-chunked-get-one-cut', PIPELINE, passed(2), chunked('5\r\nhello\r\n0\r\n'), `\r\n${get()}`),
  h1('pipeline-trailers-get', PIPELINE, passed(2), chunked('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n') + get()),
  h1(
    'pipeline-head-get',
    'RFC 9110 §9.3.2: HEAD has no body, the next answer follows',
    { ...passed(2), methods: ['HEAD', 'GET'] },
    get().replace('GET', 'HEAD') + get(),
  ),
  h1(
    'pipeline-get-bad',
    `${PIPELINE}; the second is malformed`,
    { min: 1, max: 1, answers: 2, statuses: [200, 400, 505] },
    `${get()}GET /{t} HTTP/9.9.9\r\n\r\n`,
  ),
  h1(
    'pipeline-bad-get',
    'RFC 9112 §2.2: after a malformed request the stream is lost',
    refused,
    `GET /{t}\x00 HTTP/1.1\r\nHost: {host}\r\n\r\n${CANARY}`,
  ),
  h1(
    'pipeline-bad-host-get',
    'RFC 9112 §3.2: after 400 the stream is lost',
    refused,
    `GET /{t} HTTP/1.1\r\n\r\n${CANARY}`,
  ),
  h1(
    'pipeline-half-second',
    PIPELINE,
    { ...passed(1), answers: 2, statuses: [200, 400, 408] },
    `${get()}GET /{t} HT`,
  ),
];

const closes: RequestCase[] = [
  h1('close-then-request', CLOSE, passed(1), get('Connection: close') + CANARY),
  h1('close-in-list-then-request', CLOSE, passed(1), get('Connection: x-foo, Close') + CANARY),
  h1(
    'close-and-keep-alive',
    `${CLOSE}; close wins`,
    passed(1),
    get('Connection: close, keep-alive') + CANARY,
  ),
  h1(
    'close-two-fields',
    `${CLOSE}; in the second field`,
    passed(1),
    get('Connection: keep-alive', 'Connection: close') + CANARY,
  ),
  h1(
    'close-after-body',
    CLOSE,
    passed(1, { body: 'hello' }),
    post(['Connection: close', 'Content-Length: 5'], 'hello') + CANARY,
  ),
  h1(
    'close-after-chunked',
    CLOSE,
    passed(1, { body: 'hello' }),
    chunked(`5\r\nhello\r\n0\r\n\r\n${CANARY}`, 'Connection: close'),
  ),
];

const olds: RequestCase[] = [
  h1('http10-get', OLD, passed(1), old('')),
  h1('http10-then-request', `${OLD}: closed after one request`, passed(1), old(CANARY)),
  h1('http10-without-host', `${OLD}: Host is not required`, atMost(1), 'GET /{t} HTTP/1.0\r\n\r\n'),
  h1(
    'http10-keep-alive',
    `${OLD}: keep-alive on request`,
    { ...atMost(2), min: 1 },
    old(get().replace('{t}', '{t}-2'), 'Connection: keep-alive'),
  ),
  h1(
    'http10-post-length',
    OLD,
    passed(1, { body: 'hello' }),
    old('hello', 'Content-Length: 5').replace('GET', 'POST'),
  ),
  h1(
    'http10-post-without-length',
    `${OLD}: no length, no body`,
    atMost(1, { body: '' }),
    old(CANARY).replace('GET', 'POST'),
  ),
  h1(
    'http10-chunked',
    `${OLD} with Transfer-Encoding is faulty framing (Pingora CVE-2026-2835 class)`,
    atMost(1),
    old(`5\r\nhello\r\n0\r\n\r\n${CANARY}`, 'Transfer-Encoding: chunked').replace('GET', 'POST'),
  ),
  h1(
    'http10-chunked-keep-alive',
    `${OLD} with Transfer-Encoding is faulty framing`,
    atMost(1),
    old(`0\r\n\r\n${CANARY}`, 'Transfer-Encoding: chunked', 'Connection: keep-alive').replace('GET', 'POST'),
  ),
  h1(
    'http10-chunked-and-length',
    `${OLD} with both`,
    atMost(1),
    old(
      `0\r\n\r\n${CANARY}`,
      'Transfer-Encoding: chunked',
      'Content-Length: 5',
      'Connection: keep-alive',
    ).replace('GET', 'POST'),
  ),
  h1('http10-two-hosts', 'RFC 9112 §3.2', refused, old('', 'Host: evil.test')),
  h1(
    'http10-expect',
    'RFC 9110 §10.1.1: 100-continue is ignored in HTTP/1.0',
    passed(1, { body: 'hello' }),
    old('hello', 'Content-Length: 5', 'Expect: 100-continue').replace('GET', 'POST'),
  ),
];

const expects: RequestCase[] = [
  h1(
    'expect-continue',
    EXPECT,
    passed(1, { body: 'hello' }),
    post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'expect-continue-later-body',
    EXPECT,
    passed(1, { body: 'hello' }),
    post(['Expect: 100-continue', 'Content-Length: 5'], ''),
    'hello',
  ),
  h1(
    'expect-continue-chunked',
    EXPECT,
    passed(1, { body: 'hello' }),
    chunked('', 'Expect: 100-continue'),
    '5\r\nhello\r\n0\r\n\r\n',
  ),
  h1(
    'expect-mixed-case',
    EXPECT,
    passed(1, { body: 'hello' }),
    post(['Expect: 100-Continue', 'Content-Length: 5'], 'hello'),
  ),
  h1('expect-on-get', `${EXPECT}; no body follows`, passed(1), get('Expect: 100-continue')),
  h1(
    'expect-on-get-pipelined',
    `${EXPECT} (HTTP/1.1 must die, 2025)`,
    passed(2),
    get('Expect: 100-continue') + get(),
  ),
  h1(
    'expect-unknown',
    `${EXPECT}; 417 or passed on`,
    { ...atMost(1), answers: 1 },
    post(['Expect: y', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'expect-unknown-body-is-request',
    `${EXPECT}; a refused body is never read as a request`,
    atMost(1, { body: CANARY }),
    post(['Expect: y', `Content-Length: ${octets(CANARY)}`], CANARY),
  ),
  h1(
    'expect-obfuscated',
    `${EXPECT} (HTTP/1.1 must die, 2025: 0.CL by Expect)`,
    atMost(1, { body: 'hello' }),
    post(['Expect: y 100-continue', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'expect-list',
    EXPECT,
    atMost(1, { body: 'hello' }),
    post(['Expect: 100-continue, y', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'expect-twice',
    EXPECT,
    atMost(1, { body: 'hello' }),
    post(['Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'expect-options-folded',
    'Akamai CVE-2025-32094: OPTIONS, Expect and obs-fold',
    atMost(1, { body: 'hello' }),
    post(['Expect:', ' 100-continue', 'Content-Length: 5'], 'hello').replace('POST', 'OPTIONS'),
  ),
];

export const sequenceCases: readonly RequestCase[] = [...pipelines, ...closes, ...olds, ...expects];
