/** Hostile-upstream cases: heads of responses that are malformed, doubled, unasked or endless. */
import { ok } from '../../support/oracle-answer.js';
import { either, failed, GET, HEAD, type HostileCase, POISON, posting, whole } from '../hostile-case.js';

const STATUS = 'RFC 9112 §4: status line';
const FIELDS = 'RFC 9112 §5, RFC 9110 §5: response fields';
const FRAMING = 'RFC 9112 §6.3: response framing';
const INTERIM = 'RFC 9110 §15.2: interim responses';

function raw(...lines: readonly string[]): { send: string } {
  return { send: lines.join('\r\n') };
}

/** A 200 with this status line. */
function statusLine(id: string, line: string): HostileCase {
  return failed(`status-${id}`, STATUS, raw(line, 'Content-Length: 5', '', 'hello'));
}

/** A 200 of five octets with one more field line. */
function field(id: string, line: string, reference = FIELDS): HostileCase {
  return failed(`field-${id}`, reference, raw('HTTP/1.1 200 OK', line, 'Content-Length: 5', '', 'hello'));
}

/** The same where a reader may also repair or drop the field. */
function oddField(id: string, line: string, reference = FIELDS): HostileCase {
  return { ...field(id, line, reference), outcome: 'either', status: 200, body: 'hello' };
}

function framed(id: string, ...lines: readonly string[]): HostileCase {
  return failed(`framing-${id}`, FRAMING, raw('HTTP/1.1 200 OK', ...lines), { pauseMs: 60 }, { close: true });
}

const statusLines: HostileCase[] = [
  statusLine('garbage', 'garbage'),
  statusLine('two-digits', 'HTTP/1.1 20 OK'),
  statusLine('four-digits', 'HTTP/1.1 2000 OK'),
  statusLine('letters', 'HTTP/1.1 abc OK'),
  statusLine('zero', 'HTTP/1.1 000 OK'),
  statusLine('099', 'HTTP/1.1 099 OK'),
  statusLine('minus', 'HTTP/1.1 -20 OK'),
  statusLine('no-version', 'HTTP 200 OK'),
  statusLine('version-2', 'HTTP/2.0 200 OK'),
  statusLine('version-lower-case', 'http/1.1 200 OK'),
  statusLine('space-first', ' HTTP/1.1 200 OK'),
  statusLine('nul', 'HTTP/1.1 200 O\x00K'),
  {
    ...statusLine('bare-cr', 'HTTP/1.1 200 O\rX: y'),
    outcome: 'either',
    status: 200,
    body: 'hello',
    lacks: ['x'],
  },
  {
    ...statusLine('999', 'HTTP/1.1 999 Odd'),
    reference: `${STATUS}; node:http2 throws on 999`,
    outcome: 'either',
    status: 999,
    body: 'hello',
  },
  { ...statusLine('600', 'HTTP/1.1 600 Odd'), outcome: 'either', status: 600, body: 'hello' },
  either('status-no-reason', STATUS, 'hello', raw('HTTP/1.1 200', 'Content-Length: 5', '', 'hello')),
  whole('status-empty-reason', STATUS, 'hello', raw('HTTP/1.1 200 ', 'Content-Length: 5', '', 'hello')),
  whole(
    'status-long-reason',
    STATUS,
    'hello',
    raw(`HTTP/1.1 200 ${'r'.repeat(500)}`, 'Content-Length: 5', '', 'hello'),
  ),
  failed('status-http09', 'HTTP/0.9 is no answer', { send: '<html>hello</html>' }, { close: true }),
  failed(
    'status-binary',
    'bytes of another protocol',
    { send: '\x15\x03\x03\x00\x02\x02\x28' },
    { close: true },
  ),
  failed('status-endless-line', `${STATUS}; bounded`, { send: `HTTP/1.1 200 ${'r'.repeat(400_000)}` }),
  failed('status-empty-lines', `${STATUS}; bounded`, { send: '\r\n'.repeat(100_000) }, { close: true }),
];

const fields: HostileCase[] = [
  field('nul-in-value', 'X: a\x00b'),
  field('control-in-value', 'X: a\x01b'),
  field('bare-cr', 'X: a\rb', 'RFC 9112 §2.2: bare CR'),
  field('space-before-colon', 'X : a', 'RFC 9112 §5.1: whitespace before the colon'),
  field('no-colon', 'hello'),
  field('empty-name', ': a'),
  field('space-in-name', 'X Y: a'),
  oddField('bare-lf', 'X: a\nY: b', 'RFC 9112 §2.2: bare LF'),
  oddField('folded', 'X: a\r\n b', 'RFC 9112 §5.2: obs-fold'),
  oddField('high-octet-in-name', 'X\xe9: a'),
  {
    ...oddField(
      'connection-specific',
      'Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nConnection: X-Hop\r\nX-Hop: y',
      'RFC 9110 §7.6.1; node:http2 throws on Upgrade and Proxy-Connection',
    ),
    outcome: 'whole',
    lacks: ['proxy-connection', 'x-hop', 'upgrade'],
  },
  { ...oddField('pseudo', ':status: 500', `${FIELDS}; a pseudo field`) },
  failed('field-too-large', `${FIELDS}; bounded`, {
    send: `HTTP/1.1 200 OK\r\nX: ${'v'.repeat(600_000)}\r\nContent-Length: 5\r\n\r\nhello`,
  }),
  failed('field-too-many', `${FIELDS}; bounded`, {
    send: `HTTP/1.1 200 OK\r\n${'X: v\r\n'.repeat(60_000)}Content-Length: 5\r\n\r\nhello`,
  }),
  failed(
    'field-endless',
    `${FIELDS}; bounded, though slowly`,
    { send: 'HTTP/1.1 200 OK\r\nX: ' },
    { fill: 900_000 },
  ),
  {
    ...whole('field-set-cookies', 'RFC 6265 §3: Set-Cookie is never joined', 'hello', {
      send: ok('hello', 'Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nSet-Cookie: b=2\r\n'),
    }),
    fields: { 'set-cookie': ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'] },
  },
  whole('field-large-common', 'a response head of 12 KB is common', 'hello', {
    send: ok('hello', `X: ${'v'.repeat(12_000)}\r\n`),
  }),
];

const framings: HostileCase[] = [
  framed('cl-and-te', 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n\r\n'),
  framed('cl-differs', 'Content-Length: 5', 'Content-Length: 6', '', 'hello!'),
  framed('cl-differing-list', 'Content-Length: 5, 6', '', 'hello!'),
  framed('cl-plus', 'Content-Length: +5', '', 'hello'),
  framed('cl-minus', 'Content-Length: -5', '', 'hello'),
  framed('cl-letters', 'Content-Length: five', '', 'hello'),
  framed('cl-empty', 'Content-Length:', '', 'hello'),
  framed('cl-overflow', 'Content-Length: 18446744073709551621', '', 'hello'),
  framed('te-unknown', 'Transfer-Encoding: cow', '', '5\r\nhello\r\n0\r\n\r\n'),
  framed('te-not-final', 'Transfer-Encoding: chunked, gzip', '', '5\r\nhello\r\n0\r\n\r\n'),
  framed(
    'te-twice',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked',
    '',
    '5\r\nhello\r\n0\r\n\r\n',
  ),
  {
    ...framed('te-http10', '', ''),
    answer: [
      raw('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n\r\n'),
      { close: true },
    ],
    reference: `${FRAMING}; Transfer-Encoding in HTTP/1.0`,
    outcome: 'either',
    status: 200,
    body: 'hello',
  },
  {
    ...framed('cl-equal-list', 'Content-Length: 5, 5', '', 'hello'),
    outcome: 'either',
    status: 200,
    body: 'hello',
  },
];

const interims: HostileCase[] = [
  {
    ...whole('interim-100', `${INTERIM}; unasked`, 'hello', {
      send: `HTTP/1.1 100 Continue\r\n\r\n${ok('hello')}`,
    }),
    request: posting('hi'),
  },
  whole('interim-103', `${INTERIM}; RFC 8297`, 'hello', {
    send: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${ok('hello')}`,
  }),
  whole('interim-few', INTERIM, 'hello', { send: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(5) + ok('hello') }),
  failed(
    'interim-storm',
    `${INTERIM}; bounded`,
    { send: 'HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n'.repeat(20_000) },
    { close: true },
  ),
  failed('interim-malformed', INTERIM, { send: `HTTP/1.1 103 Early Hints\r\nX : y\r\n\r\n${ok('hello')}` }),
  failed('interim-then-close', INTERIM, { send: 'HTTP/1.1 103 Early Hints\r\n\r\n' }, { close: true }),
  failed('interim-101-unasked', 'RFC 9110 §15.2.2: 101 that nobody asked for', {
    send: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${POISON}`,
  }),
  {
    ...failed('interim-101-unasked-post', 'RFC 9110 §15.2.2: 101 that nobody asked for', {
      send: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${POISON}`,
    }),
    request: posting('hi'),
  },
];

const bodiless: HostileCase[] = [
  {
    ...whole('bodiless-204-with-body', 'RFC 9112 §6.3: 204 has no body; what follows belongs to nobody', '', {
      send: `HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\n${POISON}`,
    }),
    outcome: 'either',
    status: 204,
  },
  {
    ...whole('bodiless-204-bytes', 'RFC 9112 §6.3: 204 has no body; what follows belongs to nobody', '', {
      send: `HTTP/1.1 204 No Content\r\n\r\n${ok(POISON)}`,
    }),
    outcome: 'either',
    status: 204,
  },
  {
    ...whole('bodiless-304-with-body', 'RFC 9112 §6.3: 304 has no body', '', {
      send: `HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n${ok(POISON)}`,
    }),
    outcome: 'either',
    status: 304,
  },
  {
    ...whole('bodiless-304-length', 'RFC 9110 §8.6: 304 may tell a length', '', {
      send: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n',
    }),
    status: 304,
  },
  {
    ...whole(
      'bodiless-head-with-body',
      'RFC 9112 §6.3: HEAD has no body; what follows belongs to nobody',
      '',
      { send: ok(POISON) },
    ),
    outcome: 'either',
    request: HEAD,
  },
  {
    ...whole('bodiless-head-length', 'RFC 9110 §9.3.2: HEAD may tell a length', '', {
      send: 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n',
    }),
    request: HEAD,
  },
  {
    ...whole('bodiless-head-chunked', 'RFC 9110 §9.3.2: HEAD of a chunked body', '', {
      send: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    }),
    request: HEAD,
  },
  {
    ...whole('bodiless-205', 'RFC 9110 §15.3.6: 205 has no content', '', {
      send: 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n',
    }),
    status: 205,
  },
  { ...whole('bodiless-length-zero', FRAMING, '', { send: ok('') }), request: GET },
];

export const hostileHeadCases: readonly HostileCase[] = [
  ...statusLines,
  ...fields,
  ...framings,
  ...interims,
  ...bodiless,
];
