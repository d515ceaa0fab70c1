/** Request cases that Node's parsers do not let the library engine pass: what they do instead, and the proof that it harms nobody. */
import { atMost, type Expectation, passed } from '../request-case.js';

/** Why a case differs, and what the library engine is held to in its place. */
export interface LibraryLimit {
  readonly reason: string;
  readonly expect: Expectation;
}

/** nghttp2 leaves an invalid field out and tells nobody: the request arrives as if it had never been there. */
const fieldLeftOut: LibraryLimit = {
  reason: 'nghttp2 leaves an invalid field out instead of refusing the request; no byte of it is passed on',
  expect: atMost(1, {
    method: 'GET',
    target: '/{t}',
    body: '',
    lacks: ['x-name', 'x name', 'x\0name', 'x-\xe9', 'x-injected', 'transfer-encoding', 'canary'],
  }),
};

const trailerLeftOut: LibraryLimit = {
  reason: 'nghttp2 leaves an invalid trailer out; this engine passes no trailer on, and the body is whole',
  expect: passed(1, { body: 'hello', trailers: [], lacks: ['x-sum', 'canary'] }),
};

const tabRefused: LibraryLimit = {
  reason:
    'llhttp of Node 20 takes no tab around the value of a field that frames: it refuses a legal request with 400',
  expect: atMost(1, { body: 'hello' }),
};

const INVALID_FIELDS: readonly string[] = [
  ...['crlf', 'crlf-request', 'crlf-te', 'lf', 'cr', 'nul', 'space-first', 'space-last', 'tab-first'],
  ...[
    'name-crlf',
    'name-crlf-request',
    'name-colon',
    'name-te-colon',
    'name-space',
    'name-space-last',
    'name-empty',
    'name-nul',
  ],
  ...['name-high-octet', 'name-lf', 'control', 'delete'],
];

/** By the case's id. */
export const libraryLimits: ReadonlyMap<string, LibraryLimit> = new Map<string, LibraryLimit>([
  ...INVALID_FIELDS.map((id): [string, LibraryLimit] => [`h2-field-${id}`, fieldLeftOut]),
  ['h2-trailers-crlf', trailerLeftOut],
  ['h2-trailers-split', trailerLeftOut],
  ['length-tabs-around', tabRefused],
  ['te-tab-ows', tabRefused],
  [
    'line-version-rtsp',
    {
      reason: 'llhttp takes RTSP/1.0 for HTTP/1.0 and does not say so; the app gets a plain HTTP/1.1 request',
      expect: atMost(1, { method: 'GET', target: '/{t}', body: '', lacks: ['rtsp'] }),
    },
  ],
  [
    'oversize-spaces',
    {
      reason: 'llhttp does not count blanks around a value; it keeps none, and the head has its time limit',
      expect: atMost(1, { headers: { 'x-name': 'v' } }),
    },
  ],
]);
