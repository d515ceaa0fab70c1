/** Drain, pause, maintenance and a reload under HTTP/1.1, HTTP/2, WebSocket, event stream and gRPC load: nothing fails, nothing that lasts is cut. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Client as GrpcClient, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { WebSocket, WebSocketServer } from 'ws';
import { listenLocally } from '../support/app-behind.js';
import { startControlled } from '../support/controlled.js';
import { until, within } from '../support/deadline.js';
import { Client, type ClientTarget, type Protocol } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

const TICK_MS = 20;
const PACE_MS = 10;
const ROUNDS = 3;

const asIs = (bytes: Buffer): Buffer => bytes;

/** Answers the number of body bytes, `/events` without end, and what WebSockets say. */
async function startApp(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const ticks = setInterval(() => response.write('data: tick\n\n'), TICK_MS);
      response.once('close', () => clearInterval(ticks));
      return;
    }
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.once('end', () => response.end(String(bytes)));
  });
  new WebSocketServer({ server }).on('connection', (socket) =>
    socket.on('message', (data) => socket.send(data)),
  );
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${await listenLocally(server)}`;
}

async function startGrpc(t: TestContext): Promise<string> {
  const server = new GrpcServer();
  const method = (path: string, isStream: boolean) => ({
    path,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  server.addService(
    { Say: method('/test.Echo/Say', false), Chat: method('/test.Echo/Chat', true) },
    {
      Say: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) =>
        done(null, call.request),
      Chat: (call: NodeJS.ReadWriteStream) => void call.pipe(call),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.after(() => server.forceShutdown());
  return `h2c://127.0.0.1:${port}`;
}

/** Something that goes on until it is stopped, and remembers what went wrong. */
interface Going {
  readonly failures: string[];
  readonly count: () => number;
  stop(): Promise<void>;
}

/** Does it again and again. @param once throws where it fails */
function repeat(t: TestContext, name: string, once: () => Promise<void>): Going {
  const failures: string[] = [];
  let count = 0;
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      try {
        await within(once(), PATIENCE_MS, name);
        count += 1;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // RFC 9113 §8.7: a refused stream was not processed, and clients send it again by themselves.
        if (!message.includes('REFUSED_STREAM')) failures.push(`${name}: ${message}`);
        if (failures.length > 20) return;
      }
      await pause(PACE_MS);
    }
  };
  const running = run();
  const stop = async (): Promise<void> => {
    isOver = true;
    await running;
  };
  t.after(stop);
  return { failures, count: () => count, stop };
}

function posting(t: TestContext, target: ClientTarget, protocol: Protocol): Going {
  const client = new Client(target, protocol);
  t.after(() => client.close());
  return repeat(t, `POST over ${protocol}`, async () => {
    const { status, text } = await client.request('/', { method: 'POST', body: Buffer.alloc(20_000) });
    assert.deepEqual([status, text], [200, '20000']);
  });
}

async function talking(t: TestContext, port: number): Promise<Going> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  t.after(() => socket.terminate());
  await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, 'a WebSocket');
  return repeat(t, 'a WebSocket', async () => {
    const answer = new Promise((resolve) => socket.once('message', resolve));
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.send('hello');
    await answer;
  });
}

async function watching(t: TestContext, target: ClientTarget, protocol: Protocol): Promise<Going> {
  const client = new Client(target, protocol);
  t.after(() => client.close());
  const { stream } = await client.open('/events');
  let ticks = 0;
  let ended = '';
  stream.on('data', () => {
    ticks += 1;
  });
  stream.once('close', () => {
    ended = 'it was cut';
  });
  stream.on('error', (error) => {
    ended = error.message;
  });
  let seen = 0;
  return repeat(t, `an event stream over ${protocol}`, async () => {
    await until(() => ticks > seen || ended !== '', PATIENCE_MS, 'a tick');
    assert.equal(ended, '');
    seen = ticks;
  });
}

function calling(t: TestContext, port: number, ca: string): readonly Going[] {
  const client = new GrpcClient(`localhost:${port}`, credentials.createSsl(Buffer.from(ca)));
  t.after(() => client.close());
  const unary = repeat(t, 'a gRPC call', () => {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest('/test.Echo/Say', asIs, asIs, Buffer.from('hello'), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  });
  const chat = client.makeBidiStreamRequest('/test.Echo/Chat', asIs, asIs);
  t.after(() => chat.cancel());
  let failure = '';
  chat.on('error', (error) => {
    failure = error.message;
  });
  const stream = repeat(t, 'a gRPC stream', async () => {
    assert.equal(failure, '');
    const answer = new Promise((resolve) => chat.once('data', resolve));
    chat.write(Buffer.from('hello'));
    await answer;
  });
  return [unary, stream];
}

test('nothing fails under drains, pauses, maintenance and a reload, and what lasts lives on', async (t) => {
  const apps = await Promise.all([startApp(t), startApp(t)]);
  const grpc = await Promise.all([startGrpc(t), startGrpc(t)]);
  const folder = makeWorkspace(t);
  const { front, control, post } = await startControlled(
    t,
    folder,
    ...['--listen', '127.0.0.1:0', '--http-processes', '2'],
    ...apps.flatMap((address) => ['--upstream', address]),
    ...grpc.flatMap((address) => ['--upstream', `/test.Echo=${address}`]),
  );
  const ca = readFileSync(folder.at('tlsfront/development/authority.pem'), 'utf8');
  const plain = { port: front.port('http'), ca: undefined };
  const secure = { port: front.port('https'), ca };
  const loads = [
    startLoad(t, plain, { path: '/', lanes: 2 }),
    startLoad(t, secure, { path: '/', lanes: 2, protocol: 'h2' }),
    startLoad(t, secure, { path: '/', lanes: 1, fresh: true }),
  ];
  const going = [
    posting(t, plain, 'http/1.1'),
    posting(t, secure, 'h2'),
    await talking(t, plain.port),
    await watching(t, plain, 'http/1.1'),
    await watching(t, secure, 'h2'),
    ...calling(t, secure.port, ca),
  ];
  const failures = (): readonly string[] => [...loads, ...going].flatMap((one) => one.failures);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const address of [...apps, ...grpc]) {
      // What lasts may be there: then it is drained all the same.
      await post(`/v1/drain?upstream=${encodeURIComponent(address)}&seconds=0.5`).catch((error: unknown) =>
        assert.match(String(error), /still in flight at .* after 0\.5 s; it is drained/),
      );
      await control.ask('POST', `/v1/undrain?upstream=${encodeURIComponent(address)}`);
      assert.deepEqual(failures(), [], `round ${round}: drain of ${address}`);
    }
    await control.ask('POST', '/v1/pause?seconds=60');
    await pause(200);
    await control.ask('POST', '/v1/resume');
    assert.deepEqual(failures(), [], `round ${round}: pause`);
    await control.ask('POST', '/v1/maintenance/on?allow=127.0.0.1');
    await pause(200);
    await control.ask('POST', '/v1/maintenance/off');
    assert.deepEqual(failures(), [], `round ${round}: maintenance`);
  }
  await post('/v1/reload');
  const counts = going.map(({ count }) => count());
  await until(
    () => going.every(({ count }, index) => count() > (counts[index] ?? 0)),
    PATIENCE_MS,
    'that all goes on',
  );
  await Promise.all([...loads, ...going].map((one) => one.stop()));
  assert.deepEqual(failures(), []);
  t.diagnostic(
    `${[...loads.map(({ answered }) => answered()), ...going.map(({ count }) => count())].join(', ')} answers`,
  );
});
