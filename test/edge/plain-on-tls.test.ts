/** Plain HTTP that comes to a TLS port: a browser is sent to https, the rest is told, and a local tool's WebSocket is served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.js';
import { eachEngine } from '../support/fronted.js';
import { PATIENCE_MS, SAMPLE_APP, type StartedFront } from '../support/started-front.js';

/** Sends text on a plain connection and reads to its end. */
async function say(port: number, ...pieces: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8').on('error', () => undefined);
  let answer = '';
  socket.on('data', (chunk: string) => {
    answer += chunk;
  });
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  await within(once(socket, 'close'), PATIENCE_MS, 'the end of the connection');
  return answer;
}

const CLOSE = 'Connection: close\r\n\r\n';

/** What is sent (PORT is the front's), and what the answer begins with or holds. */
const CASES: readonly (readonly [name: string, sent: readonly string[], wanted: RegExp])[] = [
  [
    'a GET is sent to the same place on https',
    [`GET /a?b=1 HTTP/1.1\r\nHost: localhost:PORT\r\n${CLOSE}`],
    /^HTTP\/1\.1 308 [\s\S]*location: https:\/\/localhost:PORT\/a\?b=1\r\n/i,
  ],
  [
    'a GET in pieces too',
    ['G', 'ET / HTTP/1.1\r\nHo', `st: app.test\r\n${CLOSE}`],
    /^HTTP\/1\.1 308 [\s\S]*location: https:\/\/app\.test\/\r\n/i,
  ],
  ['HEAD likewise', [`HEAD /x HTTP/1.1\r\nHost: a.test\r\n${CLOSE}`], /^HTTP\/1\.1 308 /],
  [
    'a POST is told what is wrong, and never redirected with its body',
    [`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n${CLOSE}abc`],
    /^HTTP\/1\.1 400 [\s\S]*This port speaks HTTPS/,
  ],
  [
    'HTTP/1.0 without Host is told',
    ['GET / HTTP/1.0\r\n\r\n'],
    /^HTTP\/1\.1 400 [\s\S]*This port speaks HTTPS/,
  ],
  ['what only begins like HTTP is malformed', ['HELO mail.test\r\n\r\n'], /^HTTP\/1\.1 (?:400|505) /],
  [
    'HTTP/2 without TLS is refused in words',
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    /^HTTP\/1\.1 (?:400|505) /,
  ],
];

function register(running: () => StartedFront): void {
  for (const [name, sent, wanted] of CASES) {
    test(name, async () => {
      const port = running().port();
      const answer = await say(port, ...sent.map((piece) => piece.replaceAll('PORT', String(port))));
      assert.match(answer.replaceAll(String(port), 'PORT'), wanted);
    });
  }

  test('a WebSocket from this machine is served (ws:// of Parcel)', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${running().port()}/ws`);
    await within(once(socket, 'open'), PATIENCE_MS, 'the WebSocket');
    socket.terminate();
  });

  test('other bytes that are no TLS end the connection', async () => {
    // An alert may come first.
    assert.doesNotMatch(await say(running().port(), '\x00\x01\x02\x03 no handshake'), /HTTP/);
  });
}

eachEngine(
  'plain HTTP on a TLS port of the development certificate',
  { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP },
  register,
);
