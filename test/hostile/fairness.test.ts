/** Clients that are slow on purpose: the places at the app stay free, and a good client beside them loses no request. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/deadline.js';
import { windowUpdate } from '../support/http2-frames.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { BIG, ended, Scene, WAIT_MS } from './scene.js';

const CANCEL = 8;
const POST_H2 = [':method', 'POST', ':scheme', 'https', ':authority', 'localhost', ':path', '/slow'];
const GET_BIG = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/big'];

describe('slow clients, 256 places', () => {
  let scene: Scene;
  before(async () => {
    // The clients that read late must not be ended for that, however long the machine takes.
    scene = await Scene.start('--min-client-rate', '0');
  });
  after(() => scene.stop());

  for (const [name, head] of [
    ['with a length', 'Content-Length: 1000\r\n\r\na'],
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n'],
  ] as const) {
    test(`bodies of which a byte comes take no place (HTTP/1.1, ${name})`, async (t) => {
      const clients = await Promise.all(Array.from({ length: 40 }, () => RawHttp1Client.open(scene.address)));
      ended(t, clients);
      for (const client of clients) await client.send(`POST /slow HTTP/1.1\r\nHost: localhost\r\n${head}`);
      await scene.serveOthers();
      assert.equal(scene.begun.get('/slow'), undefined);
    });
  }

  test('bodies of which a byte comes take no place (HTTP/2)', async (t) => {
    const clients = await Promise.all([1, 2, 3].map(() => RawHttp2Client.open(scene.address)));
    ended(t, clients);
    for (const client of clients) {
      for (let stream = 1; stream < 200; stream += 2) {
        client.headers(stream, [...POST_H2, 'content-length', '1000'], false);
        client.data(stream, 'a', false);
      }
    }
    await scene.serveOthers();
    assert.equal(scene.begun.get('/slow'), undefined);
  });

  test('the rest of a body that was waited for arrives', async () => {
    const client = await RawHttp1Client.open(scene.address);
    await client.send('POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\na');
    await scene.serveOthers();
    await client.send('bcde');
    assert.ok(await client.settle(1, WAIT_MS));
    assert.equal(client.responses[0]?.status, 200);
    assert.equal(scene.begun.get('/late'), 1);
    client.socket.destroy();
  });

  test('answers that nobody reads leave the app (HTTP/2, no window)', async (t) => {
    const client = await RawHttp2Client.open(scene.address, [[4, 0]]);
    ended(t, [client]);
    for (let stream = 1; stream < 80; stream += 2) client.headers(stream, GET_BIG, true);
    await until(() => scene.begun.get('/big') === 40, WAIT_MS, 'all of the requests at the app');
    await scene.serveOthers();
    await until(() => scene.open.get('/big') === 0, WAIT_MS, 'the app done with all of them');
  });

  test('answers that nobody reads leave the app (HTTP/1.1), and come whole when they are read', async (t) => {
    const begun = scene.begun.get('/big') ?? 0;
    const clients = await Promise.all(Array.from({ length: 10 }, () => RawHttp1Client.open(scene.address)));
    ended(t, clients);
    for (const client of clients) {
      client.socket.pause();
      // Several, for the sockets' own buffers take much of one.
      await client.send('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(8));
    }
    await until(() => (scene.begun.get('/big') ?? 0) > begun, WAIT_MS, 'requests at the app');
    await until(() => scene.open.get('/big') === 0, WAIT_MS, 'the app done with what it was asked');
    await scene.serveOthers();
    for (const client of clients) client.socket.resume();
    for (const client of clients) {
      assert.ok(await client.settle(8, WAIT_MS));
      assert.equal(client.problem, undefined);
      for (const { status, body } of client.responses)
        assert.deepEqual([status, body.length], [200, BIG.length]);
    }
  });

  test('an early answer over HTTP/2 is not followed by a reset at once', async (t) => {
    const client = await RawHttp2Client.open(scene.address);
    ended(t, [client]);
    client.headers(1, [...POST_H2.slice(0, -1), '/early', 'expect', '100-continue'], false);
    assert.ok(await client.until(() => client.responses[0]?.complete === true, WAIT_MS));
    assert.equal(client.responses[0]?.status, 413);
    assert.equal(client.resetCodes.has(1), false);
    client.data(1, 'a'.repeat(1000), false);
    assert.ok(await client.until(() => client.resetCodes.get(1) === 0, WAIT_MS));
  });
});

describe('slow clients, one place', () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.start('--max-upstream-connections', '1');
  });
  after(() => scene.stop());

  test('a body of which a byte comes does not stop the app', async (t) => {
    const client = await RawHttp1Client.open(scene.address);
    ended(t, [client]);
    await client.send('POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na');
    await scene.serveOthers();
  });

  test('an answer that nobody reads does not stop the app', async (t) => {
    const client = await RawHttp2Client.open(scene.address, [[4, 0]]);
    ended(t, [client]);
    client.headers(1, GET_BIG, true);
    await until(() => scene.begun.get('/big') === 1, WAIT_MS, 'the request at the app');
    await scene.serveOthers();
  });
});

describe('requests that stream', () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.start(
      ...['--max-upstream-connections', '16', '--stream-requests', '/streamed'],
      ...['--min-client-rate', '500', '--min-client-rate-grace', '1s'],
    );
  });
  after(() => scene.stop());

  test('one address leaves places for another', async (t) => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawHttp1Client.open(scene.address)));
    ended(t, clients);
    for (const client of clients)
      await client.send('POST /streamed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na');
    await until(() => scene.begun.get('/streamed') === 14, WAIT_MS, 'seven eighths of the places in use');
    await scene.serveOthers();
    assert.equal(scene.begun.get('/streamed'), 14);
  });

  test('a body that comes too slowly is 408', async (t) => {
    const client = await RawHttp1Client.open(scene.address);
    ended(t, [client]);
    await client.send('POST /rate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => client.socket.write('a'), 100);
    t.after(() => clearInterval(drip));
    assert.ok(await client.settle(1, WAIT_MS));
    assert.equal(client.responses[0]?.status, 408);
    assert.equal(scene.begun.get('/rate'), undefined);
  });

  test('below --stream-requests a body may be slow', async (t) => {
    const client = await RawHttp1Client.open(scene.address);
    ended(t, [client]);
    await client.send('POST /streamed/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n');
    let sent = 0;
    const drip = setInterval(() => {
      if (sent < 30) client.socket.write('a');
      sent += 1;
    }, 100);
    t.after(() => clearInterval(drip));
    assert.ok(await client.settle(1, WAIT_MS));
    assert.equal(client.responses[0]?.status, 200);
  });
});

describe('answers that are taken too slowly', () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.start('--min-client-rate-grace', '1s');
  });
  after(() => scene.stop());

  test('an answer that is taken too slowly is cut (HTTP/1.1)', async (t) => {
    const client = await RawHttp1Client.open(scene.address);
    ended(t, [client]);
    client.socket.pause();
    await client.send('GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20));
    await scene.front.logged(/^warning: 127\.0\.0\.1 is too slow: .*--min-client-rate$/m);
    client.socket.resume();
    assert.ok(await client.until(() => client.closed, WAIT_MS));
    assert.ok(client.responses.length < 20);
  });

  test('an answer that is taken too slowly is cut (HTTP/2); event streams and gRPC beside it go on', async (t) => {
    const client = await RawHttp2Client.open(scene.address, [[4, 0]]);
    ended(t, [client]);
    const of = (path: string, ...more: string[]): string[] => [...GET_BIG.slice(0, -1), path, ...more];
    client.headers(1, of('/events'), true);
    client.headers(
      3,
      [':method', 'POST', ...of('/call').slice(2), 'content-type', 'application/grpc'],
      false,
    );
    client.headers(5, GET_BIG, true);
    // A byte now and then is no rate.
    const drip = setInterval(() => client.write(windowUpdate(5, 1)), 100);
    t.after(() => clearInterval(drip));
    assert.ok(await client.until(() => client.resetCodes.get(5) === CANCEL, WAIT_MS));
    assert.deepEqual([...client.resetCodes.keys()], [5]);
    client.write(Buffer.concat([windowUpdate(1, 100), windowUpdate(3, 100)]));
    const bytesOf = (stream: number): number =>
      client.responses.find((response) => response.stream === stream)?.body.length ?? 0;
    assert.ok(await client.until(() => bytesOf(1) >= 100 && bytesOf(3) >= 100, WAIT_MS));
  });
});
