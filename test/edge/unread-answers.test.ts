/** Answers that a client asks for at once and does not read are taken from the app as long as there is room for what is left of them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

const ANSWER = Buffer.alloc(3 * 1024 ** 2, 'x');
/** All that the app has for anybody. */
const PLACES = 4;

test('unread answers that fit into the spool together leave their places at the app', async (t) => {
  const app = createServer((request, response) => response.end(request.url === '/large' ? ANSWER : 'small'));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--upstream', String(await listenLocally(app))],
      // Of which one client may have 14 MiB, as long as nobody else wants any; 8 MiB of one answer.
      ...['--max-spool-bytes', '16m', '--max-upstream-connections', String(PLACES)],
      // Nothing else ends what is not read, or what waits for a place.
      ...['--min-client-rate', '0', '--timeout-client-write', '10m', '--timeout-connect', '10m'],
    ],
  });
  const session = connect(`https://localhost:${front.port()}`, { ca: front.ca });
  session.on('error', () => undefined);
  t.after(async () => {
    session.destroy();
    await front.stop();
  });
  const heads = Array.from({ length: PLACES }, () => {
    const stream = session.request({ ':path': '/large' });
    stream.on('error', () => undefined);
    return new Promise((resolve) => stream.once('response', resolve));
  });
  await Promise.all(heads);
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/small')).text, 'small');
});
