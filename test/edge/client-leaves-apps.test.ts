/** A client that leaves takes its request with it also where the app is still being reached, speaks HTTP/2, has become a tunnel or is compressed on the way. */
import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { until, within } from '../support/deadline.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { openSocket } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { Afterwards } from '../support/workspace.js';

const ends = new Afterwards();
/** When a request or connection of this name is gone at the app. */
const gone = new Map<string, { readonly over: Promise<unknown> }>();
/** An error on the way is an end too. */
function closing(one: EventEmitter): { readonly over: Promise<unknown> } {
  return { over: new Promise((resolve) => one.once('close', resolve)) };
}

const shaking: Socket[] = [];
const TEXT = 'all work and no play makes jack a dull boy\n'.repeat(200);

/** Never says anything: a handshake with it lasts for ever. */
const mute = createServer((socket) => {
  shaking.push(socket);
  gone.set('handshake', closing(socket));
  socket.on('error', () => undefined).resume();
});

const overHttp2 = createHttp2Server();
overHttp2.on('stream', (stream, headers) => {
  gone.set(String(headers[':path']), closing(stream));
  stream.on('error', () => undefined).resume();
  if (headers[':path'] === '/h2c/early') {
    stream.once('data', () => {
      stream.respond({ ':status': 200 });
      stream.end('heard');
    });
  }
  if (String(headers[':path']).includes('half')) {
    stream.respond({ ':status': 200, 'content-type': 'text/plain' });
    stream.write('half');
  }
});

const plain = createHttpServer((request, response) => {
  gone.set(request.url ?? '', closing(request.socket));
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  const more = (): void => {
    while (!response.destroyed && response.write(TEXT));
  };
  response.on('drain', more);
  more();
});
plain.on('upgrade', (request, socket: Duplex) => {
  gone.set(request.url ?? '', closing(socket));
  socket.on('error', () => undefined).resume();
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello');
});

let front: StartedFront;

async function portOf(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  ends.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

before(async () => {
  const [silent, http2, http1] = [await portOf(mute), await portOf(overHttp2), await portOf(plain)];
  front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--compress', '--timeout-connect', '2s'],
      ...['--upstream', `/handshake=https://127.0.0.1:${silent}`],
      ...['--upstream', `/h2c=h2c://127.0.0.1:${http2}`, '--upstream', `/plain=127.0.0.1:${http1}`],
    ],
  });
  ends.after(() => front.stop());
});
after(() => ends.run());

let count = 0;

/** Sends a request, waits until it is at the app under `name`, leaves, and waits for its end there. */
async function leave(
  protocol: (typeof PROTOCOLS)[number],
  path: string,
  name: string,
  hasHead: boolean,
): Promise<void> {
  const client = new Client({ port: front.port(), ca: front.ca }, protocol);
  const headers = { 'accept-encoding': 'gzip' };
  const reply = client.open(path, { headers }).then(
    ({ stream }) => void stream.on('error', () => undefined),
    () => undefined,
  );
  const { over } = await until(() => gone.get(name), PATIENCE_MS, 'the request at the app');
  if (hasHead) await reply;
  client.close();
  await within(over, PATIENCE_MS, 'its end at the app');
}

for (const protocol of PROTOCOLS) {
  describe(`a client that leaves over ${protocol}`, () => {
    // Another request may take the connection over once it is made, but not for longer than --timeout-connect.
    test('while the handshake with the app is under way', async () => {
      gone.delete('handshake');
      await leave(protocol, '/handshake', 'handshake', false);
      assert.ok(shaking.every(({ destroyed }) => destroyed));
    });

    for (const moment of ['waiting', 'half']) {
      test(`an app over HTTP/2, ${moment === 'half' ? 'with half of the answer' : 'before the answer'}`, async () => {
        const path = `/h2c/${moment}-${++count}`;
        await leave(protocol, path, path, moment === 'half');
      });
    }

    test('an endless answer that is compressed and not read', async () => {
      const path = `/plain/text-${++count}`;
      await leave(protocol, path, path, true);
    });
  });
}

test('a client that leaves a tunnel', async () => {
  for (const how of ['destroy', 'end'] as const) {
    const path = `/plain/tunnel-${how}`;
    const socket = await openSocket({ port: front.port(), ca: front.ca }, 'http/1.1');
    socket.on('error', () => undefined);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`);
    await within(once(socket, 'data'), PATIENCE_MS, '101');
    socket[how]();
    await within(
      gone.get(path)?.over ?? assert.fail('no tunnel'),
      PATIENCE_MS,
      `the end of the tunnel after ${how}`,
    );
    socket.destroy();
  }
});

test('HTTP/2 apps that answer before a request has ended never end the router', async () => {
  const router = front.pid('http');
  const client = await RawHttp2Client.open({ port: front.port(), ca: front.ca });
  const call = ['content-type', 'application/grpc', 'te', 'trailers'];
  const head = [
    ':method',
    'POST',
    ':scheme',
    'https',
    ':authority',
    'localhost',
    ':path',
    '/h2c/early',
    ...call,
  ];
  for (let stream = 1; stream < 80; stream += 2) {
    client.headers(stream, head, false);
    client.data(stream, 'hello', false);
    assert.ok(
      await client.until(
        () => client.responses.some((one) => one.stream === stream && one.complete),
        PATIENCE_MS,
      ),
      `the answer on stream ${stream}: ${front.log}`,
    );
  }
  client.socket.destroy();
  assert.equal(front.pid('http'), router);
});
