/** Apps named h2c:// that are not there, speak something else, stall, or let go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards } from '../support/workspace.js';

async function portOf(ends: Afterwards, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : assert.fail();
}

/** A server that treats each connection so. */
function raw(ends: Afterwards, treat: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    treat(socket);
  });
  const port = portOf(ends, server);
  ends.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return port;
}

/** A server that stops in the middle of its answer. */
function stalling(ends: Afterwards): Promise<number> {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    stream.write('half');
  });
  return portOf(ends, server);
}

/** A server that refuses every second stream, and says which it answers. */
function refusing(ends: Afterwards): Promise<number> {
  let asked = 0;
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    asked += 1;
    if (asked % 2 === 1) stream.close(7);
    else {
      stream.respond({ ':status': 200 });
      stream.end(`answer ${asked}`);
    }
  });
  return portOf(ends, server);
}

describe('an app named h2c://', () => {
  const ends = new Afterwards();
  let front: StartedFront;
  before(async () => {
    const ports: Readonly<Record<string, number>> = {
      nobody: await freePort(),
      http1: await raw(ends, (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\n\r\n'))),
      closing: await raw(ends, (socket) => socket.destroy()),
      silent: await raw(ends, (socket) => socket.resume()),
      stalling: await stalling(ends),
      refusing: await refusing(ends),
    };
    const routes = Object.entries(ports).flatMap(([name, port]) => [
      '--upstream',
      `/${name}=h2c://127.0.0.1:${port}`,
    ]);
    const limits = ['--hold', '0', '--timeout-upstream-head', '300ms', '--timeout-upstream-idle', '300ms'];
    front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', ...routes, ...limits] });
    ends.after(() => front.stop());
  });
  after(() => ends.run());

  for (const protocol of PROTOCOLS) {
    const client = async (work: (client: Client) => Promise<void>): Promise<void> => {
      const one = new Client({ port: front.port(), ca: front.ca }, protocol);
      await work(one).finally(() => one.close());
    };

    test(`that is not there is 503 (${protocol})`, () =>
      client(async (one) => assert.equal((await one.request('/nobody')).status, 503)));

    test(`that speaks HTTP/1.1 is 502 (${protocol})`, () =>
      client(async (one) => assert.equal((await one.request('/http1')).status, 502)));

    test(`that closes at once is 502, for a POST too (${protocol})`, () =>
      client(async (one) => {
        assert.equal((await one.request('/closing')).status, 502);
        assert.equal((await one.request('/closing', { method: 'POST', body: 'x' })).status, 502);
      }));

    test(`that says nothing is 504 (${protocol})`, () =>
      client(async (one) => assert.equal((await one.request('/silent')).status, 504)));

    test(`that stops in the middle is cut after the idle time (${protocol})`, () =>
      client((one) => assert.rejects(one.request('/stalling'))));

    test(`that refuses a stream gets it once more (${protocol})`, () =>
      client(async (one) => {
        const { text } = await one.request('/refusing');
        assert.equal(text, protocol === PROTOCOLS[0] ? 'answer 2' : 'answer 4');
      }));
  }
});
