/** Request cases: trailer fields, legal, forbidden and malformed. */
import {
  type Arrival,
  atMost,
  chunked,
  h1,
  neverWhole,
  passed,
  post,
  type RequestCase,
} from '../request-case.js';

const TRAILERS = 'RFC 9110 §6.5: trailers stay apart from the header';
const FORBIDDEN = 'RFC 9110 §6.5.1: fields that frame, route or authenticate are no trailers';
const MALFORMED = 'RFC 9112 §7.1.2: trailer fields are field lines';

function trailers(...lines: readonly string[]): string {
  return chunked(`5\r\nhello\r\n0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
}

/** Refused, or passed on without the field; the oracle calls such a trailer a violation, and the header must not have it either. */
function forbidden(
  name: string,
  value: string,
  arrives: Arrival = { headers: { [name.toLowerCase()]: null } },
): RequestCase {
  return h1(
    `trailer-${name.toLowerCase()}`,
    FORBIDDEN,
    atMost(1, { body: 'hello', ...arrives }),
    trailers(`${name}: ${value}`),
  );
}

const canaryHost: Arrival = { headers: { host: 'localhost' }, lacks: ['evil.test'] };

export const trailerCases: readonly RequestCase[] = [
  h1(
    'trailer-legal',
    TRAILERS,
    passed(1, { body: 'hello', headers: { 'x-sum': null } }),
    trailers('X-Sum: 1'),
  ),
  h1(
    'trailer-announced',
    TRAILERS,
    passed(1, { body: 'hello', headers: { 'x-sum': null } }),
    post(
      ['Transfer-Encoding: chunked', 'Trailer: X-Sum', 'TE: trailers'],
      '5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
    ),
  ),
  h1(
    'trailer-overrides-header',
    TRAILERS,
    passed(1, { headers: { 'x-role': 'user' } }),
    post(['Transfer-Encoding: chunked', 'X-Role: user'], '5\r\nhello\r\n0\r\nX-Role: admin\r\n\r\n'),
  ),
  h1(
    'trailer-many',
    `${TRAILERS}; bounded`,
    atMost(1),
    trailers(...Array.from({ length: 3000 }, (_, index) => `X-${index}: 1`)),
  ),
  h1('trailer-large', `${TRAILERS}; bounded`, atMost(1), trailers(`X-Sum: ${'1'.repeat(300000)}`)),
  forbidden('Content-Length', '0', {}),
  forbidden('Transfer-Encoding', 'chunked', {}),
  forbidden('Host', 'evil.test', canaryHost),
  forbidden('Authorization', 'Basic YTpi'),
  forbidden('Cookie', 'session=1'),
  forbidden('X-Forwarded-For', '6.6.6.6', { lacks: ['6.6.6.6'] }),
  forbidden('Connection', 'close', {}),
  forbidden('Expect', '100-continue'),
  forbidden('TE', 'gzip', { lacks: ['gzip'] }),
  h1('trailer-space-before-colon', MALFORMED, neverWhole, trailers('X-Sum : 1')),
  h1('trailer-no-colon', MALFORMED, neverWhole, trailers('X-Sum')),
  h1('trailer-bare-lf', MALFORMED, neverWhole, trailers('X-Sum: 1\nX-Two: 2')),
  h1('trailer-bare-cr', MALFORMED, neverWhole, trailers('X-Sum: 1\rX-Two: 2')),
  h1('trailer-nul', MALFORMED, neverWhole, trailers('X-Sum: \x001')),
  h1('trailer-empty-name', MALFORMED, neverWhole, trailers(': 1')),
  h1('trailer-folded', `${MALFORMED}; obs-fold`, atMost(1), trailers('X-Sum: 1', ' 2')),
  h1(
    'trailer-is-request',
    `${MALFORMED}; a request line is none`,
    neverWhole,
    trailers('GET /canary-{t} HTTP/1.1', 'Host: {host}'),
  ),
];
