/** gRPC with the real client and server (@grpc/grpc-js) through the front to an h2c upstream. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import {
  Client,
  type ClientDuplexStream,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { until, within } from '../support/deadline.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const pass = (bytes: Buffer): Buffer => bytes;

function method(path: string, requestStream: boolean, responseStream: boolean): ServiceDefinition[string] {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  };
}

const SERVICE: ServiceDefinition = {
  echo: method('/test.Echo/Echo', false, false),
  refuse: method('/test.Echo/Refuse', false, false),
  hang: method('/test.Echo/Hang', false, false),
  count: method('/test.Echo/Count', false, true),
  sum: method('/test.Echo/Sum', true, false),
  chat: method('/test.Echo/Chat', true, true),
};

/** Calls that the server saw cancelled. */
let cancelled = 0;

const echo: handleUnaryCall<Buffer, Buffer> = (call, done) => {
  const answer = new Metadata();
  answer.set('seen', String(call.metadata.get('asked')[0] ?? ''));
  call.sendMetadata(answer);
  const trailer = new Metadata();
  trailer.set('after', 'all');
  done(null, call.request, trailer);
};

/** Nothing was sent before: a trailers-only answer. */
const refuse: handleUnaryCall<Buffer, Buffer> = (_call, done) =>
  done({ code: status.PERMISSION_DENIED, details: 'not you' });

const hang: handleUnaryCall<Buffer, Buffer> = (call) => {
  call.on('cancelled', () => {
    cancelled += 1;
  });
};

const count: handleServerStreamingCall<Buffer, Buffer> = (call) => {
  for (let at = 0; at < 100; at += 1) call.write(Buffer.from(String(at)));
  call.end();
};

const sum: handleClientStreamingCall<Buffer, Buffer> = (call, done) => {
  let total = 0;
  call.on('data', (bytes: Buffer) => {
    total += bytes.length;
  });
  call.on('end', () => done(null, Buffer.from(String(total))));
};

const chat: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (bytes: Buffer) => call.write(bytes));
  call.on('end', () => call.end());
  call.on('cancelled', () => {
    cancelled += 1;
  });
};

async function listen(address: string, hook: Afterwards): Promise<number> {
  const server = new Server();
  server.addService(SERVICE, { echo, refuse, hang, count, sum, chat });
  hook.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

for (const kind of ['h2c://', 'unix+h2c:']) {
  describe(`gRPC to ${kind}`, () => {
    const hook = new Afterwards();
    let client: Client | undefined;
    before(async () => {
      const file = makeWorkspace(hook).at('grpc.sock');
      const port = await listen(kind === 'h2c://' ? '127.0.0.1:0' : `unix:${file}`, hook);
      const upstream = kind === 'h2c://' ? `h2c://127.0.0.1:${port}` : `unix+h2c:${file}`;
      const front = await StartedFront.start({
        arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream],
      });
      hook.after(() => front.stop());
      client = new Client(`localhost:${front.port()}`, credentials.createSsl(Buffer.from(front.ca)));
      const { close } = client;
      hook.after(() => close.call(client));
    });
    after(() => hook.run());
    const connected = (): Client => client ?? assert.fail('not connected');

    function startChat(): ClientDuplexStream<Buffer, Buffer> {
      return connected().makeBidiStreamRequest('/test.Echo/Chat', pass, pass);
    }

    function call(path: string, options = {}): Promise<{ answer?: Buffer; error?: ServiceError }> {
      const metadata = new Metadata();
      metadata.set('asked', 'this');
      return within(
        new Promise((resolve) => {
          connected().makeUnaryRequest(
            `/test.Echo/${path}`,
            pass,
            pass,
            Buffer.from('hello'),
            metadata,
            options,
            (error, answer) => resolve(error === null ? (answer === undefined ? {} : { answer }) : { error }),
          );
        }),
        PATIENCE_MS,
        `the end of ${path}`,
      );
    }

    test('a unary call gets its answer, metadata and trailers', async () => {
      const done = new Promise<{ head: Metadata; tail: Metadata; text: string }>((resolve, reject) => {
        let head = new Metadata();
        let text = '';
        const metadata = new Metadata();
        metadata.set('asked', 'this');
        const unary = connected().makeUnaryRequest(
          '/test.Echo/Echo',
          pass,
          pass,
          Buffer.from('hello'),
          metadata,
          (error, answer) => {
            if (error !== null) reject(error);
            text = String(answer);
          },
        );
        unary.on('metadata', (fields: Metadata) => {
          head = fields;
        });
        unary.on('status', ({ metadata: tail }) => resolve({ head, tail, text }));
      });
      const { head, tail, text } = await within(done, PATIENCE_MS, 'the status');
      assert.deepEqual([text, head.get('seen'), tail.get('after')], ['hello', ['this'], ['all']]);
    });

    test('a trailers-only answer keeps its status and message', async () => {
      const { error } = await call('Refuse');
      assert.deepEqual([error?.code, error?.details], [status.PERMISSION_DENIED, 'not you']);
    });

    test('a method that does not exist is UNIMPLEMENTED', async () => {
      assert.equal((await call('Nothing')).error?.code, status.UNIMPLEMENTED);
    });

    test('a deadline cancels the call at the app', async () => {
      const before = cancelled;
      const { error } = await call('Hang', { deadline: Date.now() + 300 });
      assert.equal(error?.code, status.DEADLINE_EXCEEDED);
      await until(() => cancelled > before, PATIENCE_MS, 'the app hears of the cancel');
    });

    test('a client that cancels a stream in both directions cancels it at the app', async () => {
      const before = cancelled;
      const chatting = startChat();
      chatting.on('error', () => undefined);
      chatting.write(Buffer.from('hello'));
      await within(once(chatting, 'data'), PATIENCE_MS, 'the echo');
      chatting.cancel();
      await until(() => cancelled > before, PATIENCE_MS, 'the app hears of the cancel');
    });

    test('a stream of answers arrives in order', async () => {
      const stream = connected().makeServerStreamRequest('/test.Echo/Count', pass, pass, Buffer.alloc(0));
      const seen: string[] = [];
      stream.on('data', (bytes: Buffer) => seen.push(String(bytes)));
      await within(once(stream, 'end'), PATIENCE_MS, 'the end');
      assert.deepEqual(
        seen,
        seen.map((_, at) => String(at)),
      );
      assert.equal(seen.length, 100);
    });

    test('a stream of requests of 3 MB is taken', async () => {
      const answer = new Promise<string>((resolve, reject) => {
        const stream = connected().makeClientStreamRequest('/test.Echo/Sum', pass, pass, (error, bytes) =>
          error === null ? resolve(String(bytes)) : reject(error),
        );
        for (let at = 0; at < 100; at += 1) stream.write(Buffer.alloc(30_000));
        stream.end();
      });
      assert.equal(await within(answer, PATIENCE_MS, 'the sum'), '3000000');
    });

    test('messages go to and fro while both sides stay open', async () => {
      const chatting = startChat();
      for (let at = 0; at < 5; at += 1) {
        chatting.write(Buffer.from(`m${at}`));
        const [bytes] = await within(once(chatting, 'data'), PATIENCE_MS, `echo ${at}`);
        assert.equal(String(bytes), `m${at}`);
      }
      chatting.end();
      await within(once(chatting, 'end'), PATIENCE_MS, 'the end');
    });

    test('many calls at once share few connections and all succeed', async () => {
      const answers = await Promise.all(Array.from({ length: 300 }, () => call('Echo')));
      assert.equal(answers.filter(({ answer }) => String(answer) === 'hello').length, 300);
    });
  });
}
