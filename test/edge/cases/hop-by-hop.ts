/** Request cases: fields of one connection that end at the front, and Connection used to take other fields away. */
import { atMost, get, h1, h2, h2Get, passed, post, type RequestCase, refused } from '../request-case.js';

const HOP = 'RFC 9110 §7.6.1: Connection and what it lists end here';
const ABUSE = "Connection lists a field that is not the client's to take away";
const gone = { headers: { 'x-foo': null } };

/** The field that the front writes must still be there (Traefik CVE-2024-45410, Apache CVE-2022-31813). */
function writes(name: string, value: string): RequestCase {
  const reference = `${ABUSE} (Traefik CVE-2024-45410, Apache CVE-2022-31813, Go CVE-2021-33197)`;
  return h1(
    `connection-lists-${name}`,
    reference,
    passed(1, { headers: { [name]: value } }),
    get(`Connection: close, ${name}`),
  );
}

export const hopByHopCases: readonly RequestCase[] = [
  h1('hop-connection-listed', HOP, passed(1, gone), get('Connection: x-foo', 'X-Foo: y')),
  h1(
    'hop-connection-listed-after',
    `${HOP}; listed after the field`,
    passed(1, gone),
    get('X-Foo: y', 'Connection: x-foo'),
  ),
  h1('hop-connection-any-case', HOP, passed(1, gone), get('cOnNeCtIoN: X-FOO', 'x-fOo: y')),
  h1(
    'hop-connection-list',
    HOP,
    passed(1, gone),
    get('Connection: keep-alive, x-bar,\t x-foo ,', 'X-Foo: y'),
  ),
  h1(
    'hop-connection-empty-members',
    `${HOP}; empty list members`,
    passed(1, gone),
    get('Connection: ,, x-foo,,', 'X-Foo: y'),
  ),
  h1(
    'hop-connection-two-fields',
    HOP,
    passed(1, gone),
    get('Connection: keep-alive', 'X-Foo: y', 'Connection: x-foo'),
  ),
  h1(
    'hop-connection-repeated-field',
    `${HOP}; every occurrence`,
    passed(1, gone),
    get('Connection: x-foo', 'X-Foo: y', 'X-Foo: z'),
  ),
  h1(
    'hop-connection-empty',
    `${HOP} (Go CVE-2021-33197: an empty first Connection)`,
    passed(1, gone),
    get('Connection:', 'Connection: x-foo', 'X-Foo: y'),
  ),
  h1(
    'hop-connection-prefix',
    `${HOP}; whole names only`,
    passed(1, { headers: { 'x-foobar': 'y' } }),
    get('Connection: x-foo', 'X-Foobar: y'),
  ),
  h1(
    'hop-connection-malformed',
    `${HOP}; a member that is no token`,
    atMost(1),
    get('Connection: x foo, "x"', 'X-Foo: y'),
  ),
  h1(
    'hop-connection-long',
    `${HOP}; many members`,
    atMost(1, gone),
    get(`Connection: ${'a, '.repeat(1500)}x-foo`, 'X-Foo: y'),
  ),
  h1(
    'hop-keep-alive',
    HOP,
    passed(1, { headers: { 'keep-alive': null } }),
    get('Connection: keep-alive', 'Keep-Alive: timeout=600, max=9'),
  ),
  h1(
    'hop-keep-alive-unlisted',
    HOP,
    passed(1, { headers: { 'keep-alive': null } }),
    get('Keep-Alive: timeout=600'),
  ),
  h1(
    'hop-proxy-connection',
    'RFC 9112 appendix C.2.2: Proxy-Connection',
    passed(1, { headers: { 'proxy-connection': null } }),
    get('Proxy-Connection: keep-alive'),
  ),
  h1(
    'hop-te',
    'RFC 9110 §10.1.4: TE ends here',
    passed(1, { lacks: ['gzip'] }),
    get('Connection: TE', 'TE: gzip, trailers;q=0.5'),
  ),
  h1(
    'hop-te-unlisted',
    'RFC 9110 §10.1.4: TE ends here',
    passed(1, { lacks: ['deflate'] }),
    get('TE: deflate'),
  ),
  h1(
    'hop-proxy',
    'httpoxy, CVE-2016-5385: Proxy would become HTTP_PROXY',
    passed(1, { headers: { proxy: null } }),
    get('Proxy: http://evil.test:3128'),
  ),
  writes('x-forwarded-for', '127.0.0.1'),
  writes('x-forwarded-proto', 'https'),
  writes('x-forwarded-host', 'localhost'),
  h1(
    'connection-lists-all',
    ABUSE,
    passed(1, {
      headers: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', host: 'localhost' },
    }),
    get('Connection: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Real-IP, Forwarded, Host, Via'),
  ),
  h1(
    'connection-lists-host',
    ABUSE,
    atMost(1, { headers: { host: 'localhost' } }),
    get('Connection: close, Host'),
  ),
  h1(
    'connection-lists-content-length',
    `${ABUSE}; the body stays framed`,
    atMost(1, { body: 'hello' }),
    post(['Connection: content-length', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'connection-lists-transfer-encoding',
    `${ABUSE}; the body stays framed`,
    atMost(1, { body: 'hello' }),
    post(['Connection: transfer-encoding', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  h1(
    'connection-lists-authorization',
    ABUSE,
    atMost(1),
    get('Connection: authorization', 'Authorization: Basic dXNlcjpwYXNz'),
  ),
  h1('connection-lists-cookie', ABUSE, atMost(1), get('Connection: cookie', 'Cookie: a=1')),
  h1(
    'connection-lists-expect',
    ABUSE,
    atMost(1, { body: 'hello' }),
    post(['Connection: expect', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
  ),
  h2('h2-connection', 'RFC 9113 §8.2.2: Connection is malformed', refused, {
    headers: h2Get('connection', 'close'),
  }),
  h2('h2-connection-lists', 'RFC 9113 §8.2.2: Connection is malformed', refused, {
    headers: h2Get('connection', 'x-forwarded-for'),
  }),
  h2('h2-keep-alive', 'RFC 9113 §8.2.2', refused, { headers: h2Get('keep-alive', 'timeout=5') }),
  h2('h2-proxy-connection', 'RFC 9113 §8.2.2', refused, { headers: h2Get('proxy-connection', 'keep-alive') }),
  h2('h2-te-gzip', 'RFC 9113 §8.2.2: TE other than trailers', refused, { headers: h2Get('te', 'gzip') }),
  h2('h2-te-trailers-list', 'RFC 9113 §8.2.2: TE other than trailers', refused, {
    headers: h2Get('te', 'trailers, gzip'),
  }),
  h2('h2-te-trailers', 'RFC 9113 §8.2.2: TE: trailers', passed(1), { headers: h2Get('te', 'trailers') }),
  h2('h2-proxy', 'httpoxy, CVE-2016-5385', passed(1, { headers: { proxy: null } }), {
    headers: h2Get('proxy', 'http://evil.test:3128'),
  }),
];
