/** Request cases: Content-Length by itself, twice, malformed, and beside Transfer-Encoding. */
import {
  atMost,
  CANARY,
  cutOff,
  type Expectation,
  get,
  h1,
  neverWhole,
  octets,
  passed,
  post,
  type RequestCase,
  refused,
} from '../request-case.js';

const CHUNKED = 'Transfer-Encoding: chunked';
/** Ends a chunked body at once; what follows is the canary. */
const ENDED = `0\r\n\r\n${CANARY}`;
const COVER = `Content-Length: ${octets(ENDED)}`;

const CONFLICT = 'RFC 9112 §6.1, §6.3: Content-Length beside Transfer-Encoding';
const emptyAtMostOnce: Expectation = atMost(1, { body: '' });

const conflicts: RequestCase[] = [
  h1('cl-te-length-first', `${CONFLICT} (CL.TE)`, emptyAtMostOnce, post([COVER, CHUNKED], ENDED)),
  h1('cl-te-coding-first', `${CONFLICT} (TE first)`, emptyAtMostOnce, post([CHUNKED, COVER], ENDED)),
  h1(
    'cl-te-short-length',
    `${CONFLICT} (length 4)`,
    emptyAtMostOnce,
    post(['Content-Length: 4', CHUNKED], ENDED),
  ),
  h1(
    'cl-te-length-zero',
    `${CONFLICT} (length 0)`,
    emptyAtMostOnce,
    post(['Content-Length: 0', CHUNKED], ENDED),
  ),
  h1(
    'te-cl-inside-chunk',
    `${CONFLICT} (TE.CL: the canary stands inside a chunk)`,
    atMost(1, { body: CANARY }),
    post(['Content-Length: 4', CHUNKED], `${octets(CANARY).toString(16)}\r\n${CANARY}\r\n0\r\n\r\n`),
  ),
  h1('cl-te-on-get', `${CONFLICT} on GET`, emptyAtMostOnce, get(COVER, CHUNKED) + ENDED),
  h1(
    'cl-te-twice-length',
    `${CONFLICT}, the length twice`,
    emptyAtMostOnce,
    post([COVER, CHUNKED, COVER], ENDED),
  ),
  h1(
    'cl-te-malformed-length',
    `${CONFLICT}, the length malformed`,
    refused,
    post(['Content-Length: x', CHUNKED], ENDED),
  ),
  h1(
    'cl-te-separate-packets',
    `${CONFLICT}, packet by packet`,
    emptyAtMostOnce,
    ...post([COVER, CHUNKED], ENDED).split(/(?<=\r\n)/),
  ),
  h1(
    'cl-te-lower-case',
    `${CONFLICT}, names in lower case`,
    emptyAtMostOnce,
    post([COVER.toLowerCase(), CHUNKED.toLowerCase()], ENDED),
  ),
  h1(
    'cl-te-connection-listed',
    `${CONFLICT}, Connection lists Content-Length`,
    emptyAtMostOnce,
    post(['Connection: content-length', COVER, CHUNKED], ENDED),
  ),
  h1(
    'cl-te-connection-lists-coding',
    `${CONFLICT}, Connection lists Transfer-Encoding`,
    emptyAtMostOnce,
    post(['Connection: transfer-encoding', COVER, CHUNKED], ENDED),
  ),
];

const LENGTH = 'RFC 9110 §8.6: Content-Length = 1*DIGIT';

/** A length no reader may guess at; were it read as 5, the canary would be a request. */
function malformed(id: string, value: string, reference = LENGTH): RequestCase {
  return h1(`length-${id}`, reference, refused, post([`Content-Length: ${value}`], `hello${CANARY}`));
}

const lengths: RequestCase[] = [
  malformed('plus', '+5', `${LENGTH} (hyper CVE-2021-32715)`),
  malformed('minus', '-5'),
  malformed('two-numbers', '5 5', `${LENGTH} (Node CVE-2018-7159)`),
  malformed('hexadecimal', '0x5'),
  malformed('exponent', '5e0'),
  malformed('fraction', '5.0'),
  malformed('empty', '', `${LENGTH} (HAProxy CVE-2023-40225, Puma CVE-2023-40175)`),
  malformed('quoted', '"5"'),
  malformed('semicolon', '5;'),
  malformed('letters', 'five'),
  malformed('nul', '5\x00'),
  malformed('vertical-tab', '\x0b5'),
  malformed('form-feed', '5\x0c'),
  malformed('nbsp', '\xa05'),
  malformed('fullwidth-digit', '\xef\xbc\x95'),
  malformed('underscore', '1_0'),
  malformed('differing-list', '5, 6'),
  malformed('list-trailing-comma', '5,'),
  malformed('list-leading-comma', ',5'),
  malformed('overflow-2-64', '18446744073709551621'),
  malformed('overflow-digits', '9'.repeat(400)),
  h1(
    'length-folded',
    'RFC 9112 §5.2: obs-fold is refused or replaced by spaces',
    atMost(1, { body: 'hello' }),
    post(['Content-Length:', ' 5'], 'hello'),
  ),
  h1(
    'length-2-32',
    `${LENGTH}; 2^32+5 must not wrap`,
    neverWhole,
    post(['Content-Length: 4294967301'], 'hello'),
  ),
  h1(
    'length-2-53',
    `${LENGTH}; beyond 2^53`,
    neverWhole,
    post(['Content-Length: 9007199254740993'], 'hello'),
  ),
  h1(
    'length-equal-list',
    `${LENGTH}; equal list members may be folded into one`,
    atMost(1, { body: 'hello' }),
    post(['Content-Length: 5, 5'], 'hello'),
  ),
  h1(
    'length-twice-equal',
    `${LENGTH}; equal fields may be folded into one`,
    atMost(1, { body: 'hello' }),
    post(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'length-twice-differing',
    'RFC 9112 §6.3 differing lengths (Netty CVE-2019-20445)',
    refused,
    post(['Content-Length: 0', 'Content-Length: 5'], `hello${CANARY}`),
  ),
  h1(
    'length-twice-differing-reversed',
    'RFC 9112 §6.3 differing lengths',
    refused,
    post(['Content-Length: 5', 'Content-Length: 0'], `hello${CANARY}`),
  ),
  h1(
    'length-twice-mixed-case',
    'RFC 9112 §6.3 differing lengths, names in two cases',
    refused,
    post(['Content-Length: 5', 'cOnTeNt-LeNgTh: 6'], `hello${CANARY}`),
  ),
  h1(
    'length-leading-zeros',
    `${LENGTH}; 005 is five`,
    atMost(1, { body: 'hello' }),
    post(['Content-Length: 005'], 'hello'),
  ),
  h1(
    'length-many-zeros',
    `${LENGTH}; a length in many digits`,
    atMost(1, { body: 'hello' }),
    post([`Content-Length: ${'0'.repeat(300)}5`], 'hello'),
  ),
  h1(
    'length-long-name',
    'HAProxy CVE-2021-40346: a name of 270 octets that begins with content-length',
    passed(1, { body: 'hello' }),
    post([`Content-Length0${'a'.repeat(255)}: 3`, 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'length-space-before-colon',
    'RFC 9112 §5.1 (Go CVE-2019-16276, Netty CVE-2019-16869, llhttp CVE-2021-22959)',
    refused,
    post(['Content-Length : 5'], `hello${CANARY}`),
  ),
  h1(
    'length-leading-space',
    'Node CVE-2024-27982: a space before the name makes it a fold, not a length',
    { ...atMost(1, { body: '' }), answers: 2, statuses: [200, 400] },
    post(['X: y', ' Content-Length: 5'], 'hello'),
  ),
  h1(
    'length-without-colon',
    'RFC 9112 §5 (Netty CVE-2019-20444)',
    refused,
    post(['Content-Length 5'], `hello${CANARY}`),
  ),
  h1(
    'length-no-space',
    'RFC 9112 §5: OWS may be nothing',
    passed(1, { body: 'hello' }),
    post(['Content-Length:5'], 'hello'),
  ),
  h1(
    'length-tabs-around',
    'RFC 9112 §5: OWS may be tabs',
    passed(1, { body: 'hello' }),
    post(['Content-Length:\t5\t '], 'hello'),
  ),
  h1(
    'length-upper-case-name',
    'RFC 9110 §5.1: names in any case',
    passed(1, { body: 'hello' }),
    post(['CONTENT-LENGTH: 5'], 'hello'),
  ),
  h1(
    'length-underscore-name',
    'Content_Length is another field; WSGI-like apps merge them',
    atMost(1, { body: 'hello' }),
    post(['Content-Length: 5', 'Content_Length: 0'], 'hello'),
  ),
  h1(
    'length-cut-body',
    'RFC 9112 §8: an incomplete request is never passed on as whole',
    cutOff,
    post(['Content-Length: 50'], 'hello'),
  ),
];

const BODIES = 'RFC 9110 §9.3.1: a body is framed whatever the method';
const SMUGGLER = [`Content-Length: ${octets(CANARY)}`];

const bodies: RequestCase[] = [
  h1(
    'get-body-length',
    `${BODIES} (GET; Pingora CVE-2025-4366 class)`,
    atMost(1, { body: CANARY }),
    get(...SMUGGLER) + CANARY,
  ),
  h1(
    'get-body-chunked',
    `${BODIES} (GET, nodejs/node#27880)`,
    atMost(1, { body: CANARY }),
    `${get(CHUNKED)}${octets(CANARY).toString(16)}\r\n${CANARY}\r\n0\r\n\r\n`,
  ),
  h1(
    'head-body-length',
    `${BODIES} (HEAD)`,
    { ...atMost(1), methods: ['HEAD'] },
    `${get(...SMUGGLER).replace('GET', 'HEAD')}${CANARY}`,
  ),
  h1(
    'delete-body-length',
    `${BODIES} (DELETE)`,
    passed(1, { body: CANARY }),
    `${get(...SMUGGLER).replace('GET', 'DELETE')}${CANARY}`,
  ),
  h1(
    'delete-body-chunked',
    `${BODIES} (DELETE; http-proxy deleteLength)`,
    passed(1, { body: CANARY }),
    `${get(CHUNKED).replace('GET', 'DELETE')}${octets(CANARY).toString(16)}\r\n${CANARY}\r\n0\r\n\r\n`,
  ),
  h1(
    'options-body-length',
    `${BODIES} (OPTIONS)`,
    passed(1, { body: CANARY }),
    `${get(...SMUGGLER).replace('GET', 'OPTIONS')}${CANARY}`,
  ),
  h1(
    'options-body-chunked',
    `${BODIES} (OPTIONS; http-proxy deleteLength)`,
    passed(1, { body: CANARY }),
    `${get(CHUNKED).replace('GET', 'OPTIONS')}${octets(CANARY).toString(16)}\r\n${CANARY}\r\n0\r\n\r\n`,
  ),
  h1(
    'patch-body-length',
    `${BODIES} (PATCH)`,
    passed(1, { body: 'hello' }),
    get('Content-Length: 5').replace('GET', 'PATCH').concat('hello'),
  ),
  h1(
    'post-without-body',
    'RFC 9112 §6.3: neither field means no body',
    passed(1, { body: '' }),
    post([], ''),
  ),
  h1('post-length-zero', 'RFC 9112 §6.3', passed(1, { body: '' }), post(['Content-Length: 0'], '')),
  h1(
    'post-body-is-a-request',
    'RFC 9112 §6.2: octets of a body are never a request',
    passed(1, { body: CANARY }),
    post(SMUGGLER, CANARY),
  ),
  h1(
    'put-binary-body',
    'RFC 9110 §6.4: any octets',
    passed(1, { body: '\x00\r\n\xff\x80\r\n\r\n' }),
    post(['Content-Length: 9'], '\x00\r\n\xff\x80\r\n\r\n').replace('POST', 'PUT'),
  ),
];

export const framingCases: readonly RequestCase[] = [...conflicts, ...lengths, ...bodies];
