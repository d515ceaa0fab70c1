/** Request cases: names and values of header fields, odd but legal ones and forged ones. */
import { atMost, CANARY, get, h1, passed, post, type RequestCase, refused } from '../request-case.js';

const NAME = 'RFC 9110 §5.1: field-name = token';
const VALUE = 'RFC 9110 §5.5: field-value';
const KEPT = 'RFC 9110 §5: a legal field reaches the app as it was';

/** A field line that no reader may accept. */
function bad(id: string, line: string, reference: string): RequestCase {
  return h1(`field-${id}`, reference, refused, get(line));
}

/** A name that is no token: the request is refused or the field dropped, as the RFC does not say which. */
function badName(id: string, name: string): RequestCase {
  return h1(`field-${id}`, NAME, atMost(1, { lacks: [name] }), get(`${name}: z`));
}

/** A legal field: it arrives with this value. */
function kept(id: string, name: string, sent: string, value = sent.trim()): RequestCase {
  return h1(
    `field-${id}`,
    KEPT,
    passed(1, { headers: { [name.toLowerCase()]: value } }),
    get(`${name}:${sent}`),
  );
}

export const fieldCases: readonly RequestCase[] = [
  bad('empty-name', ': y', `${NAME} (HAProxy CVE-2023-25725)`),
  bad('empty-name-hides', ':\r\nContent-Length: 5', `${NAME} (HAProxy CVE-2023-25725)`),
  bad('space-in-name', 'X Y: z', NAME),
  bad('space-before-colon', 'X : z', 'RFC 9112 §5.1'),
  bad('tab-before-colon', 'X\t: z', 'RFC 9112 §5.1'),
  badName('parenthesis-in-name', 'X(Y)'),
  badName('slash-in-name', 'X/Y'),
  badName('at-in-name', 'X@Y'),
  badName('quote-in-name', '"X"'),
  badName('bracket-in-name', 'X[0]'),
  badName('equals-in-name', 'X=Y'),
  badName('high-octet-in-name', 'X\xe9'),
  bad('nul-in-name', 'X\x00Y: z', NAME),
  bad('control-in-name', 'X\x01: z', NAME),
  bad('delete-in-name', 'X\x7f: z', NAME),
  bad('no-colon', 'X-Token', 'RFC 9112 §5 (Netty CVE-2019-20444)'),
  bad('only-colons', '::', NAME),
  bad('pseudo', ':path: /canary-{t}', `${NAME}; HTTP/2 pseudo fields are none of HTTP/1.1`),
  bad('nul-in-value', 'X: a\x00b', `${VALUE} (Envoy CVE-2019-9900)`),
  bad('control-in-value', 'X: a\x01b', VALUE),
  bad('escape-in-value', 'X: a\x1b[31mb', `${VALUE}; terminal escapes in logs`),
  bad('delete-in-value', 'X: a\x7fb', VALUE),
  bad('backspace-in-value', 'X: a\x08', VALUE),
  kept('obs-text', 'X-Name', ' caf\xe9 \xff'),
  kept('tab-inside', 'X-Name', ' a\tb'),
  kept('no-space', 'X-Name', 'a'),
  kept('spaces-around', 'X-Name', '   a b  \t '),
  kept('empty-value', 'X-Name', ''),
  kept('only-spaces', 'X-Name', '   '),
  kept('token-characters', "X!#$%&'*+-.^`|~0", ' a'),
  h1(
    'field-underscore-dropped',
    'CGI, WSGI and gunicorn read _ as -, and SCRIPT_NAME routes round the front',
    passed(1, { headers: { script_name: null, x_y: null } }),
    get('SCRIPT_NAME: /pub', 'X_Y: 1'),
  ),
  kept('one-letter', 'X', ' a'),
  kept('colon-in-value', 'X-Name', ' a: b: c'),
  kept('quotes', 'X-Name', ' "a, \\"b\\"'),
  kept('constructor', 'constructor', ' a'),
  kept('has-own-property', 'hasOwnProperty', ' a'),
  kept('long-value', 'X-Name', ` ${'v'.repeat(6000)}`),
  kept('authorization', 'Authorization', ' Basic dXNlcjpwYXNz'),
  kept('if-none-match', 'If-None-Match', ' "a", W/"b"'),
  kept('range', 'Range', ' bytes=0-0,-1'),
  kept('accept-encoding', 'Accept-Encoding', ' gzip;q=1.0, *;q=0'),
  kept('content-type', 'Content-Type', ' multipart/form-data; boundary="a b"'),
  kept('origin', 'Origin', ' null'),
  h1(
    'field-repeated',
    'RFC 9110 §5.3: order of equal names is kept',
    atMost(1),
    get('X-Name: a', 'X-Other: b', 'X-Name: c'),
  ),
  h1(
    'field-repeated-order',
    'RFC 9110 §5.3: equal names stay apart or are joined in order',
    passed(1),
    get('X-Name: a', 'X-Name: b'),
  ),
  h1(
    'field-cookies-two',
    'RFC 6265 §5.4: cookies are joined by semicolons, never commas',
    passed(1, { lacks: ['a=1, b=2', 'a=1,b=2'] }),
    get('Cookie: a=1', 'Cookie: b=2'),
  ),
  h1(
    'field-hundred',
    KEPT,
    passed(1, { headers: { 'x-99': '99' } }),
    get(...Array.from({ length: 90 }, (_, index) => `X-${index + 10}: ${index + 10}`)),
  ),
  h1(
    'field-many',
    'RFC 6585 §5: too many fields',
    atMost(1),
    get(...Array.from({ length: 3000 }, (_, index) => `X-${index}: 1`)),
  ),
  h1(
    'field-value-is-request',
    `${VALUE}; encoded line ends stay encoded`,
    passed(1, { headers: { 'x-name': '%0d%0aGET /canary HTTP/1.1' } }),
    get('X-Name: %0d%0aGET /canary HTTP/1.1'),
  ),
  h1(
    'field-overlong-utf8',
    `${VALUE}; U+560A U+560D must not shrink to CRLF`,
    atMost(1),
    get('X-Name: \xe5\x98\x8a\xe5\x98\x8dGET /canary-{t} HTTP/1.1'),
  ),
  h1(
    'field-s-overlong-crlf',
    `${VALUE}; U+010D U+010A must not shrink to CRLF (Node CVE-2018-12116 class)`,
    atMost(1),
    get('X-Name: \xc4\x8d\xc4\x8aX-Canary: y'),
  ),
  h1(
    'field-after-body',
    'RFC 9112 §6: fields after a body are none',
    { ...atMost(1), min: 1, answers: 2, statuses: [200, 400] },
    `${post(['Content-Length: 5'], 'hello')}X-Late: y\r\n\r\n${CANARY}`,
  ),
];
