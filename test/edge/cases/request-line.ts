/** Request cases: method, target and version on the request line, and paths that a router must not rewrite. */
import { type Arrival, atMost, CANARY, get, h1, passed, type RequestCase, refused } from '../request-case.js';

const LINE = 'RFC 9112 §3: method SP request-target SP HTTP-version';
const TARGET = 'RFC 9112 §3.2: request-target';
const METHOD = 'RFC 9110 §9.1: method = token';
const VERSION = 'RFC 9112 §2.3: HTTP-version';
const PATH = 'RFC 9112 §3.2.1, RFC 3986: the path reaches the app as it was sent';

/** `line` in place of the request line; the token stands in a field as well. */
function line(text: string): string {
  return `${text}\r\nHost: {host}\r\nX-Case: {t}\r\n\r\n`;
}

function badLine(id: string, text: string, reference = LINE): RequestCase {
  return h1(`line-${id}`, reference, refused, line(text));
}

/** The target arrives unchanged. */
function path(id: string, target: string): RequestCase {
  return h1(`path-${id}`, PATH, passed(1, { target }), line(`GET ${target} HTTP/1.1`));
}

/** No URI, but one that browsers or apps send: refused or unchanged. */
function oddPath(id: string, target: string, reference = TARGET): RequestCase {
  return h1(`path-${id}`, reference, atMost(1, { target }), line(`GET ${target} HTTP/1.1`));
}

function badPath(id: string, target: string, reference = TARGET): RequestCase {
  return h1(`path-${id}`, reference, refused, line(`GET ${target} HTTP/1.1`));
}

function method(name: string, arrives: Arrival = { method: name }): RequestCase {
  return h1(`method-${name.toLowerCase()}`, METHOD, passed(1, arrives), line(`${name} /{t} HTTP/1.1`));
}

const lines: RequestCase[] = [
  h1(
    'line-two-spaces',
    `${LINE}; lenient readers split at whitespace`,
    atMost(1, { target: '/{t}' }),
    line('GET  /{t} HTTP/1.1'),
  ),
  h1('line-two-spaces-version', LINE, atMost(1, { target: '/{t}' }), line('GET /{t}  HTTP/1.1')),
  h1('line-tab', LINE, atMost(1, { target: '/{t}' }), line('GET\t/{t} HTTP/1.1')),
  h1('line-tab-version', LINE, atMost(1, { target: '/{t}' }), line('GET /{t}\tHTTP/1.1')),
  h1('line-space-last', LINE, atMost(1, { target: '/{t}' }), line('GET /{t} HTTP/1.1 ')),
  badLine('space-first', ' GET /{t} HTTP/1.1'),
  badLine('vertical-tab', 'GET\x0b/{t}\x0bHTTP/1.1'),
  badLine('form-feed', 'GET /{t}\x0cHTTP/1.1'),
  badLine('nul', 'GET /{t}\x00 HTTP/1.1'),
  badLine('no-version', 'GET /{t}', `${VERSION}; HTTP/0.9 is not served`),
  badLine('version-0.9', 'GET /{t} HTTP/0.9', VERSION),
  badLine('version-two-digits', 'GET /{t} HTTP/1.10', VERSION),
  badLine('version-leading-zero', 'GET /{t} HTTP/01.1', VERSION),
  badLine('version-lower-case', 'GET /{t} http/1.1', VERSION),
  badLine('version-comma', 'GET /{t} HTTP/1,1', VERSION),
  badLine('version-plus', 'GET /{t} HTTP/+1.1', VERSION),
  badLine('version-2.0', 'GET /{t} HTTP/2.0', VERSION),
  badLine('version-3', 'GET /{t} HTTP/3', VERSION),
  badLine('version-letters', 'GET /{t} HTTP/x.y', VERSION),
  badLine('version-suffix', 'GET /{t} HTTP/1.1x', VERSION),
  badLine('version-nul', 'GET /{t} HTTP/1.1\x00', VERSION),
  badLine('version-inner-space', 'GET /{t} HTTP /1.1', VERSION),
  badLine('version-other-protocol', 'GET /{t} ICAP/1.1', VERSION),
  badLine('version-rtsp', 'GET /{t} RTSP/1.0', VERSION),
  h1(
    'line-version-1.2',
    `${VERSION}; a higher minor version is served as 1.1 or refused`,
    atMost(1),
    line('GET /{t} HTTP/1.2'),
  ),
  badLine('version-twice', 'GET /{t} HTTP/1.1 HTTP/1.1', `${LINE}; the target would hold a space`),
  badLine('only-method', 'GET'),
  badLine('no-method', '/{t} HTTP/1.1'),
  badLine('empty', ' ', LINE),
  h1(
    'line-http2-preface',
    'RFC 9113 §3.4: a preface is no HTTP/1.1 request',
    refused,
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${CANARY}`,
  ),
  h1(
    'line-tls-bytes',
    'bytes of another protocol',
    refused,
    `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03{t}\r\n\r\n`,
  ),
  h1('line-garbage', 'bytes of another protocol', refused, '\x00\xff\xfe{t}\r\n\r\n'),
];

const methods: RequestCase[] = [
  method('PUT'),
  method('DELETE'),
  method('PATCH'),
  method('OPTIONS'),
  method('PROPFIND'),
  method('M-SEARCH'),
  h1(
    'method-head',
    'RFC 9110 §9.3.2: HEAD gets no body',
    { ...passed(1, { method: 'HEAD' }), methods: ['HEAD'] },
    line('HEAD /{t} HTTP/1.1'),
  ),
  h1('method-lower-case', `${METHOD}; case counts`, atMost(1, { method: 'get' }), line('get /{t} HTTP/1.1')),
  h1(
    'method-odd-token',
    METHOD,
    atMost(1, { method: "G!#$%&'*+-.^_`|~0" }),
    line("G!#$%&'*+-.^_`|~0 /{t} HTTP/1.1"),
  ),
  h1('method-long', `${METHOD}; bounded`, atMost(1), line(`${'A'.repeat(9000)} /{t} HTTP/1.1`)),
  h1(
    'method-trace',
    'RFC 9110 §9.3.8: TRACE may be refused, and never answered with credentials here',
    atMost(1, { method: 'TRACE' }),
    line('TRACE /{t} HTTP/1.1'),
  ),
  h1(
    'method-override',
    "X-HTTP-Method-Override is the app's business",
    passed(1, { method: 'GET', headers: { 'x-http-method-override': 'DELETE' } }),
    get('X-HTTP-Method-Override: DELETE'),
  ),
  badLine('method-parenthesis', 'GE(T /{t} HTTP/1.1', METHOD),
  badLine('method-high-octet', 'G\xc9T /{t} HTTP/1.1', METHOD),
  badLine('method-nul', 'GET\x00 /{t} HTTP/1.1', METHOD),
  badLine('method-colon', 'GET: /{t} HTTP/1.1', METHOD),
  badLine('method-comma', 'GET,POST /{t} HTTP/1.1', METHOD),
  badLine('method-quote', '"GET" /{t} HTTP/1.1', METHOD),
];

const paths: RequestCase[] = [
  path('dots', '/a/../{t}'),
  path('dots-above-root', '/../../{t}'),
  path('dots-encoded', '/a/%2e%2e/{t}'),
  path('dots-half-encoded', '/a/.%2E/{t}'),
  path('dot', '/./{t}/.'),
  path('slashes', '/a//b///{t}//'),
  path('slash-encoded', '/a%2F..%2f{t}'),
  path('backslash-encoded', '/a%5C..%5c{t}'),
  path('percent-encoded-percent', '/%252e%252e/{t}'),
  path('unreserved-encoded', '/%61%7E%2D/{t}'),
  path('parameters', '/a;b=c;d/{t};jsessionid=1'),
  path('sub-delimiters', "/!$&'()*+,;=:@/{t}"),
  path('query-empty', '/{t}?'),
  path('query-questions', '/{t}?a?b??c=d'),
  path('query-url', '/{t}?next=https://evil.test/?a=b&c'),
  path('query-plus', '/{t}?a=b+c%20d'),
  path('query-semicolons', '/{t}?a=1;b=2&;&='),
  path('query-dots', '/{t}?file=../../etc/passwd'),
  path('crlf-encoded', '/{t}?a=%0d%0aX-Injected:%20y'),
  path('utf8-encoded', '/%e2%82%ac/{t}'),
  path('overlong-utf8-encoded', '/%c0%ae%c0%ae/{t}'),
  path('long', `/{t}/${'p'.repeat(5000)}`),
  path('proto', '/__proto__/constructor/{t}'),
  oddPath('nul-encoded', '/{t}%00.html'),
  oddPath('percent-malformed', '/{t}%zz%'),
  oddPath('browser-characters', '/{t}?a=[b]|{c}'),
  oddPath('braces', '/{t}/{id}'),
  oddPath('caret-backtick', '/{t}/^`'),
  oddPath('quote', '/{t}?a="b"'),
  oddPath('backslash', '/{t}\\..\\a'),
  oddPath('angle', '/{t}?<script>'),
  badPath('fragment', '/{t}#fragment', `${TARGET} holds no fragment (HAProxy CVE-2023-45539)`),
  badPath('fragment-hides', '/public#/../canary-{t}', `${TARGET} holds no fragment (HAProxy CVE-2023-45539)`),
  badPath('space', '/{t} /admin', `${TARGET} holds no space (nginx CVE-2013-4547)`),
  badPath('nul', '/{t}\x00.html', TARGET),
  badPath('control', '/{t}\x01', TARGET),
  badPath('delete', '/{t}\x7f', TARGET),
  badPath('high-octet', '/{t}\xe9', `${TARGET} is ASCII`),
  badPath('utf8', '/{t}\xe2\x82\xac', `${TARGET} is ASCII`),
  badPath('relative', '{t}/a', `${TARGET}: origin-form begins with a slash`),
  badPath('dot-relative', '../{t}', `${TARGET}: origin-form begins with a slash`),
  badPath('query-only', '?{t}', `${TARGET}: origin-form begins with a slash`),
  badPath('at-sign', '@evil.test/{t}', `${TARGET}; Apache CVE-2011-3368: joined to the upstream's name`),
  badPath('colon', ':8080/{t}', `${TARGET}; Apache CVE-2011-4317 class`),
];

export const requestLineCases: readonly RequestCase[] = [...lines, ...methods, ...paths];
