/** Builds HTTP/1.1 messages from the grammar of RFC 9110 and 9112, and damages most of them. */
import type { SeededRandom } from '../../support/random.js';
import { mutateText, SMUGGLING_LINES } from './mutate.js';

const TOKEN = "abcXYZ019!#$%&'*+-.^_`|~";
const TEXT = 'abc XYZ019\t!"#$%&()*+,-./:;<=>?@[]^_`{|}~\x80\xe9\xff';
const PATH = "abcXYZ019-._~!$&'()*+,;=:@/%41%";
const HEX = '0123456789abcdefABCDEF';

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'M-SEARCH',
  'CONNECT',
  'TRACE',
] as const;
const ORDINARY = [
  'Accept',
  'User-Agent',
  'X-Test',
  'cookie',
  'Accept-Encoding',
  'content-type',
  'ETag',
  'x_under',
  'VIA',
  'Te',
] as const;
const STATUSES = [200, 200, 200, 201, 204, 206, 301, 304, 404, 500, 100, 102, 103, 101, 205, 599] as const;

/** Statuses that say too much, too little, or nothing. */
const CGI_STATUS_LINES: readonly [string, ...string[]] = [
  'Status: 200',
  'status: 404 No',
  'STATUS: 101 Switching',
  'Status: 100',
  'Status: 99',
  'Status: 600',
  'Status: 2000',
  'Status:',
  'Status: OK',
  'Status: 0200',
  'Status: +200',
  'Status: 200,404',
];

/** An optional blank as RFC 9110 §5.6.3 allows around values. */
function blank(random: SeededRandom): string {
  return random.oneIn(6) ? random.text(' \t', random.below(3)) : ' ';
}

function ordinaryLine(random: SeededRandom): string {
  const name = random.oneIn(6) ? random.text(TOKEN, 1 + random.below(12)) : random.of([...ORDINARY]);
  return `${name}:${blank(random)}${random.text(TEXT, random.below(24))}${random.oneIn(6) ? blank(random) : ''}`;
}

function extension(random: SeededRandom): string {
  if (!random.oneIn(6)) return '';
  return random.of([
    ';a',
    ';a=b',
    ';a="b c"',
    ' ; a = b',
    ';a="\\""',
    ';',
    ';;a',
    `;${random.text(TEXT, 5)}`,
    ';a="\xe9"',
  ]);
}

/** A chunked content (RFC 9112 §7.1) with its last chunk and perhaps trailers. */
export function chunkedContent(random: SeededRandom): string {
  let content = '';
  for (let count = random.below(4); count > 0; count -= 1) {
    const data = random.text(`${TEXT}\r\n`, 1 + random.below(20));
    const size = data.length.toString(16);
    content += `${random.oneIn(8) ? '0'.repeat(random.below(16)) : ''}${random.oneIn(4) ? size.toUpperCase() : size}`;
    content += `${extension(random)}\r\n${data}\r\n`;
  }
  content += `${random.oneIn(8) ? '000' : '0'}${extension(random)}\r\n`;
  if (random.oneIn(4)) {
    for (let count = 1 + random.below(3); count > 0; count -= 1) {
      content += `${random.oneIn(4) ? random.of(SMUGGLING_LINES) : ordinaryLine(random)}\r\n`;
    }
  }
  return `${content}\r\n`;
}

function requestTarget(random: SeededRandom, method: string): string {
  if (method === 'CONNECT') return random.of(['a.test:443', '[::1]:80', 'a.test', 'a.test:443/', '/', '*']);
  if (random.oneIn(12))
    return random.of(['*', '', '//a.test/x', 'http:/x', 'ftp://a.test/', `/${random.text(TEXT, 6)}`]);
  const path = `/${random.text(PATH, random.below(12))}${random.oneIn(4) ? `?${random.text(PATH, 5)}` : ''}`;
  if (random.oneIn(8)) {
    const authority = random.of([
      'a.test',
      'other.test',
      'A.test:80',
      '[::1]:8080',
      'u@a.test',
      'a.test:',
      '',
    ]);
    return `${random.of(['http', 'https', 'HTTP', 'ws'])}://${authority}${random.oneIn(4) ? '' : path}`;
  }
  return path;
}

function shuffled(random: SeededRandom, lines: string[]): string[] {
  for (let at = lines.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    const line = lines[at] ?? '';
    lines[at] = lines[other] ?? '';
    lines[other] = line;
  }
  return lines;
}

/** Lines and content that fit together: none, by length, or chunked. */
function framed(random: SeededRandom, lines: string[]): string {
  switch (random.below(4)) {
    case 0: {
      lines.push(
        `${random.of(['Transfer-Encoding', 'transfer-encoding'])}:${blank(random)}${random.of(['chunked', 'Chunked'])}`,
      );
      return chunkedContent(random);
    }
    case 1: {
      const content = random.text(`${TEXT}\r\n`, random.below(30));
      lines.push(`${random.of(['Content-Length', 'content-length'])}:${blank(random)}${content.length}`);
      return content;
    }
    default:
      return '';
  }
}

function requestText(random: SeededRandom): string {
  const method = random.oneIn(16) ? random.text(TOKEN, 1 + random.below(10)) : random.of([...METHODS]);
  const version = random.oneIn(10)
    ? random.of([
        'HTTP/1.0',
        'HTTP/1.0',
        'HTTP/1.2',
        'HTTP/2.0',
        'HTTP/0.9',
        'http/1.1',
        'HTTP/1.10',
        'HTTP/01.1',
        '',
      ])
    : 'HTTP/1.1';
  const lines: string[] = [];
  if (!random.oneIn(20))
    lines.push(
      `Host:${blank(random)}${random.of(['a.test', 'a.test:8080', '[::1]', 'a_b.test', '127.0.0.1:80'])}`,
    );
  for (let count = random.below(4); count > 0; count -= 1) lines.push(ordinaryLine(random));
  if (random.oneIn(5)) lines.push(random.of(SMUGGLING_LINES));
  const content = framed(random, lines);
  const head = `${method} ${requestTarget(random, method)} ${version}\r\n${shuffled(random, lines).join('\r\n')}`;
  return `${head}${lines.length === 0 ? '' : '\r\n'}\r\n${content}`;
}

/** The request that follows whatever came before: its number says where a reader stood. */
export function canary(number: number): string {
  return `GET /canary/${number} HTTP/1.1\r\nHost: canary.test\r\n\r\n`;
}

/** One to three requests, mostly damaged, with a canary after each. */
export function requestStream(random: SeededRandom): string {
  let stream = '';
  for (let number = 0, count = 1 + random.below(3); number < count; number += 1) {
    const text = requestText(random);
    const sent = random.below(10) < 4 ? mutateText(random, text, requestText(random)) : text;
    stream += sent + repetition(random, sent, 'GET /again HTTP/1.1') + canary(number);
  }
  return stream;
}

/** Sometimes the message once more, or its fields beneath another start line: a decoder remembers those of the last head. */
function repetition(random: SeededRandom, message: string, startLine: string): string {
  if (!random.oneIn(3)) return '';
  return random.oneIn(2) ? message : startLine + message.slice(Math.max(0, message.indexOf('\r\n')));
}

function responseText(random: SeededRandom): string {
  const status = random.oneIn(20) ? random.below(1000) : random.of([...STATUSES]);
  const lines: string[] = [];
  for (let count = random.below(4); count > 0; count -= 1) lines.push(ordinaryLine(random));
  if (random.oneIn(5)) lines.push(random.of(SMUGGLING_LINES));
  if (status === 101 && !random.oneIn(4)) lines.push('Connection: Upgrade', 'Upgrade: websocket');
  const isBare = status < 200 || status === 204 || status === 304;
  const content = isBare && !random.oneIn(4) ? '' : framed(random, lines);
  const version = random.oneIn(10)
    ? random.of(['HTTP/1.0', 'HTTP/1.2', 'HTTP/2', 'ICY', 'http/1.1'])
    : 'HTTP/1.1';
  const reason = random.of([' OK', ' ', '', ' Not Found', ` ${random.text(TEXT, 6)}`]);
  const head = `${version} ${status}${reason}\r\n${shuffled(random, lines).join('\r\n')}`;
  return `${head}${lines.length === 0 ? '' : '\r\n'}\r\n${content}`;
}

/** A response as a CGI program begins it (RFC 3875 §6): fields, of which Status is one. */
function cgiText(random: SeededRandom): string {
  const lines: string[] = [];
  const status = random.of([...STATUSES]);
  if (!random.oneIn(6)) lines.push(`Status:${blank(random)}${status}${random.of([' OK', '', ' Not Found'])}`);
  if (random.oneIn(12)) lines.push(random.of(CGI_STATUS_LINES));
  for (let count = random.below(4); count > 0; count -= 1) lines.push(ordinaryLine(random));
  const isBare = status < 200 || status === 204 || status === 304;
  const content = isBare && !random.oneIn(4) ? '' : framed(random, lines);
  if (lines.length === 0) lines.push('Content-Type: text/plain');
  return `${shuffled(random, lines).join('\r\n')}\r\n\r\n${content}`;
}

/** The answer of a uWSGI worker, as HTTP or as CGI, often damaged. */
export function workerResponse(random: SeededRandom): string {
  const make = random.oneIn(3) ? responseText : cgiText;
  const text = make(random);
  return random.below(10) < 4 ? mutateText(random, text, make(random)) : text;
}

/** One to three responses, mostly damaged. */
export function responseStream(random: SeededRandom): string {
  let stream = '';
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const text = responseText(random);
    const sent = random.below(10) < 4 ? mutateText(random, text, responseText(random)) : text;
    stream += sent + repetition(random, sent, 'HTTP/1.1 404 Not Found');
  }
  return stream;
}

/** A chunked content, mostly damaged, and what follows it. */
export function chunkedStream(random: SeededRandom): string {
  const text = chunkedContent(random);
  const size = `${random.text(HEX, 1 + random.below(20))}\r\n`;
  const damaged =
    random.below(10) < 4 ? mutateText(random, text, random.oneIn(4) ? size : chunkedContent(random)) : text;
  return damaged + canary(0);
}
