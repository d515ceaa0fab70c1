/** Which requests `--harakiri` counts, and from when; what is reported of each app. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../../proxy/exchange/exchange.js';
import { WorkerCare } from '../../../proxy/exchange/observe/worker-care.js';

function watched(harakiriMs = 1000) {
  let nowMs = 0;
  const overdue: string[] = [];
  const loads: string[] = [];
  const care = new WorkerCare(
    harakiriMs,
    {
      onOverdue: (address, request, tookMs) => overdue.push(`${address} ${request} ${tookMs}`),
      onLoad: (all) =>
        loads.push(...all.map(({ address, served, inFlight }) => `${address} ${served} ${inFlight}`)),
    },
    () => nowMs,
  );
  const exchangeOf = (method: string, headers: string[] = [], httpVersion = '1.1'): Exchange =>
    Object.assign(Object.create(null), {
      head: { method, path: '/p?secret=1', headers, httpVersion },
      upstream: 'a:1',
    });
  const pass = (ms: number): void => {
    nowMs += ms;
    care.look();
  };
  return { care, overdue, loads, exchangeOf, pass };
}

test('a request is overdue counted from its last byte, until somebody ends it', () => {
  const { care, overdue, exchangeOf, pass } = watched();
  const post = exchangeOf('POST', ['content-length', '10']);
  care.onRequestHead(post);
  care.onDispatched(post);
  pass(5000);
  care.onBody(post, 'in', Buffer.alloc(9));
  pass(5000);
  assert.deepEqual(overdue, []);
  care.onBody(post, 'in', Buffer.alloc(1));
  pass(900);
  assert.deepEqual(overdue, []);
  pass(200);
  pass(5000);
  care.onEnd(post);
  pass(5000);
  assert.deepEqual(overdue, ['a:1 POST /p 1100', 'a:1 POST /p 6100']);
});

test('a body without length, an answer that has begun, and a request that waits for an app are not counted', () => {
  const { care, overdue, exchangeOf, pass } = watched();
  const chunked = exchangeOf('POST', ['transfer-encoding', 'chunked']);
  const stream = exchangeOf('PUT', [], '2.0');
  const answered = exchangeOf('GET');
  const held = exchangeOf('GET');
  for (const one of [chunked, stream, answered, held]) care.onRequestHead(one);
  for (const one of [chunked, stream, answered]) care.onDispatched(one);
  care.onResponseHead(answered);
  pass(60_000);
  assert.deepEqual(overdue, []);
});

test('loads are told when they change; one that is tried again elsewhere counts there', () => {
  const { care, loads, exchangeOf, pass } = watched(0);
  const first = exchangeOf('GET');
  const second = exchangeOf('GET');
  for (const one of [first, second]) {
    care.onRequestHead(one);
    care.onDispatched(one);
  }
  pass(1);
  pass(1);
  Object.assign(second, { upstream: 'b:2' });
  care.onDispatched(second);
  care.onEnd(first);
  pass(1);
  care.onEnd(second);
  pass(1);
  assert.deepEqual(loads, ['a:1 2 2', 'a:1 0 0', 'b:2 1 1', 'b:2 0 0']);
});
