/** Request cases: Transfer-Encoding written so that one reader sees it and the next does not. */
import {
  atMost,
  CANARY,
  chunked,
  h1,
  octets,
  passed,
  post,
  type RequestCase,
  refused,
} from '../request-case.js';

const ENDED = `0\r\n\r\n${CANARY}`;
const COVER = `Content-Length: ${octets(ENDED)}`;
const CODING = 'RFC 9112 §6.1, §7: Transfer-Encoding';

/** Whoever reads the coding sees the canary as a request, whoever reads the length sees it as a body. */
function covered(id: string, line: string, reference = CODING): RequestCase {
  return h1(`te-covered-${id}`, reference, atMost(1), post([COVER, line], ENDED));
}

/** Malformed in itself: nothing may be passed on. */
function broken(id: string, line: string, reference = CODING): RequestCase {
  return h1(`te-broken-${id}`, reference, refused, post([COVER, line], ENDED));
}

/** No length beside it: an edge that does not know the coding cannot frame the body. */
function alone(id: string, value: string, reference = CODING): RequestCase {
  return h1(
    `te-alone-${id}`,
    reference,
    refused,
    post([`Transfer-Encoding: ${value}`], `5\r\nhello\r\n${ENDED}`),
  );
}

export const transferEncodingCases: readonly RequestCase[] = [
  h1(
    'te-chunked',
    `${CODING}; the plain one`,
    passed(1, { body: 'hello' }),
    chunked('5\r\nhello\r\n0\r\n\r\n'),
  ),
  h1(
    'te-mixed-case',
    `${CODING}; in any case`,
    passed(1, { body: 'hello' }),
    post(['tRANSFER-eNCODING: cHUNKED'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  h1(
    'te-tab-ows',
    `${CODING}; a tab is OWS`,
    passed(1, { body: 'hello' }),
    post(['Transfer-Encoding:\tchunked\t'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  covered('x-chunked', 'Transfer-Encoding: xchunked'),
  covered('chunk', 'Transfer-Encoding: chunk'),
  covered('identity', 'Transfer-Encoding: identity', `${CODING} (Go CVE-2022-1705)`),
  covered('quoted', 'Transfer-Encoding: "chunked"'),
  covered('single-quoted', "Transfer-Encoding: 'chunked'"),
  covered('empty', 'Transfer-Encoding:'),
  covered('comma-before', 'Transfer-Encoding: ,chunked'),
  covered('comma-after', 'Transfer-Encoding: chunked,'),
  covered('parameter', 'Transfer-Encoding: chunked;q=1'),
  covered('not-final', 'Transfer-Encoding: chunked, identity'),
  covered('identity-first', 'Transfer-Encoding: identity, chunked'),
  covered('gzip-first', 'Transfer-Encoding: gzip, chunked'),
  covered('twice-in-list', 'Transfer-Encoding: chunked, chunked'),
  covered('two-fields', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
  covered(
    'two-fields-cow',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: cow',
    `${CODING} (TE.TE, Node CVE-2020-8287)`,
  ),
  covered(
    'cow-first',
    'Transfer-Encoding: cow\r\nTransfer-Encoding: chunked',
    `${CODING} (TE.TE, Node CVE-2020-8287)`,
  ),
  covered('underscore', 'Transfer_Encoding: chunked', 'Transfer_Encoding is another field'),
  covered('dotless-i', 'Transfer-Encod\xc4\xb1ng: chunked', 'RFC 9110 §5.1: names are ASCII tokens'),
  covered(
    'kelvin-k',
    'Transfer-Encoding: chun\xe2\x84\xaaed',
    `${CODING}; Unicode case folding (Node, Rust)`,
  ),
  covered('content-encoding', 'Content-Encoding: chunked', 'RFC 9110 §8.4: no framing'),
  broken(
    'space-before-colon',
    'Transfer-Encoding : chunked',
    'RFC 9112 §5.1 (CVE-2019-16869 Netty, CVE-2019-16276 Go)',
  ),
  broken('tab-before-colon', 'Transfer-Encoding\t: chunked', 'RFC 9112 §5.1'),
  broken('nul-before-colon', 'Transfer-Encoding\x00: chunked', 'RFC 9110 §5.1'),
  broken('vertical-tab', 'Transfer-Encoding:\x0bchunked', 'RFC 9110 §5.5 (HAProxy CVE-2019-18277)'),
  broken('form-feed', 'Transfer-Encoding: chunked\x0c', 'RFC 9110 §5.5'),
  broken('nul-after', 'Transfer-Encoding: chunked\x00', 'RFC 9110 §5.5'),
  broken('backspace', 'Transfer-Encoding: \x08chunked', 'RFC 9110 §5.5'),
  broken('delete', 'Transfer-Encoding: \x7fchunked', 'RFC 9110 §5.5'),
  broken('bare-cr-before', 'X: y\rTransfer-Encoding: chunked', 'RFC 9112 §2.2 bare CR'),
  broken('bare-cr-after', 'Transfer-Encoding: chunked\rX: y', 'RFC 9112 §2.2 bare CR (Node CVE-2023-30589)'),
  covered(
    'bare-lf-before',
    'X: y\nTransfer-Encoding: chunked',
    'RFC 9112 §2.2 bare LF (Traffic Server CVE-2018-8004)',
  ),
  covered('folded-value', 'Transfer-Encoding:\r\n chunked', 'RFC 9112 §5.2 obs-fold (Node CVE-2022-32215)'),
  covered('folded-into-other', 'X: y\r\n Transfer-Encoding: chunked', 'RFC 9112 §5.2 obs-fold'),
  covered('folded-tab', 'Transfer-Encoding:\r\n\tchunked', 'RFC 9112 §5.2 obs-fold'),
  broken('name-folded', 'Transfer-Encoding\r\n : chunked', 'RFC 9112 §5.2 obs-fold in a name'),
  broken('no-colon', 'Transfer-Encoding chunked', 'RFC 9112 §5'),
  broken('colon-first', ':Transfer-Encoding: chunked', 'RFC 9110 §5.1 empty name'),
  broken('high-octet-name', '\xffTransfer-Encoding: chunked', 'RFC 9110 §5.1'),
  alone('identity', 'identity', `${CODING}; identity was taken out by RFC 7230`),
  alone('unknown', 'cow', `${CODING}; 501 for an unknown coding`),
  alone('gzip', 'gzip', `${CODING}; chunked must be final`),
  alone('not-final', 'chunked, gzip', `${CODING}; chunked must be final`),
  alone('empty', '', `${CODING}; an empty list (Node CVE-2022-32213)`),
  alone('twice', 'chunked, chunked', `${CODING}; chunked must not be applied twice`),
  alone('obs-fold-multi', 'chunked\r\n , identity', 'Node CVE-2022-32215: multi-line Transfer-Encoding'),
  alone('chunked-suffix', 'chunkedfoo', 'Gunicorn CVE-2024-1135: unsupported coding'),
  alone('nbsp', '\xa0chunked', 'RFC 9110 §5.6.3: NBSP is no OWS'),
];
