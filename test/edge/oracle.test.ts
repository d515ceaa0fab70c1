/** The oracle itself: what it must call a violation, what it must count, and that the raw clients read what real peers write. */
import assert from 'node:assert/strict';
import { createSecureServer } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { testCertificates } from '../support/certificates.js';
import { within } from '../support/deadline.js';
import { HUFFMAN_LENGTHS, readHeaderBlock, writeHeaderBlock } from '../support/minimal-hpack.js';
import { Oracle } from '../support/oracle.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { type StrictMessage, StrictParser } from '../support/strict-parser.js';
import { hostileCases } from './cases/all-hostile.js';
import { requestCases } from './cases/all-requests.js';
import { libraryLimits } from './cases/library-limits.js';

function read(
  kind: 'request' | 'response',
  text: string,
  step = text.length,
): StrictParser & { seen: StrictMessage[] } {
  const seen: StrictMessage[] = [];
  const parser = new StrictParser(kind, { head: (message) => seen.push(message), end: () => undefined });
  for (let at = 0; at < text.length; at += step) parser.feed(text.slice(at, at + step));
  return Object.assign(parser, { seen });
}

const HEAD = 'POST /a HTTP/1.1\r\nHost: a\r\n';

const VIOLATIONS: ReadonlyArray<readonly [string, string]> = [
  ['bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
  ['bare CR in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n'],
  ['NUL in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n'],
  ['space before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n'],
  ['obs-fold', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['userinfo in Host', 'GET / HTTP/1.1\r\nHost: b@a\r\n\r\n'],
  ['fragment', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['other version', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['* of GET', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['length beside coding', `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  ['signed length', `${HEAD}Content-Length: +5\r\n\r\nhello`],
  ['unknown coding', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['coding in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunk size', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`],
  ['chunk without CRLF', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n`],
  ['chunk extension', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n`],
  ['framing trailer', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n`],
  ['bytes after a body', `${HEAD}Content-Length: 5\r\n\r\nhello0\r\n\r\n`],
  ['an extra CRLF', `${HEAD}Content-Length: 5\r\n\r\nhello\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`],
];

for (const [name, text] of VIOLATIONS) {
  test(`the strict parser refuses ${name}, in one piece and octet by octet`, () => {
    assert.notEqual(read('request', text).violation, undefined);
    assert.notEqual(read('request', text, 1).violation, undefined);
  });
}

test('the strict parser reads pipelined messages alike for every split', () => {
  const text = `${HEAD}Content-Length: 5\r\n\r\nhello${HEAD}Transfer-Encoding: chunked\r\n\r\n2;a="b"\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (let step = 1; step < 40; step += 1) {
    const { seen, violation, idle } = read('request', text, step);
    assert.equal(violation, undefined);
    assert.equal(idle, true);
    assert.deepEqual(
      seen.map((message) => [message.target, message.body, message.trailers.join(), message.complete]),
      [
        ['/a', 'hello', '', true],
        ['/a', 'hello', 'X-Sum,1', true],
        ['/b', '', '', true],
      ],
    );
  }
});

test('a message that is cut stays incomplete', () => {
  for (const rest of [
    'Content-Length: 5\r\n\r\nhell',
    'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n',
  ]) {
    const { seen } = read('request', HEAD + rest);
    assert.equal(seen[0]?.complete, false);
  }
});

test('the oracle records a violation, blames its token and closes', async (t) => {
  const oracle = await new Oracle().start();
  t.after(() => oracle.stop());
  const token = oracle.token();
  const socket = connect(oracle.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => undefined);
  socket.write(`GET /${token} HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE ${token}\r\n\r\n`);
  socket.resume();
  await within(closed, 30_000, 'the oracle closing');
  assert.equal(oracle.messagesOf(token).length, 1);
  assert.equal(oracle.violationsOf(token).length, 1);
});

test('the lengths of the Huffman code fill its tree', () => {
  assert.equal(HUFFMAN_LENGTHS.length, 257);
  assert.equal(
    HUFFMAN_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0),
    1,
  );
});

test('the small header reader reads what it writes', () => {
  const fields = [':status', '200', 'x', 'v'.repeat(5000), 'y', ''];
  assert.deepEqual(readHeaderBlock(writeHeaderBlock(fields)), fields);
});

test('the raw HTTP/2 client reads the Huffman strings of nghttp2 and fills windows in both directions', async (t) => {
  const all = await testCertificates();
  const text = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
    .join('')
    .trim();
  const server = createSecureServer({ cert: all.chainPem, key: all.leaf.keyPem });
  server.on('stream', (stream) => {
    let octets = 0;
    stream.on('data', (chunk: Buffer) => {
      octets += chunk.length;
    });
    stream.on('end', () => {
      stream.respond({ ':status': 200, 'x-text': text });
      stream.end('y'.repeat(octets));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  const client = await RawHttp2Client.open({ port, ca: all.root.certPem });
  client.headers(1, [':method', 'POST', ':scheme', 'https', ':authority', 'localhost', ':path', '/'], false);
  await client.body(1, 'x'.repeat(300_000), true);
  assert.equal(await client.settle(1, 30_000), true);
  assert.equal(client.responses[0]?.body.length, 300_000);
  assert.equal(client.responses[0]?.headers[client.responses[0].headers.indexOf('x-text') + 1], text);
  await client.finish(1000);
});

test('every case has its own id and names its reference', () => {
  const rows = [...requestCases, ...hostileCases];
  assert.ok(requestCases.length >= 250 && hostileCases.length >= 40);
  assert.equal(new Set(requestCases.map(({ id }) => id)).size, requestCases.length);
  assert.equal(new Set(hostileCases.map(({ id }) => id)).size, hostileCases.length);
  assert.ok(rows.every(({ reference }) => reference.length > 10));
  const ids = new Set(requestCases.map(({ id }) => id));
  assert.deepEqual(
    [...libraryLimits.keys()].filter((id) => !ids.has(id)),
    [],
  );
});
