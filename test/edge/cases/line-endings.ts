/** Request cases: line ends other than CRLF, empty lines, and folded lines. */
import {
  atMost,
  CANARY,
  chunked,
  get,
  h1,
  passed,
  post,
  type RequestCase,
  refused,
} from '../request-case.js';

const LINE = 'RFC 9112 §2.2: lines end in CRLF';
const BARE_LF = `${LINE}; a bare LF may be taken for an end (Node CVE-2022-32214)`;
const BARE_CR = `${LINE}; a bare CR is invalid or a space (Node CVE-2023-30589)`;

export const lineEndingCases: readonly RequestCase[] = [
  h1('lf-everywhere', BARE_LF, atMost(1), get().replaceAll('\r\n', '\n')),
  h1('lf-after-request-line', BARE_LF, atMost(1), get().replace('\r\n', '\n')),
  h1('lf-after-field', BARE_LF, atMost(1), get('X: y').replace('y\r\n', 'y\n')),
  h1('lf-crlf-end', BARE_LF, atMost(1), 'GET /{t} HTTP/1.1\r\nHost: {host}\n\r\n'),
  h1('lf-lf-end', BARE_LF, atMost(1), 'GET /{t} HTTP/1.1\r\nHost: {host}\n\n'),
  h1('crlf-lf-end', BARE_LF, atMost(1), 'GET /{t} HTTP/1.1\r\nHost: {host}\r\n\n'),
  h1(
    'lf-splits-head',
    BARE_LF,
    { ...atMost(1), answers: 2 },
    post(['Content-Length: 0', 'X: y\n\nGET /canary-{t} HTTP/1.1'], ''),
  ),
  h1('cr-everywhere', BARE_CR, refused, get().replaceAll('\r\n', '\r')),
  h1('cr-after-field', BARE_CR, atMost(1, { lacks: ['\r'.repeat(3)] }), get('X: y').replace('y\r\n', 'y\r')),
  h1('cr-in-value', BARE_CR, atMost(1), get('X: a\rb')),
  h1('cr-cr-lf', BARE_CR, atMost(1), get('X: a\r')),
  h1(
    'cr-splits-head',
    `${BARE_CR}; CR CR must not end a head`,
    atMost(1),
    post(['Content-Length: 0', 'X: y\r\rGET /canary-{t} HTTP/1.1'], ''),
  ),
  h1('cr-in-name', 'Node CVE-2020-8201: a CR in a name', refused, get('Content\rLength: 5')),
  h1('cr-in-request-line', BARE_CR, refused, get().replace('/{t}', '/{t}\r')),
  h1(
    'head-end-cr-x',
    'Node CVE-2025-23167: CRLF CR X must not end a head',
    refused,
    post(['Content-Length: 0', 'X: y'], '').replace(/\r\n$/, `\rX${CANARY}`),
  ),
  h1('head-end-lf-cr', LINE, refused, `GET /{t} HTTP/1.1\r\nHost: {host}\n\r${CANARY}`),
  h1('nel', 'RFC 9112 §2.2: NEL ends no line', atMost(1), get('X: y\x85Transfer-Encoding: chunked')),
  h1(
    'vertical-tab-line',
    'RFC 9112 §2.2: VT ends no line',
    refused,
    get('X: y\x0bTransfer-Encoding: chunked'),
  ),
  h1(
    'empty-line-first',
    'RFC 9112 §2.2: at least one empty line before the request line is skipped',
    atMost(1),
    `\r\n${get()}`,
  ),
  h1('empty-lines-many', 'RFC 9112 §2.2: empty lines are bounded', atMost(1), '\r\n'.repeat(2000) + get()),
  h1('lf-first', BARE_LF, atMost(1), `\n${get()}`),
  h1('space-line-first', 'RFC 9112 §2.2', refused, ` \r\n${get()}`),
  h1(
    'space-before-first-field',
    'RFC 9112 §2.2: whitespace before the first field is refused or dropped',
    atMost(1, { lacks: ['x-folded'] }),
    'GET /{t} HTTP/1.1\r\n X-Folded: y\r\nHost: {host}\r\n\r\n',
  ),
  h1(
    'space-before-host',
    'RFC 9112 §2.2: whitespace before the first field is refused or dropped',
    refused,
    'GET /{t} HTTP/1.1\r\n Host: {host}\r\n\r\n',
  ),
  h1('fold-space', 'RFC 9112 §5.2: obs-fold is refused or replaced by spaces', atMost(1), get('X: a', ' b')),
  h1('fold-tab', 'RFC 9112 §5.2: obs-fold is refused or replaced by spaces', atMost(1), get('X: a', '\tb')),
  h1('fold-only-space', 'RFC 9112 §5.2: a line of one space', atMost(1), get('X: a', ' ')),
  h1('fold-host', 'RFC 9112 §5.2', atMost(1), 'GET /{t} HTTP/1.1\r\nHost:\r\n {host}\r\n\r\n'),
  h1(
    'fold-hides-length',
    'RFC 9112 §5.2: one reader folds, the next does not',
    atMost(1, { body: '' }),
    `${get('X: a', ' Content-Length: 5')}`,
  ),
  h1(
    'crlf-after-body',
    'RFC 9112 §2.2: an extra CRLF after a body is ignored or refused',
    { ...atMost(2), min: 1, statuses: [200, 400] },
    `${post(['Content-Length: 5'], 'hello')}\r\n${get().replace('{t}', '{t}-2')}`,
  ),
  h1(
    'crlf-after-chunked',
    'RFC 9112 §2.2: an extra CRLF after a body is ignored or refused',
    { ...atMost(2), min: 1, statuses: [200, 400] },
    `${chunked('5\r\nhello\r\n0\r\n\r\n')}\r\n${get().replace('{t}', '{t}-2')}`,
  ),
  h1(
    'head-in-many-packets',
    'RFC 9112 §2.2: a head in packets of one octet',
    passed(1),
    ...'GET /',
    '{t}',
    ...' HTTP/1.1\r\nHost: localhost\r\n\r\n',
  ),
];
