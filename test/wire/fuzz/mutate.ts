/** Damages inputs: bytes, lines, numbers and lengths, in the ways that make two readers disagree. */
import type { SeededRandom } from '../../support/random.js';

/** Bytes that end, fold, split or hide something for some reader. */
const SPECIAL: readonly [string, ...string[]] = [
  '\r',
  '\n',
  '\r\n',
  '\n\n',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x85',
  '\xa0',
  '\xff',
  ':',
  ';',
  ',',
  '"',
  '#',
  '@',
  '%00',
  '%0d%0a',
  '\\',
  '/',
  '0\r\n\r\n',
  '\r\n ',
  '\r\n\t',
  ' :',
  '\x1b',
  '\x00\r\n',
  '+',
  '-',
  '_',
  '\r\r\n',
  'x',
];

/** Words that smuggling is made of. */
export const SMUGGLING_LINES: readonly [string, ...string[]] = [
  'Content-Length: 0',
  'Content-Length: 5',
  'content-length: 00',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 0x5',
  'Content-Length: -0',
  'Content-Length: 5 5',
  'Content-Length:\t5\t',
  'Content-Length: 18446744073709551621',
  'Content-Length: 9007199254740993',
  'Content-Length:',
  'Content-Length : 5',
  'Content_Length: 5',
  'Content-Length\0: 5',
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: , chunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding:',
  'Transfer-Encoding: chunked,',
  ' Transfer-Encoding: chunked',
  'Transfer_Encoding: chunked',
  'TE: trailers',
  'Host: other.test',
  'Host: a, b',
  'Host:',
  'Host: user@a.test',
  'Host: a.test:x',
  'Host: [::1]:80',
  'Host: [::1',
  'host: a.test/',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: close, keep-alive',
  'Connection: host',
  'Connection: upgrade',
  'Connection: transfer-encoding',
  'Connection: content-length',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'Expect: 100-continue',
  'Expect: 100-Continue, x',
  'Expect: other',
  'Keep-Alive: timeout=0',
  'Proxy-Connection: keep-alive',
  'Trailer: content-length',
  'X: y',
  'X:',
  ': y',
  'X',
  'X y: z',
  'X: \xe9\xff',
  'X: a\rb',
  'X: a\nb',
  'X: a\0b',
  ' folded',
  '\tfolded',
  'GET /canary HTTP/1.1',
  'HTTP/1.1 200 OK',
  '0',
  'Cookie: a=b',
  'Set-Cookie: a=b',
  'Date: today',
  'Range: bytes=0-',
];

const NUMBER = /[0-9]+/g;

function cutAt(text: string, random: SeededRandom): [string, string] {
  const at = random.below(text.length + 1);
  return [text.slice(0, at), text.slice(at)];
}

function flipByte(text: string, random: SeededRandom): string {
  const at = random.below(text.length);
  const flipped = random.oneIn(2) ? random.below(256) : text.charCodeAt(at) ^ (1 << random.below(8));
  return text.slice(0, at) + String.fromCharCode(flipped & 0xff) + text.slice(at + 1);
}

function insertSpecial(text: string, random: SeededRandom): string {
  const [before, after] = cutAt(text, random);
  return before + random.of(SPECIAL) + after;
}

function removeBytes(text: string, random: SeededRandom): string {
  const at = random.below(text.length);
  return text.slice(0, at) + text.slice(at + 1 + random.below(4));
}

function editLine(text: string, random: SeededRandom): string {
  const lines = text.split('\r\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  switch (random.below(5)) {
    case 0:
      lines.splice(at, 0, line);
      break;
    case 1:
      lines.splice(at, 1);
      break;
    case 2:
      lines.splice(random.below(lines.length), 0, line);
      break;
    case 3:
      lines.splice(at, 0, random.of(SMUGGLING_LINES));
      break;
    default:
      lines.splice(at + 1, 0, ...line.split(': ').reverse());
  }
  return lines.join('\r\n');
}

function changeNumber(text: string, random: SeededRandom): string {
  const places = [...text.matchAll(NUMBER)];
  const place = places[random.below(Math.max(1, places.length))];
  if (place === undefined) return text;
  const value = Number(place[0]);
  const changed = random.of([
    String(value + 1),
    String(Math.max(0, value - 1)),
    `0${place[0]}`,
    `${place[0]}0`,
    value.toString(16),
    `${place[0]} `,
    '99999999999999999999',
  ]);
  return text.slice(0, place.index) + changed + text.slice(place.index + place[0].length);
}

function changeCase(text: string, random: SeededRandom): string {
  const at = random.below(text.length);
  const part = text.slice(at, at + 12);
  return (
    text.slice(0, at) + (random.oneIn(2) ? part.toUpperCase() : part.toLowerCase()) + text.slice(at + 12)
  );
}

function lineEnds(text: string, random: SeededRandom): string {
  const [before, after] = cutAt(text, random);
  return before + after.replace('\r\n', random.of(['\n', '\r', '\r\r\n', ' \r\n', '\r\n ', '\n\r', '']));
}

function truncate(text: string, random: SeededRandom): string {
  return cutAt(text, random)[0];
}

const DAMAGES = [
  flipByte,
  flipByte,
  insertSpecial,
  insertSpecial,
  removeBytes,
  editLine,
  editLine,
  changeNumber,
  changeCase,
  lineEnds,
  truncate,
] as const;

/** Damages latin1 text of lines a few times; `other` lends the second half of a splice. */
export function mutateText(random: SeededRandom, text: string, other: string): string {
  let damaged = text;
  if (random.oneIn(12)) damaged = cutAt(damaged, random)[0] + cutAt(other, random)[1];
  for (let count = 1 + random.below(3); count > 0 && damaged.length > 0; count -= 1) {
    damaged = random.of([...DAMAGES])(damaged, random);
  }
  return damaged;
}

/** Damages bytes that have no lines: flips, cuts, repeats, inserts. */
export function mutateBytes(random: SeededRandom, bytes: Buffer): Buffer {
  let damaged = bytes;
  for (let count = 1 + random.below(3); count > 0 && damaged.length > 0; count -= 1) {
    const at = random.below(damaged.length);
    const before = damaged.subarray(0, at);
    switch (random.below(6)) {
      case 0:
        damaged = before;
        break;
      case 1:
        damaged = Buffer.concat([before, damaged.subarray(at + 1 + random.below(8))]);
        break;
      case 2:
        damaged = Buffer.concat([before, random.bytes(1 + random.below(4)), damaged.subarray(at)]);
        break;
      case 3:
        damaged = Buffer.concat([before, damaged.subarray(Math.max(0, at - random.below(24)))]);
        break;
      default:
        damaged = Buffer.from(damaged);
        damaged[at] = random.oneIn(2) ? random.below(256) : (damaged[at] ?? 0) ^ (1 << random.below(8));
    }
  }
  return damaged;
}
