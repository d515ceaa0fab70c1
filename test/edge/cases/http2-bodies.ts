/** Request cases over HTTP/2: bodies, their lengths, and trailers. */
import {
  atMost,
  CANARY,
  h2,
  h2Get,
  h2Post,
  neverWhole,
  octets,
  passed,
  type RequestCase,
} from '../request-case.js';

const LENGTH = 'RFC 9113 §8.1.1: Content-Length and DATA agree';
const BODY = 'RFC 9113 §8.1: a body is framed whatever the method (nodejs/node#27880)';
const TRAILERS = 'RFC 9113 §8.1: trailers';

/** The fields with another method. */
function withMethod(method: string, ...more: readonly string[]): string[] {
  return [':method', method, ...h2Get(...more).slice(2)];
}

const lengths: RequestCase[] = [
  h2(
    'h2-length-agrees',
    LENGTH,
    passed(1, { body: 'hello' }),
    { headers: h2Post('content-length', '5'), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-short',
    `${LENGTH} (Netty CVE-2021-21295, Varnish CVE-2021-36740; H2.CL)`,
    neverWhole,
    { headers: h2Post('content-length', '0'), end: false },
    { data: CANARY },
  ),
  h2(
    'h2-length-short-first-frame',
    `${LENGTH} (H2.CL)`,
    neverWhole,
    { headers: h2Post('content-length', '5'), end: false },
    { data: 'hello', end: false },
    { data: CANARY },
  ),
  h2(
    'h2-length-long',
    LENGTH,
    neverWhole,
    { headers: h2Post('content-length', '50'), end: false },
    { data: 'hello' },
  ),
  h2('h2-length-without-body', `${LENGTH} (Netty CVE-2021-21409)`, neverWhole, {
    headers: h2Post('content-length', '5'),
  }),
  h2('h2-length-get-without-body', LENGTH, neverWhole, { headers: h2Get('content-length', '5') }),
  h2('h2-length-zero', LENGTH, passed(1, { body: '' }), { headers: h2Post('content-length', '0') }),
  h2(
    'h2-length-zero-empty-data',
    LENGTH,
    passed(1, { body: '' }),
    { headers: h2Post('content-length', '0'), end: false },
    { data: '' },
  ),
  h2(
    'h2-length-twice',
    LENGTH,
    neverWhole,
    { headers: h2Post('content-length', '5', 'content-length', '6'), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-twice-equal',
    LENGTH,
    atMost(1, { body: 'hello' }),
    { headers: h2Post('content-length', '5', 'content-length', '5'), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-list',
    LENGTH,
    atMost(1, { body: 'hello' }),
    { headers: h2Post('content-length', '5, 5'), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-plus',
    'RFC 9110 §8.6',
    neverWhole,
    { headers: h2Post('content-length', '+5'), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-letters',
    'RFC 9110 §8.6',
    neverWhole,
    { headers: h2Post('content-length', 'five'), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-empty',
    'RFC 9110 §8.6',
    neverWhole,
    { headers: h2Post('content-length', ''), end: false },
    { data: 'hello' },
  ),
  h2(
    'h2-length-overflow',
    'RFC 9110 §8.6; 2^64+5 must not wrap',
    neverWhole,
    { headers: h2Post('content-length', '18446744073709551621'), end: false },
    { data: 'hello' },
  ),
];

const bodies: RequestCase[] = [
  h2(
    'h2-body-get',
    `${BODY} (GET)`,
    atMost(1, { body: CANARY }),
    { headers: h2Get(), end: false },
    { data: CANARY },
  ),
  h2(
    'h2-body-get-length',
    `${BODY} (GET)`,
    atMost(1, { body: CANARY }),
    { headers: h2Get('content-length', String(octets(CANARY))), end: false },
    { data: CANARY },
  ),
  h2(
    'h2-body-head',
    `${BODY} (HEAD)`,
    atMost(1, { body: CANARY }),
    { headers: withMethod('HEAD'), end: false },
    { data: CANARY },
  ),
  h2(
    'h2-body-delete',
    `${BODY} (DELETE)`,
    passed(1, { body: CANARY }),
    { headers: withMethod('DELETE'), end: false },
    { data: CANARY },
  ),
  h2(
    'h2-body-options',
    `${BODY} (OPTIONS)`,
    passed(1, { body: CANARY }),
    { headers: withMethod('OPTIONS'), end: false },
    { data: CANARY },
  ),
  h2('h2-body-post', BODY, passed(1, { body: CANARY }), { headers: h2Post(), end: false }, { data: CANARY }),
  h2(
    'h2-body-chunk-lookalike',
    `${BODY}; octets stay octets`,
    passed(1, { body: `0\r\n\r\n${CANARY}` }),
    { headers: h2Post(), end: false },
    { data: `0\r\n\r\n${CANARY}` },
  ),
  h2('h2-body-get-empty-data', BODY, passed(1, { body: '' }), { headers: h2Get(), end: false }, { data: '' }),
  h2(
    'h2-body-many-frames',
    BODY,
    passed(1, { body: 'abcde' }),
    { headers: h2Post(), end: false },
    ...[...'abcd'].map((data) => ({ data, end: false })),
    { data: 'e' },
  ),
  h2(
    'h2-body-empty-frames',
    BODY,
    passed(1, { body: 'hello' }),
    { headers: h2Post(), end: false },
    { data: '', end: false },
    { data: 'hello', end: false },
    { data: '', end: false },
    { data: '' },
  ),
  h2(
    'h2-body-padded',
    'RFC 9113 §6.1: padding is no content',
    passed(1, { body: 'hello' }),
    { headers: h2Post(), end: false },
    { data: 'hello', padding: 200 },
  ),
  h2(
    'h2-body-reset',
    'RFC 9113 §8.1: a reset request is never whole',
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { reset: 8 },
  ),
  h2(
    'h2-body-gone',
    'RFC 9113 §8.1: the connection ends inside a body',
    { ...neverWhole, cut: true },
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
  ),
  h2(
    'h2-reset-at-once',
    'CVE-2023-44487: request and reset',
    { min: 0, max: 1 },
    { headers: h2Get() },
    { reset: 8 },
  ),
];

const trailers: RequestCase[] = [
  h2(
    'h2-trailers',
    TRAILERS,
    passed(1, { body: 'hello', headers: { 'x-sum': null } }),
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['x-sum', '1'] },
  ),
  h2(
    'h2-trailers-not-last',
    `${TRAILERS} end the stream`,
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['x-sum', '1'], end: false },
  ),
  h2(
    'h2-trailers-pseudo',
    `${TRAILERS} have no pseudo fields`,
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: [':path', '/canary-{t}'] },
  ),
  h2(
    'h2-trailers-crlf',
    'RFC 9113 §8.2.1 in trailers',
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['x-sum', '1\r\nx: y'] },
  ),
  h2(
    'h2-trailers-split',
    'HTTP/2 downgrade: request splitting in trailers',
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['x-sum', `1\r\n\r\n${CANARY}`] },
  ),
  h2(
    'h2-trailers-upper-case',
    'RFC 9113 §8.2.1 in trailers',
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['X-Sum', '1'] },
  ),
  h2(
    'h2-trailers-connection',
    'RFC 9113 §8.2.2 in trailers',
    neverWhole,
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['transfer-encoding', 'chunked'] },
  ),
  h2(
    'h2-trailers-content-length',
    'RFC 9110 §6.5.1: fields that frame are no trailers',
    atMost(1, { body: 'hello' }),
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['content-length', '0'] },
  ),
  h2(
    'h2-trailers-host',
    'RFC 9110 §6.5.1: fields that route are no trailers',
    atMost(1, { headers: { host: 'localhost' }, lacks: ['evil.test'] }),
    { headers: h2Post(), end: false },
    { data: 'hello', end: false },
    { headers: ['host', 'evil.test'] },
  ),
];

export const http2BodyCases: readonly RequestCase[] = [...lengths, ...bodies, ...trailers];
