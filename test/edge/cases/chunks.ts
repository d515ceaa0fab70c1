/** Request cases: the chunked coding, its sizes, extensions, ends and cuts. */
import {
  atMost,
  CANARY,
  chunked,
  cutOff,
  h1,
  neverWhole,
  octets,
  passed,
  type RequestCase,
} from '../request-case.js';

const SIZE = 'RFC 9112 §7.1: chunk-size = 1*HEXDIG';
const LAST = '0\r\n\r\n';
const hello = { body: 'hello' };

/** A size line that no reader may guess at; read as 5 the body would be whole and the canary a request. */
function badSize(id: string, line: string, reference = SIZE): RequestCase {
  return h1(`chunk-size-${id}`, reference, neverWhole, chunked(`${line}\r\nhello\r\n${LAST}${CANARY}`));
}

const sizes: RequestCase[] = [
  badSize('hexadecimal-prefix', '0x5', `${SIZE} (Twisted CVE-2022-24801)`),
  badSize('plus', '+5'),
  badSize('minus', '-5', `${SIZE} (Twisted CVE-2022-24801)`),
  badSize('space-before', ' 5'),
  badSize('tab-before', '\t5'),
  badSize('empty', ''),
  badSize('no-digit', 'g'),
  badSize('letter-after', '5g'),
  badSize('nul', '5\x00'),
  badSize('underscore', '0_5', `${SIZE} (what Python's int() takes)`),
  badSize('comma', '5,'),
  badSize('quoted', '"5"'),
  badSize('two-numbers', '5 5'),
  badSize('vertical-tab', '5\x0b'),
  badSize('high-octet', '5\xb2'),
  badSize('overflow-2-64', '10000000000000005', `${SIZE}; 2^64+5 must not wrap (hyper CVE-2021-32714)`),
  badSize('overflow-2-64-many', `1${'0'.repeat(64)}5`, `${SIZE}; must not wrap`),
  badSize('2-32', '100000005', `${SIZE}; 2^32+5 must not wrap`),
  badSize('2-63', '8000000000000005', `${SIZE}; must not turn negative (nginx CVE-2013-2028)`),
  badSize(
    'all-ones',
    'FFFFFFFFFFFFFFFF',
    `${SIZE}; must not be -1 (Apache CVE-2002-0392, nginx CVE-2013-2028)`,
  ),
  badSize('line-before', '\r\n5', `${SIZE}; no empty line before a chunk`),
  h1(
    'chunk-size-space-after',
    `${SIZE}; padding after the size`,
    atMost(1, hello),
    chunked(`5 \r\nhello\r\n${LAST}`),
  ),
  h1('chunk-size-leading-zeros', SIZE, passed(1, hello), chunked(`0005\r\nhello\r\n${LAST}`)),
  h1(
    'chunk-size-many-zeros',
    `${SIZE}; bounded digits`,
    atMost(1, hello),
    chunked(`${'0'.repeat(200)}5\r\nhello\r\n${LAST}`),
  ),
  h1(
    'chunk-size-lower-case',
    SIZE,
    passed(1, { body: 'x'.repeat(26) }),
    chunked(`1a\r\n${'x'.repeat(26)}\r\n${LAST}`),
  ),
  h1(
    'chunk-size-upper-case',
    SIZE,
    passed(1, { body: 'x'.repeat(26) }),
    chunked(`1A\r\n${'x'.repeat(26)}\r\n${LAST}`),
  ),
];

const whole: RequestCase[] = [
  h1('chunks-many', 'RFC 9112 §7.1', passed(1, hello), chunked(`1\r\nh\r\n3\r\nell\r\n1\r\no\r\n${LAST}`)),
  h1(
    'chunks-octet-by-octet',
    'RFC 9112 §7.1, every cut of the packets',
    passed(1, hello),
    ...chunked('').split(/(?<=\n)/),
    ...`2\r\nhe\r\n3\r\nllo\r\n${LAST}`,
  ),
  h1('chunks-empty-body', 'RFC 9112 §7.1', passed(1, { body: '' }), chunked(LAST)),
  h1(
    'chunks-last-zeros',
    'RFC 9112 §7.1: last-chunk = 1*"0"',
    atMost(1, hello),
    chunked('5\r\nhello\r\n000\r\n\r\n'),
  ),
  h1(
    'chunks-body-looks-chunked',
    'RFC 9112 §7.1: data is never a size',
    passed(1, { body: `0\r\n\r\n${CANARY}` }),
    chunked(`${octets(`0\r\n\r\n${CANARY}`).toString(16)}\r\n0\r\n\r\n${CANARY}\r\n${LAST}`),
  ),
  h1(
    'chunks-large',
    'RFC 9112 §7.1',
    passed(1, { body: 'x'.repeat(70000) }),
    chunked(`${(70000).toString(16)}\r\n`),
    'x'.repeat(70000),
    `\r\n${LAST}`,
  ),
  h1(
    'chunks-2000-of-one-octet',
    'RFC 9112 §7.1',
    passed(1, { body: 'x'.repeat(2000) }),
    chunked('1\r\nx\r\n'.repeat(2000) + LAST),
  ),
];

const EXTENSION = 'RFC 9112 §7.1.1: a recipient ignores an unknown chunk extension';
const FUNKY = 'Funky chunks (2025; Netty CVE-2025-58056, Kestrel CVE-2025-55315)';

const extensions: RequestCase[] = [
  h1('extension-token', EXTENSION, atMost(1, hello), chunked(`5;a=b\r\nhello\r\n${LAST}`)),
  h1('extension-without-value', EXTENSION, atMost(1, hello), chunked(`5;a\r\nhello\r\n${LAST}`)),
  h1('extension-quoted', EXTENSION, atMost(1, hello), chunked(`5;a="b;c"\r\nhello\r\n${LAST}`)),
  h1(
    'extension-quoted-crlf',
    `${FUNKY}: CRLF inside a quoted value ends the line`,
    { ...atMost(1, hello), answers: 2 },
    chunked(`5;a="\r\nhello\r\n0\r\n\r\n"\r\nhello\r\n${LAST}`),
  ),
  h1('extension-spaces', EXTENSION, atMost(1, hello), chunked(`5 ; a = b\r\nhello\r\n${LAST}`)),
  h1(
    'extension-empty',
    `${EXTENSION}; an empty name is none (llhttp CVE-2021-22960 class)`,
    atMost(1, hello),
    chunked(`5;\r\nhello\r\n${LAST}`),
  ),
  h1('extension-nul', 'RFC 9112 §7.1.1', neverWhole, chunked(`5;a\x00b\r\nhello\r\n${LAST}${CANARY}`)),
  h1(
    'extension-bare-cr',
    `${FUNKY}: bare CR in an extension`,
    neverWhole,
    chunked(`5;a\rb\r\nhello\r\n${LAST}${CANARY}`),
  ),
  h1(
    'extension-bare-lf-term-ext',
    `${FUNKY}: TERM.EXT`,
    neverWhole,
    chunked(`2;\nxx\r\n${octets(`${LAST}${CANARY}`).toString(16)}\r\n${LAST}${CANARY}\r\n${LAST}`),
  ),
  h1('extension-bare-lf-ext-term', `${FUNKY}: EXT.TERM`, neverWhole, chunked(`4;\nxx\r\n0\r\n\r\n${CANARY}`)),
  h1(
    'extension-bare-lf-last',
    `${FUNKY}: bare LF in the last chunk's extension`,
    neverWhole,
    chunked(`5\r\nhello\r\n0;\n\r\n\r\n${CANARY}`),
  ),
  h1('extension-lf-cr', `${FUNKY}: LF CR`, neverWhole, chunked(`5;a\n\rhello\r\n${LAST}${CANARY}`)),
  h1(
    'extension-long',
    'CVE-2023-39326 Go, CVE-2024-22019 Node: extensions are bounded',
    atMost(1, hello),
    chunked(`5;${'a'.repeat(40000)}\r\nhello\r\n${LAST}`),
  ),
  h1(
    'extension-long-each',
    'CVE-2023-39326, CVE-2024-22019: bounded in total',
    atMost(1, { body: 'x'.repeat(60) }),
    chunked(`1;${'a'.repeat(1500)}\r\nx\r\n`.repeat(60) + LAST),
  ),
  h1(
    'extension-endless',
    'CVE-2024-22019: an extension that never ends',
    neverWhole,
    chunked(`5;${'a'.repeat(200000)}`),
  ),
];

const TERMINATOR = 'RFC 9112 §7.1: chunk-data CRLF';

const terminators: RequestCase[] = [
  h1(
    'chunk-size-bare-lf',
    'RFC 9112 §7.1: size CRLF (Go CVE-2025-22871)',
    neverWhole,
    chunked(`5\nhello\r\n${LAST}${CANARY}`),
  ),
  h1('chunk-size-bare-cr', 'RFC 9112 §7.1: size CRLF', neverWhole, chunked(`5\rhello\r\n${LAST}${CANARY}`)),
  h1('chunk-data-bare-lf', TERMINATOR, neverWhole, chunked(`5\r\nhello\n${LAST}${CANARY}`)),
  h1('chunk-data-bare-cr', TERMINATOR, neverWhole, chunked(`5\r\nhello\r${LAST}${CANARY}`)),
  h1('chunk-data-no-end', TERMINATOR, neverWhole, chunked(`5\r\nhello${LAST}${CANARY}`)),
  h1(
    'chunk-data-longer',
    `${FUNKY}: SPILL.TERM`,
    neverWhole,
    chunked(`5\r\nhelloXX${octets(`${LAST}${CANARY}`).toString(16)}\r\n${LAST}${CANARY}\r\n${LAST}`),
  ),
  h1(
    'chunk-data-any-two-octets',
    `${FUNKY}: two octets taken for CRLF unseen (h11 CVE-2025-43859)`,
    neverWhole,
    chunked(`5\r\nhelloab0\r\n\r\n${CANARY}`),
  ),
  h1('chunk-data-one-octet', `${FUNKY}: ONE.TWO`, neverWhole, chunked(`5\r\nhello\n0\r\n\r\n${CANARY}`)),
  h1(
    'last-chunk-bare-lf',
    'RFC 9112 §7.1: last-chunk CRLF',
    neverWhole,
    chunked(`5\r\nhello\r\n0\n\n${CANARY}`),
  ),
  h1(
    'last-chunk-lf-end',
    'RFC 9112 §7.1: CRLF after the trailers',
    neverWhole,
    chunked(`5\r\nhello\r\n0\r\n\n${CANARY}`),
  ),
  h1(
    'last-chunk-cr-end',
    'RFC 9112 §7.1: CRLF after the trailers',
    neverWhole,
    chunked(`5\r\nhello\r\n0\r\n\r${CANARY}`),
  ),
  h1('last-chunk-minus', SIZE, neverWhole, chunked(`5\r\nhello\r\n-0\r\n\r\n${CANARY}`)),
];

const CUT = 'RFC 9112 §8: a chunked body without its last chunk is incomplete';

const cuts: RequestCase[] = [
  h1('chunks-cut-in-size', CUT, cutOff, chunked('5\r\nhello\r\n1')),
  h1('chunks-cut-in-data', CUT, cutOff, chunked('50\r\nhello')),
  h1('chunks-cut-after-data', CUT, cutOff, chunked('5\r\nhello')),
  h1('chunks-cut-after-chunk', CUT, cutOff, chunked('5\r\nhello\r\n')),
  h1('chunks-cut-in-last', CUT, cutOff, chunked('5\r\nhello\r\n0\r\n')),
  h1('chunks-cut-in-trailers', CUT, cutOff, chunked('5\r\nhello\r\n0\r\nX-Sum: 1\r\n')),
];

export const chunkCases: readonly RequestCase[] = [
  ...sizes,
  ...whole,
  ...extensions,
  ...terminators,
  ...cuts,
];
