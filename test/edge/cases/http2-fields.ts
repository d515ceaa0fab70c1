/** Request cases over HTTP/2: fields and pseudo fields that an HTTP/1.1 upstream would read as something else. */
import {
  type Arrival,
  atMost,
  h2,
  h2Get,
  h2Post,
  passed,
  type RequestCase,
  refused,
} from '../request-case.js';

const FIELD = 'RFC 9113 §8.2.1: field validity';
const PSEUDO = 'RFC 9113 §8.3: pseudo fields';
const DOWNGRADE = 'HTTP/2 downgrade (Kettle 2021)';
const INJECTED = '\r\nHost: {host}\r\n\r\nGET /canary-{t} HTTP/1.1\r\nX-Case: {t}';

/** A malformed field: the stream is refused. */
function badField(id: string, name: string, value: string, reference = FIELD): RequestCase {
  return h2(`h2-field-${id}`, reference, refused, { headers: h2Get(name, value) });
}

/** A GET with this pseudo field in place of its own. */
function replaced(name: string, value: string): string[] {
  const fields = h2Get('x-case', '{t}');
  return fields.map((text, index) => (index % 2 === 1 && fields[index - 1] === name ? value : text));
}

function badPseudo(id: string, name: string, value: string, reference = PSEUDO): RequestCase {
  return h2(`h2-pseudo-${id}`, reference, refused, { headers: replaced(name, value) });
}

function goodPath(id: string, value: string, arrives: Arrival = { target: value }): RequestCase {
  return h2(`h2-path-${id}`, 'RFC 9113 §8.3.1: the path reaches the app as it was sent', passed(1, arrives), {
    headers: replaced(':path', value),
  });
}

/** The fields without one pseudo field. */
function without(name: string): string[] {
  const fields = h2Get('x-case', '{t}');
  return fields.filter((_, index) => fields[index - (index % 2)] !== name);
}

const fields: RequestCase[] = [
  badField('crlf', 'x-name', 'a\r\nx-injected: y', `${DOWNGRADE}: CRLF in a value`),
  badField('crlf-request', 'x-name', `a${INJECTED}`, `${DOWNGRADE}: request splitting in a value`),
  badField(
    'crlf-te',
    'x-name',
    'a\r\nTransfer-Encoding: chunked',
    `${DOWNGRADE}: H2.TE in a value (Netflix, CVE-2021-21295 class)`,
  ),
  badField('lf', 'x-name', 'a\nb'),
  badField('cr', 'x-name', 'a\rb'),
  badField('nul', 'x-name', 'a\x00b', `${FIELD} (Envoy CVE-2019-9900)`),
  badField('space-first', 'x-name', ' a'),
  badField('space-last', 'x-name', 'a '),
  badField('tab-first', 'x-name', '\ta'),
  badField('name-crlf', 'x-name: a\r\nx-injected', 'b', `${DOWNGRADE}: CRLF in a name`),
  badField('name-crlf-request', `x: a${INJECTED}\r\nx`, 'b', `${DOWNGRADE}: request splitting in a name`),
  badField('name-colon', 'x-name: a', 'b', `${DOWNGRADE}: colon in a name`),
  badField('name-te-colon', 'transfer-encoding: chunked', '', `${DOWNGRADE}: colon in a name`),
  badField('name-upper-case', 'X-Name', 'a'),
  badField('name-te-upper-case', 'Transfer-Encoding', 'chunked', `${DOWNGRADE}: upper case past a filter`),
  badField('name-space', 'x name', 'a'),
  badField('name-space-last', 'transfer-encoding ', 'chunked', `${DOWNGRADE}: a space past a filter`),
  badField('name-empty', '', 'a'),
  badField('name-nul', 'x\x00name', 'a'),
  badField('name-high-octet', 'x-\xe9', 'a'),
  badField('name-lf', 'x\n', 'a'),
  badField('te-chunked', 'transfer-encoding', 'chunked', `${DOWNGRADE}: H2.TE`),
  badField('te-identity', 'transfer-encoding', 'identity', 'RFC 9113 §8.2.2'),
  h2(
    'h2-field-te-chunked-body',
    `${DOWNGRADE}: H2.TE with a body`,
    refused,
    { headers: h2Post('transfer-encoding', 'chunked'), end: false },
    { data: '0\r\n\r\nGET /canary-{t} HTTP/1.1\r\nHost: {host}\r\nX-Case: {t}\r\n\r\n' },
  ),
  h2(
    'h2-field-obs-text',
    'RFC 9110 §5.5: obs-text is legal',
    passed(1, { headers: { 'x-name': 'caf\xe9' } }),
    { headers: h2Get('x-name', 'caf\xe9') },
  ),
  h2('h2-field-tab-inside', 'RFC 9110 §5.5', passed(1, { headers: { 'x-name': 'a\tb' } }), {
    headers: h2Get('x-name', 'a\tb'),
  }),
  h2('h2-field-empty-value', 'RFC 9110 §5.5', passed(1, { headers: { 'x-name': '' } }), {
    headers: h2Get('x-name', ''),
  }),
  h2('h2-field-control', 'RFC 9110 §5.5: control characters', refused, {
    headers: h2Get('x-name', 'a\x01b'),
  }),
  h2('h2-field-delete', 'RFC 9110 §5.5: control characters', refused, { headers: h2Get('x-name', 'a\x7fb') }),
  h2('h2-field-token-characters', 'RFC 9110 §5.1', passed(1, { headers: { "x!#$%&'*+-.^`|~0": 'a' } }), {
    headers: h2Get("x!#$%&'*+-.^`|~0", 'a'),
  }),
  h2('h2-field-underscore-length', 'content_length is another field', atMost(1), {
    headers: h2Get('content_length', '5'),
  }),
  h2(
    'h2-cookie-crumbs',
    'RFC 9113 §8.2.3: cookie crumbs are joined by semicolons',
    passed(1, { headers: { cookie: 'a=1; b=2; c=3' } }),
    { headers: h2Get('cookie', 'a=1', 'x-name', 'y', 'cookie', 'b=2', 'cookie', 'c=3') },
  ),
  h2('h2-cookie-two-hundred', 'RFC 9113 §8.2.3', atMost(1), {
    headers: h2Get(...Array.from({ length: 200 }, (_, index) => ['cookie', `c${index}=1`]).flat()),
  }),
  h2(
    'h2-expect',
    'RFC 9110 §10.1.1: Expect over HTTP/2',
    passed(1, { body: 'hello' }),
    { headers: h2Post('expect', '100-continue'), end: false },
    { data: 'hello' },
  ),
  h2('h2-range-etag', 'RFC 9110 §5', passed(1, { headers: { range: 'bytes=0-1', 'if-range': '"a"' } }), {
    headers: h2Get('range', 'bytes=0-1', 'if-range', '"a"'),
  }),
];

const pseudo: RequestCase[] = [
  h2('h2-pseudo-no-method', PSEUDO, refused, { headers: without(':method') }),
  h2('h2-pseudo-no-path', PSEUDO, refused, { headers: without(':path') }),
  h2('h2-pseudo-no-scheme', PSEUDO, refused, { headers: without(':scheme') }),
  h2('h2-pseudo-method-twice', PSEUDO, refused, { headers: [':method', 'POST', ...h2Get('x-case', '{t}')] }),
  h2('h2-pseudo-path-twice', PSEUDO, refused, {
    headers: [':path', '/canary-{t}', ...h2Get('x-case', '{t}')],
  }),
  h2('h2-pseudo-authority-twice', PSEUDO, refused, {
    headers: [':authority', 'evil.test', ...h2Get('x-case', '{t}')],
  }),
  h2('h2-pseudo-scheme-twice', PSEUDO, refused, { headers: [':scheme', 'http', ...h2Get('x-case', '{t}')] }),
  h2('h2-pseudo-unknown', PSEUDO, refused, { headers: [':foo', 'bar', ...h2Get('x-case', '{t}')] }),
  h2('h2-pseudo-status', `${PSEUDO}; :status is for responses`, refused, {
    headers: [':status', '200', ...h2Get('x-case', '{t}')],
  }),
  h2('h2-pseudo-after-regular', PSEUDO, refused, { headers: ['x-case', '{t}', ...h2Get()] }),
  h2('h2-pseudo-path-last', `${PSEUDO}; :path after a regular field`, refused, {
    headers: [...without(':path'), ':path', '/canary-{t}'],
  }),
  h2('h2-pseudo-upper-case', PSEUDO, refused, { headers: [':Path', '/canary-{t}', ...without(':path')] }),
  badPseudo('path-empty', ':path', ''),
  badPseudo('path-relative', ':path', 'a/{t}'),
  badPseudo('path-asterisk-get', ':path', '*'),
  badPseudo('path-absolute', ':path', 'https://evil.test/{t}'),
  badPseudo('path-space', ':path', '/{t} /admin', `${PSEUDO} (Varnish CVE-2022-45060, Envoy CVE-2023-27491)`),
  badPseudo(
    'path-request-line',
    ':path',
    '/canary-{t} HTTP/1.1\r\nX: y',
    `${DOWNGRADE}: request line in :path (Envoy CVE-2023-27491)`,
  ),
  badPseudo('path-version', ':path', '/{t} HTTP/1.0', `${DOWNGRADE}: version in :path`),
  badPseudo('path-split', ':path', `/{t} HTTP/1.1${INJECTED}`, `${DOWNGRADE}: request splitting in :path`),
  badPseudo('path-tab', ':path', '/{t}\t'),
  badPseudo('path-lf', ':path', '/{t}\n'),
  badPseudo('path-nul', ':path', '/{t}\x00'),
  badPseudo('path-fragment', ':path', '/{t}#fragment', `${PSEUDO}: no fragment (HAProxy CVE-2023-45539)`),
  badPseudo('path-high-octet', ':path', '/{t}\xe9'),
  badPseudo('path-query-only', ':path', '?{t}'),
  badPseudo('method-empty', ':method', ''),
  badPseudo(
    'method-space',
    ':method',
    'GET /canary-{t} HTTP/1.1',
    'Apache CVE-2021-33193: request splitting in :method',
  ),
  badPseudo(
    'method-split',
    ':method',
    `GET /canary-{t} HTTP/1.1${INJECTED}`,
    'Apache CVE-2021-33193: request splitting in :method',
  ),
  badPseudo('method-lf', ':method', 'GET\n'),
  badPseudo('method-nul', ':method', 'G\x00T'),
  badPseudo('method-parenthesis', ':method', 'GE(T'),
  h2('h2-pseudo-method-lower-case', 'RFC 9110 §9.1: case counts', atMost(1, { method: 'get' }), {
    headers: replaced(':method', 'get'),
  }),
  h2('h2-pseudo-method-custom', 'RFC 9110 §9.1', passed(1, { method: 'PROPFIND' }), {
    headers: replaced(':method', 'PROPFIND'),
  }),
  h2(
    'h2-pseudo-scheme-http',
    'RFC 9113 §8.3.1: another scheme',
    atMost(1, { headers: { 'x-forwarded-proto': 'https' } }),
    { headers: replaced(':scheme', 'http') },
  ),
  badPseudo('scheme-empty', ':scheme', ''),
  badPseudo('scheme-url', ':scheme', 'https://evil.test/?', `${DOWNGRADE}: URL in :scheme`),
  badPseudo('scheme-crlf', ':scheme', `https${INJECTED}`, `${DOWNGRADE}: request splitting in :scheme`),
  badPseudo('scheme-space', ':scheme', 'http s'),
];

const AUTHORITY = 'RFC 9113 §8.3.1: :authority';
const onlyLocalhost: Arrival = {
  headers: { host: 'localhost', 'x-forwarded-host': 'localhost' },
  lacks: ['evil.test'],
};

const authority: RequestCase[] = [
  h2('h2-authority-and-host', AUTHORITY, passed(1, onlyLocalhost), { headers: h2Get('host', '{host}') }),
  h2('h2-authority-host-differs', `${AUTHORITY} and Host differ`, atMost(1, onlyLocalhost), {
    headers: h2Get('host', 'evil.test'),
  }),
  h2('h2-authority-host-twice', `${AUTHORITY}; two Host fields`, atMost(1, onlyLocalhost), {
    headers: h2Get('host', '{host}', 'host', 'evil.test'),
  }),
  h2('h2-authority-host-only', `${AUTHORITY} may be left out beside Host`, passed(1, onlyLocalhost), {
    headers: [...without(':authority'), 'host', '{host}'],
  }),
  h2('h2-authority-missing', `${AUTHORITY}; neither it nor Host`, refused, {
    headers: without(':authority'),
  }),
  badPseudo('authority-empty', ':authority', '', `${AUTHORITY} of an https URI is not empty`),
  badPseudo('authority-userinfo', ':authority', 'user@{host}', `${AUTHORITY} has no userinfo`),
  badPseudo('authority-space', ':authority', '{host} evil.test', AUTHORITY),
  badPseudo('authority-comma', ':authority', '{host},evil.test', AUTHORITY),
  badPseudo('authority-path', ':authority', '{host}/evil.test', AUTHORITY),
  badPseudo('authority-port-letters', ':authority', '{host}:abc', AUTHORITY),
  badPseudo('authority-crlf', ':authority', '{host}\r\nX-Injected: y', `${DOWNGRADE}: CRLF in :authority`),
  badPseudo(
    'authority-split',
    ':authority',
    `{host}${INJECTED}`,
    `${DOWNGRADE}: request splitting in :authority`,
  ),
  badPseudo('authority-nul', ':authority', '{host}\x00', AUTHORITY),
  badPseudo('authority-fragment', ':authority', '{host}#evil.test', AUTHORITY),
  badPseudo('authority-bracket', ':authority', '[', AUTHORITY),
  h2('h2-authority-port', AUTHORITY, passed(1, { headers: { host: 'localhost:8443' } }), {
    headers: replaced(':authority', '{host}:8443'),
  }),
  h2('h2-connect', 'RFC 9113 §8.5: a gateway is no tunnel', refused, {
    headers: [':method', 'CONNECT', ':authority', '{host}:443', 'x-case', '{t}'],
  }),
  h2('h2-connect-with-path', 'RFC 9113 §8.5: CONNECT has no :path', refused, {
    headers: replaced(':method', 'CONNECT'),
  }),
  h2('h2-connect-unknown-protocol', 'RFC 8441 §4: unknown :protocol', refused, {
    headers: [...replaced(':method', 'CONNECT').slice(0, 8), ':protocol', 'evil', 'x-case', '{t}'],
    end: false,
  }),
  h2('h2-protocol-on-get', 'RFC 8441 §4: :protocol belongs to CONNECT', refused, {
    headers: [...h2Get(), ':protocol', 'websocket', 'x-case', '{t}'],
  }),
];

const paths: RequestCase[] = [
  goodPath('plain', '/{t}'),
  goodPath('double-slash', '//evil.test/{t}', { target: '//evil.test/{t}', headers: { host: 'localhost' } }),
  goodPath('dots', '/a/../{t}'),
  goodPath('encoded', '/a%2F..%2f{t}%0d%0a'),
  goodPath('query', '/{t}?a=b?c&d=/../'),
  goodPath('query-empty', '/{t}?'),
  goodPath('long', `/{t}/${'p'.repeat(5000)}`),
  h2('h2-path-asterisk', 'RFC 9113 §8.3.1: OPTIONS *', passed(1, { method: 'OPTIONS', target: '*' }), {
    headers: replaced(':path', '*').map((text) => (text === 'GET' ? 'OPTIONS' : text)),
  }),
  h2('h2-path-browser-characters', 'no URI, but browsers send it', atMost(1, { target: '/{t}?a=[b]|{c}' }), {
    headers: replaced(':path', '/{t}?a=[b]|{c}'),
  }),
];

export const http2FieldCases: readonly RequestCase[] = [...fields, ...pseudo, ...authority, ...paths];
