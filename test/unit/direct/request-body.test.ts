/** When a request's body is ready, what is kept of it, and the budgets it takes from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestBody } from '../../../proxy/direct/body/request-body.js';
import { type MemoryBudget, Spool } from '../../../proxy/direct/body/spool.js';
import { until } from '../../support/deadline.js';

const KIB = 1024;
const WAIT_MS = 30_000;

function scene(memoryBytes = 1024 * KIB, spoolBytes = 1024 * KIB, maxBytes = 0) {
  const memory: MemoryBudget = { maxBytes: memoryBytes, usedBytes: 0 };
  const log = { ready: 0, failure: '', consumed: 0 };
  let whenConsumed = (): void => {};
  const body = new RequestBody(
    {
      consumed: (bytes) => {
        log.consumed += bytes;
        whenConsumed();
      },
    },
    {
      onBodyReady: () => {
        log.ready += 1;
      },
      onBodyFailure: (code) => {
        log.failure = code;
      },
    },
    new Spool(spoolBytes, memory, (error) => assert.fail(error)),
    '192.0.2.1',
    maxBytes,
  );
  const onConsumed = (callback: () => void): void => {
    whenConsumed = callback;
  };
  return { memory, log, body, onConsumed };
}

const bytes = (count: number): Buffer => Buffer.alloc(count, 'a');

test('a gathered body is ready when it is whole', () => {
  const { body, log } = scene();
  body.gather();
  body.receive(bytes(10), null);
  assert.deepEqual(log, { ready: 0, failure: '', consumed: 10 });
  body.end([], null);
  assert.equal(log.ready, 1);
  assert.equal(body.bufferedBytes, -1);
});

test('a gathered body is ready when 64 KiB are in, and what comes then waits for the app', () => {
  const { body, log } = scene();
  body.gather();
  for (let count = 0; count < 4; count += 1) body.receive(bytes(16 * KIB), null);
  assert.deepEqual(log, { ready: 1, failure: '', consumed: 64 * KIB });
  body.receive(bytes(16 * KIB), null);
  assert.equal(log.consumed, 64 * KIB);
});

for (const way of ['gather', 'buffer'] as const) {
  test(`a body whose end comes when its first bytes are taken is ready once (${way})`, () => {
    const { log, body, onConsumed } = scene();
    // As after a question about the request: its first bytes wait, and the client sends on when they are taken.
    body.receive(bytes(10), null);
    onConsumed(() => body.end([], null));
    body[way]();
    assert.deepEqual([log.ready, log.failure, log.consumed], [1, '', 10]);
  });
}

test('a gathered body gives its memory back at its end', () => {
  const { body, memory } = scene();
  body.gather();
  body.receive(bytes(100), null);
  assert.equal(memory.usedBytes, 100);
  body.close();
  body.close();
  assert.equal(memory.usedBytes, 0);
});

test('with no memory left a gathered body goes into a file, whole', async () => {
  const { body, memory, log } = scene(40 * KIB);
  body.gather();
  for (let count = 0; count < 6; count += 1) body.receive(bytes(16 * KIB), null);
  assert.equal(log.ready, 0);
  body.end([], null);
  await until(() => log.ready === 1, WAIT_MS, 'the body in its file');
  assert.deepEqual([body.bufferedBytes, log.consumed, log.failure], [96 * KIB, 96 * KIB, '']);
  assert.equal(memory.usedBytes, 0);
  body.close();
});

test('a buffered body above 64 KiB takes no memory once it is in its file', async () => {
  const { body, memory, log } = scene();
  body.buffer();
  for (let count = 0; count < 6; count += 1) body.receive(bytes(16 * KIB), null);
  body.end([], null);
  await until(() => log.ready === 1, WAIT_MS, 'the body in its file');
  assert.equal(memory.usedBytes, 0);
  assert.equal(body.replayable, false);
  body.close();
});

test('a buffered body that stays in memory can be sent once more', () => {
  const { body, log } = scene();
  body.buffer();
  body.receive(bytes(16 * KIB), null);
  body.end([], null);
  assert.equal(log.ready, 1);
  assert.equal(body.replayable, true);
  body.close();
});

test('without memory small bodies go into files too', async () => {
  const { body, memory, log } = scene(0);
  body.buffer();
  body.receive(bytes(10), null);
  body.end([], null);
  await until(() => log.ready === 1, WAIT_MS, 'the body in its file');
  assert.deepEqual([memory.usedBytes, log.consumed], [0, 10]);
  body.close();
});

test('a body above its bound is refused', () => {
  const { body, log } = scene(KIB, KIB, 100);
  body.gather();
  body.receive(bytes(101), null);
  assert.equal(log.failure, 'request_too_large');
});
