/** Apps that stream, and clients that go on until they are stopped: requests with bodies, WebSockets, event streams, gRPC. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Client as GrpcClient, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { WebSocket, WebSocketServer } from 'ws';
import { listenLocally } from './app-behind.js';
import { until, within } from './deadline.js';
import { Client, type ClientTarget, type Protocol } from './https-client.js';
import { PATIENCE_MS } from './started-front.js';

const TICK_MS = 20;
const PACE_MS = 10;
const asIs = (bytes: Buffer): Buffer => bytes;

/** Answers the number of body bytes, `/events` without end, and what WebSockets say. */
export async function startStreamingApp(t: TestContext): Promise<string> {
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

export async function startGrpcApp(t: TestContext): Promise<string> {
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
export interface Going {
  readonly failures: string[];
  readonly count: () => number;
  stop(): Promise<void>;
}

/**
 * Does it again and again.
 * @param once throws where it fails
 * @param leave what the client does when it is stopped
 */
function repeat(t: TestContext, name: string, once: () => Promise<void>, leave: () => void): Going {
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
    leave();
  };
  t.after(stop);
  return { failures, count: () => count, stop };
}

export function posting(t: TestContext, target: ClientTarget, protocol: Protocol): Going {
  const client = new Client(target, protocol);
  const post = async (): Promise<void> => {
    const { status, text } = await client.request('/', { method: 'POST', body: Buffer.alloc(20_000) });
    assert.deepEqual([status, text], [200, '20000']);
  };
  return repeat(t, `POST over ${protocol}`, post, () => client.close());
}

export async function talking(t: TestContext, port: number): Promise<Going> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  await within(new Promise((resolve) => socket.once('open', resolve)), PATIENCE_MS, 'a WebSocket');
  const talk = async (): Promise<void> => {
    const answer = new Promise((resolve) => socket.once('message', resolve));
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.send('hello');
    await answer;
  };
  return repeat(t, 'a WebSocket', talk, () => socket.terminate());
}

export async function watching(t: TestContext, target: ClientTarget, protocol: Protocol): Promise<Going> {
  const client = new Client(target, protocol);
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
  const watch = async (): Promise<void> => {
    await until(() => ticks > seen || ended !== '', PATIENCE_MS, 'a tick');
    assert.equal(ended, '');
    seen = ticks;
  };
  return repeat(t, `an event stream over ${protocol}`, watch, () => client.close());
}

export function calling(t: TestContext, port: number, ca: string): readonly Going[] {
  const client = new GrpcClient(`localhost:${port}`, credentials.createSsl(Buffer.from(ca)));
  const call = (): Promise<void> => {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest('/test.Echo/Say', asIs, asIs, Buffer.from('hello'), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  };
  const chat = client.makeBidiStreamRequest('/test.Echo/Chat', asIs, asIs);
  let failure = '';
  chat.on('error', (error) => {
    failure = error.message;
  });
  const say = async (): Promise<void> => {
    assert.equal(failure, '');
    const answer = new Promise((resolve) => chat.once('data', resolve));
    chat.write(Buffer.from('hello'));
    await answer;
  };
  return [
    repeat(t, 'a gRPC call', call, () => {}),
    repeat(t, 'a gRPC stream', say, () => {
      chat.cancel();
      client.close();
    }),
  ];
}
