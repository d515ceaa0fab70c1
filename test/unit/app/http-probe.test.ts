/** What answers on a port, when the answer is known at once and when only the time limit tells. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { probeHttp } from '../../../app/http-probe.js';
import { within } from '../../support/deadline.js';
import { freePort } from '../../support/ports.js';

const WAIT_MS = 20_000;
/** What no test waits for. */
const NEVER_MS = 600_000;

/** Asks a server that writes this and keeps the connection open, or ends it. */
async function probed(t: TestContext, text: string, ends: boolean, patienceMs = NEVER_MS) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => (ends ? socket.end(text) : socket.write(text)));
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return within(probeHttp('127.0.0.1', address.port, patienceMs), WAIT_MS, 'the judgement');
}

const PAGE = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\n';
const REFUSAL = 'HTTP/1.1 400 Bad Request\r\n\r\n';

for (const [name, text, expected] of [
  ['a whole head', PAGE, 'page'],
  ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`, 'other-http'],
  ['another protocol', '+PONG', 'not-an-app'],
  ['a refusal with some text', `${REFUSAL}${'x'.repeat(60)}`, 'other-http'],
  ['the refusal of an inspector', `${REFUSAL}WebSockets request was expected\r\n`, 'not-an-app'],
] as const) {
  test(`${name} is judged while the connection stays open`, async (t) => {
    assert.equal(await probed(t, text, false), expected);
  });
}

for (const [name, text, expected] of [
  ['a refusal without a text', REFUSAL, 'other-http'],
  ['four bytes of another protocol', '+PON', 'not-an-app'],
  ['half a head', 'HTTP/1.1 204 No Content\r\nX: 1', 'other-http'],
] as const) {
  test(`${name} waits for more, and is judged at the end of the connection`, async (t) => {
    assert.equal(await probed(t, text, false, 300), 'silent');
    assert.equal(await probed(t, text, true), expected);
  });
}

test('nobody who listens is a refusal', async () => {
  assert.equal(
    await within(probeHttp('127.0.0.1', await freePort(), NEVER_MS), WAIT_MS, 'the refusal'),
    'refused',
  );
});
