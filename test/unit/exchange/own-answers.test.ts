/** What the front says of an app that is not there: which statuses ask to come again, and who waits how long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Barrier } from '../../../proxy/exchange/barrier.js';
import { createCounters } from '../../../proxy/exchange/counters.js';
import { Exchange, type ExchangeServices } from '../../../proxy/exchange/exchange.js';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { Notices } from '../../../proxy/exchange/log/notices.js';
import { Measures } from '../../../proxy/exchange/measures.js';
import { compileObservers } from '../../../proxy/exchange/observe/observer.js';
import { compilePolicy } from '../../../proxy/exchange/policy.js';
import { mostHoldMs } from '../../../proxy/exchange/reply/app-down.js';
import { buildErrorReply } from '../../../proxy/exchange/reply/local-reply.js';
import type { RequestHead } from '../../../proxy/exchange/types.js';
import { ERRORS, type ErrorCode } from '../../../src/shared/errors.js';
import { type Interventions, NO_INTERVENTIONS } from '../../../src/shared/messages/interventions.js';
import { resolveGiven } from '../../support/settings.js';

const FACTS = {
  ...{ remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 443, listener: 0 },
  ...{ tlsVersion: 'TLSv1.3', cipher: '', tlsGroup: '', serverName: '', trusted: false, clientFields: [] },
  certificate: null,
};

function headOf(method: string, headers: readonly string[] = []): RequestHead {
  return { method, path: '/', authority: 'a.test', headers, memo: null, httpVersion: '1.1' };
}

test('of all errors those with 503 and no other say when to come again', () => {
  const codes = Object.keys(ERRORS).filter((code): code is ErrorCode => code in ERRORS);
  let waiting = 0;
  for (const code of codes) {
    const { status } = ERRORS[code];
    if (status < 400) continue;
    const { headers, body } = buildErrorReply(code, headOf('GET', ['accept', 'text/html']), 'id', 'text', 7);
    const again = headers[headers.indexOf('retry-after') + 1];
    assert.equal(headers.includes('retry-after'), status === 503, code);
    assert.equal(String(body).includes('http-equiv="refresh"'), status === 503, code);
    if (status === 503) assert.equal(again, '7');
    waiting += Number(status === 503);
    const posted = buildErrorReply(code, headOf('POST', ['accept', 'text/html']), 'id');
    assert.equal(String(posted.body).includes('http-equiv="refresh"'), false, code);
    assert.equal(headers.includes('allow'), status === 405, code);
  }
  assert.ok(waiting > 0);
});

/** How long a request may wait: at a listener with the development certificate, or one of its own. */
function holdOf(isDevelopment: boolean, head: RequestHead): number {
  const flags = isDevelopment ? {} : { cert: ['a.crt'], key: ['a.key'] };
  const log = new LineWriter(2);
  const services: ExchangeServices = {
    policy: compilePolicy(resolveGiven({ flags }), 443, 'm'),
    sites: null,
    counters: createCounters(),
    measures: new Measures(),
    log,
    observers: compileObservers([]),
    notices: new Notices(log),
  };
  return mostHoldMs(new Exchange(head, FACTS, services));
}

for (const [what, head] of [
  ['an address that was typed', headOf('GET', ['accept', 'text/html,*/*'])],
  ['a page that a browser shows', headOf('GET', ['accept', 'text/html', 'sec-fetch-dest', 'document'])],
] as const) {
  test(`${what} waits a moment in development, and as long as it takes in production`, () => {
    assert.equal(holdOf(true, head), 300);
    assert.equal(holdOf(false, head), Number.POSITIVE_INFINITY);
  });
}

for (const [what, head] of [
  ['a script', headOf('GET', ['accept', '*/*'])],
  ['a frame', headOf('GET', ['accept', 'text/html', 'sec-fetch-dest', 'iframe'])],
  ['a form', headOf('POST', ['accept', 'text/html'])],
] as const) {
  test(`${what} waits as long as it takes`, () => {
    for (const isDevelopment of [true, false])
      assert.equal(holdOf(isDevelopment, head), Number.POSITIVE_INFINITY);
  });
}

test('a pause adds a step to those of a request while it lasts, and maintenance none', () => {
  const barrier = new Barrier();
  const page = { message: null, allowed: [], sinceMs: 1 };
  const pause = { maxMs: 1000, sinceMs: 1 };
  const ordered = (one: Partial<Interventions>): [boolean, number] => {
    const stands = barrier.update({ ...NO_INTERVENTIONS, ...one });
    return [stands, barrier.stepsAfter([]).length];
  };
  assert.equal(barrier.stepsAfter([]).length, 0);
  assert.deepEqual(ordered({ pause }), [true, 1]);
  assert.deepEqual(barrier.stepsAfter([]), [barrier.paused]);
  assert.deepEqual(ordered({ pause, maintenance: page }), [true, 1]);
  assert.deepEqual(ordered({ maintenance: page }), [true, 0]);
  assert.deepEqual(ordered({}), [false, 0]);
});
