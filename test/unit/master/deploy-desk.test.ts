/** The steps of a deploy: what is asked, changed, waited for and ended, in which order, and what leaves everything as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeployRequest } from '../../../src/control/types.js';
import { DeployDesk, type Version } from '../../../src/master/deploys/desk.js';
import { StateLeft } from '../../../src/master/life.js';
import { readDeployedUpstream } from '../../../src/options/values/deployed-upstream.js';
import type { AppConfig } from '../../../src/shared/config/apps.js';
import { FrontError } from '../../../src/shared/errors.js';
import type { Deployment } from '../../../src/shared/messages/interventions.js';
import type { UpstreamState } from '../../../src/shared/messages/router-messages.js';
import { sampleName } from '../../../src/shared/metrics.js';
import { appsOf } from '../../support/settings.js';

const REQUEST: DeployRequest = {
  app: null,
  upstreams: ['127.0.0.1:2'],
  command: null,
  folder: null,
  path: null,
  checks: 1,
  timeoutMs: 60_000,
  drainMs: 60_000,
};

const LEAVING = sampleName('tlsfront_upstream_requests_leaving', { app: 'app', upstream: '127.0.0.1:1' });

function versionFor(app: AppConfig): Version {
  const upstreams = app.upstreams.map((upstream, index): UpstreamState => {
    return { ...upstream, id: -index, app: 0, hostName: null, key: '', needsLength: false, ready: true };
  });
  return { app, upstreams, workers: null, findNames: async () => {} };
}

interface Front {
  readonly desk: DeployDesk;
  /** What was done, in order. */
  readonly done: string[];
  readonly kept: (Deployment | null)[];
  /** What the new version answers. */
  status: number | null;
  /** In flight at the old version, one after another; the last stays. */
  open: number[];
  /** The end of the front, as the deploy sees it. */
  end(): void;
  isEnding: boolean;
}

function frontOf(drained: readonly string[] = []): Front {
  const config = { apps: appsOf('127.0.0.1:1'), engine: 'direct' as const };
  const [app] = config.apps;
  assert.ok(app !== undefined);
  let serving = versionFor(app);
  const name = ({ upstreams }: Version): string => String(upstreams[0]?.port);
  let leave: (error: Error) => void = () => {};
  const left = new Promise<never>((_resolve, reject) => {
    leave = reject;
  });
  left.catch(() => {});
  const done: string[] = [];
  const kept: (Deployment | null)[] = [];
  const front: Front = {
    done,
    kept,
    status: 200,
    open: [0],
    isEnding: false,
    end: () => {
      front.isEnding = true;
      leave(new StateLeft('serving'));
    },
    desk: new DeployDesk(
      {
        serving: async () => ({
          config,
          generation: {
            routers: {
              probe: async () => front.status,
              all: [
                {
                  measure: async () => ({
                    [LEAVING]: (front.open.length > 1 ? front.open.shift() : front.open[0]) ?? 0,
                  }),
                },
              ],
            },
            servingVersion: () => serving,
            prepare: (next) => {
              const version = versionFor(next);
              done.push(`prepare ${name(version)}`);
              return version;
            },
            install: (version) => {
              done.push(`install ${name(version)}`);
              const old = [serving];
              serving = version;
              return { old, taken: Promise.resolve() };
            },
            cut: async (version) => void done.push(`cut ${name(version)}`),
            remove: async (version) => void done.push(`remove ${name(version)}`),
          },
        }),
        during: (work) => Promise.race([work, left]),
        get isEnding() {
          return front.isEnding;
        },
        draining: () => [],
        interventions: { drained },
        record: async (_app, deployment) => {
          done.push('record');
          kept.push(deployment);
        },
        readUpstream: readDeployedUpstream,
        decided: () => done.push('decided'),
      },
      { line: () => {}, failure: () => {} },
    ),
  };
  return front;
}

function deploy(front: Front, more: Partial<DeployRequest> = {}, signal = new AbortController().signal) {
  return front.desk.deploy({ ...REQUEST, ...more }, () => {}, signal);
}

test('a version that is well takes the place, is kept, and the old one goes once it is empty', async () => {
  const front = frontOf();
  front.open = [2, 1, 0];
  const text = await deploy(front);
  assert.equal(text, '127.0.0.1:2 serves app; the version before it is empty: 127.0.0.1:1');
  assert.deepEqual(front.done, ['prepare 2', 'install 2', 'record', 'decided', 'remove 1']);
  assert.deepEqual(front.kept[0]?.upstreams, ['127.0.0.1:2']);
});

test('what the old version has after the drain is ended, and told', async () => {
  const front = frontOf();
  front.open = [3];
  const text = await deploy(front, { drainMs: 0 });
  assert.match(
    text,
    /3 requests, WebSockets or event streams that were still open at .*1\) after 0 s are ended/,
  );
  assert.deepEqual(front.done.slice(-2), ['cut 1', 'remove 1']);
});

test('back to what the configuration says: nothing is kept', async () => {
  const front = frontOf();
  await deploy(front);
  await deploy(front, { upstreams: [] });
  assert.equal(front.kept[1], null);
  assert.equal(await deploy(front, { upstreams: ['127.0.0.1:1'] }), '127.0.0.1:1 serves app already');
});

test('one that is not well changes nothing, and the next may be tried', async () => {
  const front = frontOf();
  front.status = 503;
  await assert.rejects(
    deploy(front, { timeoutMs: 20 }),
    /not well after 0.02 s: 127.0.0.1:2 answers GET \/ with 503/,
  );
  assert.deepEqual(front.done, ['prepare 2', 'remove 2', 'decided']);
  front.status = 200;
  await deploy(front);
  assert.ok(front.done.includes('install 2'));
});

test('a second one is refused until the first is decided, and is taken while the old version drains', async () => {
  const front = frontOf();
  front.status = 503;
  const gone = new AbortController();
  const first = deploy(front, {}, gone.signal);
  // The front is waited for.
  await Promise.resolve();
  assert.equal(front.desk.isChecking, true);
  await assert.rejects(deploy(front), /another version of app is being deployed at this moment/);
  gone.abort();
  await assert.rejects(first, /whoever asked for it has gone/);
  assert.equal(front.desk.isChecking, false);
  front.status = 200;
  front.open = [1];
  const draining = deploy(front);
  while (!front.done.includes('install 2')) await new Promise((resolve) => setImmediate(resolve));
  while (front.desk.isChecking) await new Promise((resolve) => setImmediate(resolve));
  const second = deploy(front, { upstreams: ['127.0.0.1:3'] });
  while (!front.done.includes('install 3')) await new Promise((resolve) => setImmediate(resolve));
  front.open = [0];
  await Promise.all([draining, second]);
});

test('the end of the front breaks it off before the change, and tells what serves after it', async () => {
  const early = frontOf();
  early.status = 503;
  const broken = deploy(early);
  await Promise.resolve();
  early.end();
  await assert.rejects(broken, (error) => error instanceof FrontError && error.code === 'draining');
  assert.deepEqual(early.done, ['prepare 2', 'remove 2', 'decided']);
  const late = frontOf();
  late.open = [1];
  const draining = deploy(late);
  while (!late.done.includes('decided')) await new Promise((resolve) => setImmediate(resolve));
  late.end();
  await assert.rejects(draining, /127.0.0.1:2 serves app; the front is ending/);
  assert.ok(!late.done.includes('remove 1'));
});

for (const [what, more, drained, pattern] of [
  ['nothing new', { upstreams: [] }, [], /app is served by 127.0.0.1:1, as the configuration says/],
  [
    'an address that serves',
    { upstreams: ['127.0.0.1:1', '127.0.0.1:2'] },
    [],
    /127.0.0.1:1 serves app already/,
  ],
  ['a drained address', {}, ['127.0.0.1:2'], /127.0.0.1:2 is drained/],
  ['an unknown app', { app: 'shop' }, [], /there is no app "shop"/],
  ['no address', { upstreams: ['/x=1'] }, [], /has a route/],
] as const)
  test(`${what} is refused before anything is done`, async () => {
    const front = frontOf(drained);
    await assert.rejects(deploy(front, more), pattern);
    assert.deepEqual(front.done, []);
  });
