/** Field lists of HTTP/2 requests: what RFC 9113 §8 allows, and each way it can be broken. */
import type { SeededRandom } from '../../support/random.js';

const TEXT = 'abc XYZ019!"#$%&()*+,-./:;<=>?@[]^_`{|}~\x80\xe9';
const PATH = "abcXYZ019-._~!$&'()*+,;=:@/%41%";
const NAME = 'abcxyz019-_';

const BROKEN: readonly [[string, string], ...[string, string][]] = [
  ['Accept', 'x'],
  ['x y', 'z'],
  ['', 'x'],
  ['x:', 'y'],
  ['x\0', 'y'],
  ['x\xe9', 'y'],
  [':x', 'y'],
  [':status', '200'],
  [':method', 'GET'],
  [':path', '/second'],
  [':scheme', 'http'],
  [':authority', 'other.test'],
  [':protocol', 'websocket'],
  ['connection', 'close'],
  ['keep-alive', 'timeout=1'],
  ['proxy-connection', 'close'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'h2c'],
  ['te', 'trailers'],
  ['te', 'gzip'],
  ['te', 'Trailers'],
  ['te', 'trailers, gzip'],
  ['host', 'a.test'],
  ['host', 'other.test'],
  ['host', ''],
  ['host', 'A.TEST'],
  ['host', 'a.test:443'],
  ['content-length', '0'],
  ['content-length', '5'],
  ['content-length', '+5'],
  ['content-length', ''],
  ['content-length', '5, 5'],
  ['content-length', '99999999999999999999'],
  ['content-length', '05'],
  ['x', 'a\r\nb'],
  ['x', 'a\nb'],
  ['x', 'a\0b'],
  ['x', ' a'],
  ['x', 'a '],
  ['x', '\ta'],
  ['x', 'a\x01b'],
  ['x', '\x7f'],
  ['x', 'a\tb'],
  ['x', '\xff'],
  ['cookie', 'a=b'],
  ['cookie', 'c=d; e=f'],
  ['cookie', ''],
  ['expect', '100-continue'],
  ['priority', 'u=1, i'],
  ['priority', 'u=9'],
  ['priority', 'u=1;i=?0,i'],
  ['http2-settings', 'AAMAAABkAAQAAP__'],
  ['trailer', 'x'],
  ['x-forwarded-for', '1.2.3.4'],
  ['via', '1.1 a'],
  ['if-match', '*'],
  ['set-cookie', 'a=b'],
  ['x-sum', 'a'],
];
const METHODS = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'CONNECT', 'M-SEARCH'] as const;
const ODD_METHODS = ['', 'get', 'G T', 'GET\r\n', 'G(T', 'PRI', '\xe9'] as const;
const ODD_PATHS = [
  '',
  '*',
  'x',
  '//',
  '/a b',
  '/\r\n',
  '/#x',
  '/\0',
  '/\xe9',
  'http://a.test/',
  '/?',
  '/a\tb',
  '/\\',
  '/a?b?c',
  '/%',
  '/{}|^`<>"',
] as const;
const ODD_SCHEMES = ['http', 'ftp', '', 'HTTPS', 'https:', 'ht tp', 'h\xe9', 'wss'] as const;
const ODD_AUTHORITIES = [
  '',
  'A.test',
  'a.test:443',
  'u@a.test',
  'a.test:x',
  'a.test:',
  '[::1]:443',
  '[::1',
  'a b',
  'a,b',
  'a.test/',
  'a\0',
  'a_b.test',
  '127.0.0.1',
  'a.test:99999',
  '%41.test',
] as const;

function pathOf(random: SeededRandom): string {
  if (random.oneIn(16)) return random.of([...ODD_PATHS]);
  return `/${random.text(PATH, random.below(12))}${random.oneIn(4) ? `?${random.text(PATH, 5)}` : ''}`;
}

function pseudoFields(random: SeededRandom): [string, string][] {
  const method = random.oneIn(24) ? random.of([...ODD_METHODS]) : random.of([...METHODS]);
  const authority = random.oneIn(16) ? random.of([...ODD_AUTHORITIES]) : 'a.test';
  if (method === 'CONNECT' && !random.oneIn(3)) {
    return [
      [':method', method],
      [':authority', `${authority}:443`],
    ];
  }
  const fields: [string, string][] = [
    [':method', method],
    [':scheme', random.oneIn(16) ? random.of([...ODD_SCHEMES]) : 'https'],
    [':authority', authority],
    [':path', pathOf(random)],
  ];
  if (method === 'CONNECT') fields.push([':protocol', 'websocket']);
  return fields;
}

function ordinaryField(random: SeededRandom): [string, string] {
  const names = [
    'accept',
    'user-agent',
    'x-test',
    'cookie',
    'cookie',
    'accept-encoding',
    'etag',
    'x_under',
  ] as const;
  const name = random.oneIn(6) ? random.text(NAME, 1 + random.below(10)) : random.of([...names]);
  return [name, random.text(TEXT, random.below(20)).trim()];
}

function damaged(random: SeededRandom, fields: [string, string][]): void {
  const at = random.below(fields.length + 1);
  switch (random.below(5)) {
    case 0:
      fields.splice(at, 1);
      break;
    case 1:
      fields.push(...fields.splice(at, 1));
      break;
    case 2:
      fields.splice(at, 0, ...fields.slice(at, at + 1));
      break;
    default:
      fields.splice(random.oneIn(2) ? fields.length : at, 0, random.of([...BROKEN]));
  }
}

/** A request's list; `contentBytes` becomes its content-length when it is not negative. */
export function requestFields(random: SeededRandom, contentBytes: number): string[] {
  const fields = pseudoFields(random);
  for (let count = random.below(5); count > 0; count -= 1) fields.push(ordinaryField(random));
  if (contentBytes >= 0) fields.push(['content-length', String(contentBytes)]);
  if (random.oneIn(4)) damaged(random, fields);
  if (random.oneIn(12)) damaged(random, fields);
  return fields.flat();
}

/** A trailer list. */
export function trailerFields(random: SeededRandom): string[] {
  const fields: [string, string][] = [];
  for (let count = random.below(3); count > 0; count -= 1) fields.push(ordinaryField(random));
  if (random.oneIn(3)) damaged(random, fields);
  return fields.flat();
}
