/** When a new version is proven well, and what is said where it is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Provable, prove } from '../../../src/master/deploys/proof.js';
import { FrontError } from '../../../src/shared/errors.js';
import type { AppEnd, ProbeQuestion, UpstreamState } from '../../../src/shared/messages/router-messages.js';
import { PATIENCE_MS } from '../../support/started-front.js';

const UPSTREAM: UpstreamState = {
  scheme: 'http',
  host: '127.0.0.1',
  port: 9001,
  path: null,
  lookUp: null,
  weight: 1,
  proxyProtocol: null,
  id: -1,
  app: 0,
  hostName: null,
  key: '',
  needsLength: false,
  ready: true,
};

interface Given {
  /** Statuses of the answers, one after another; the last one stays. */
  readonly answers: readonly (number | null)[];
  readonly healthPath?: string;
  readonly upstreams?: readonly UpstreamState[];
  readonly workers?: Provable['workers'];
  readonly path?: string;
  readonly checks?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** `proven`, or what is said; with the paths that were asked for. */
async function proof(
  given: Given,
): Promise<{ said: string; asked: readonly ProbeQuestion[]; steps: string[] }> {
  const asked: ProbeQuestion[] = [];
  const steps: string[] = [];
  const { answers, upstreams = [UPSTREAM], workers = null, checks = 2, timeoutMs = PATIENCE_MS } = given;
  const health = {
    path: given.healthPath ?? null,
    intervalMs: 1000,
    statuses: [{ first: 200, last: 399 }],
    failCount: 3,
    failWindowMs: 1000,
  };
  const version: Provable = { app: { health }, upstreams, workers, findNames: async () => {} };
  const probe = async (question: ProbeQuestion): Promise<number | null> => {
    asked.push(question);
    return answers[Math.min(asked.length, answers.length) - 1] ?? null;
  };
  const said = await prove(
    version,
    { routers: { probe } },
    { path: given.path ?? null, checks, timeoutMs },
    (text) => steps.push(text),
    given.signal ?? new AbortController().signal,
  ).then(
    () => 'proven',
    (error: unknown) => (error instanceof FrontError ? `${error.message} / ${error.hint}` : String(error)),
  );
  return { said, asked, steps };
}

test('so many good answers in a row prove it; a bad one begins the count anew', async () => {
  const { said, asked, steps } = await proof({ answers: [0, 200, 500, 200, 204], healthPath: '/up' });
  assert.equal(said, 'proven');
  assert.deepEqual([...new Set(asked.map(({ path }) => path))], ['/up']);
  assert.equal(asked.length, 5);
  assert.deepEqual(steps, ['check 1 of 2 passed', 'check 1 of 2 passed', 'check 2 of 2 passed']);
});

test('where no path is named any answer of / below 500 is good; a path of the deploy itself counts first', async () => {
  const any = await proof({ answers: [404], checks: 1 });
  assert.deepEqual([any.said, any.asked[0]?.path], ['proven', '/']);
  const own = await proof({ answers: [200], checks: 1, healthPath: '/up', path: '/ready' });
  assert.deepEqual([own.said, own.asked[0]?.path], ['proven', '/ready']);
});

for (const [answer, fault] of [
  [503, '127.0.0.1:9001 answers GET /up with 503'],
  [0, '127.0.0.1:9001 does not answer GET /up'],
  [null, 'no router could ask it'],
] as const)
  test(`one that answers ${answer} is not well when the time is over`, async () => {
    const { said } = await proof({ answers: [answer], healthPath: '/up', timeoutMs: 30 });
    assert.equal(
      said,
      `the new version is not well after 0.03 s: ${fault} / it must answer GET /up with 200 to 399, 2 times in a row; --health-path and --timeout change that`,
    );
  });

test('all of its addresses must be well, and there must be one', async () => {
  const two = [UPSTREAM, { ...UPSTREAM, id: -2, port: 9002 }];
  const half = await proof({ answers: [200, 503, 200, 200], upstreams: two, checks: 1 });
  assert.equal(half.asked.length, 4);
  const none = await proof({ answers: [200], upstreams: [], timeoutMs: 30 });
  assert.match(none.said, /its name is not found/);
});

test('one that never starts, that does not start, and that ends under the checks', async () => {
  const never = { startAll: () => new Promise<void>(() => {}), lastEnd: null };
  assert.match(
    (await proof({ answers: [200], workers: never, timeoutMs: 30 })).said,
    /not well after 0.03 s: it does not accept connections yet/,
  );
  const broken = {
    startAll: () => Promise.reject(new FrontError('worker_failed', 'exit code 3')),
    lastEnd: null,
  };
  assert.match((await proof({ answers: [200], workers: broken })).said, /^exit code 3/);
  const end: AppEnd = { reason: 'signal SIGSEGV', lastLines: ['a', 'b'] };
  const crashing = { startAll: async () => {}, lastEnd: end };
  assert.match(
    (await proof({ answers: [200], workers: crashing })).said,
    /^the new version has ended: signal SIGSEGV; its last words: a \| b/,
  );
});

test('whoever asked has gone: it is broken off', async () => {
  const controller = new AbortController();
  const proving = proof({ answers: [503], signal: controller.signal });
  controller.abort();
  assert.match((await proving).said, /whoever asked for it has gone/);
  assert.match((await proof({ answers: [503], signal: AbortSignal.abort() })).said, /has gone/);
});
