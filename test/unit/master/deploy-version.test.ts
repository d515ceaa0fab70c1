/** What a deploy makes of an app's configuration, and when what was deployed counts no longer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeVersion,
  findApp,
  markOf,
  stillDeployed,
  versionOf,
  type Wanted,
  withDeployed,
} from '../../../src/master/deploys/version.js';
import { readDeployedUpstream } from '../../../src/options/values/deployed-upstream.js';
import { type AppConfig, PLAIN_FILES } from '../../../src/shared/config/apps.js';
import type { Deployment } from '../../../src/shared/messages/interventions.js';
import { appsOf, complaintOf, resolveGiven } from '../../support/settings.js';

const NOTHING: Wanted = { upstreams: [], command: null, folder: null };
const COMMAND: Wanted = { upstreams: [], command: ['node', 'v2.js'], folder: '/srv/v2' };

function only(apps: readonly AppConfig[]): AppConfig {
  const [app] = apps;
  assert.ok(app !== undefined);
  return app;
}

const running = (): AppConfig => only(appsOf('127.0.0.1:8080'));
const started = (): AppConfig =>
  only(resolveGiven({ command: ['node', 'v1.js'], flags: { processes: ['2'], harakiri: ['9s'] } }).apps);

const make = (app: AppConfig, wanted: Partial<Wanted>): AppConfig =>
  versionOf(app, { ...NOTHING, ...wanted }, 'direct', readDeployedUpstream);

function deployed(app: AppConfig, wanted: Partial<Wanted>): Deployment {
  return { ...NOTHING, ...wanted, app: app.name, configured: markOf(app), sinceMs: 1 };
}

test('a command takes the place of another with its options, in its own folder and on a port of its own', () => {
  const { worker, upstreams } = make(started(), COMMAND);
  assert.deepEqual(worker?.command, ['node', 'v2.js']);
  assert.equal(worker?.folder, '/srv/v2');
  assert.equal(worker?.processes, 2);
  assert.equal(worker?.harakiriMs, 9_000);
  assert.deepEqual(upstreams, []);
  const insisting = only(resolveGiven({ command: ['node', 'v1.js'], flags: { appPort: ['3000'] } }).apps);
  assert.equal(make(insisting, COMMAND).worker?.appPort, null);
});

test('a command takes the place of an address, and an address that of a command', () => {
  const next = make(running(), { ...COMMAND, folder: null });
  assert.equal(describeVersion(next), '-- node v2.js');
  assert.equal(next.worker?.processes, 1);
  assert.equal(next.worker?.folder, undefined);
  assert.deepEqual(next.upstreams, []);
  const back = make(started(), { upstreams: ['9001', '127.0.0.1:9002,weight=3'] });
  assert.equal(describeVersion(back), 'localhost:9001, 127.0.0.1:9002,weight=3');
  assert.equal(back.worker, null);
});

test('without either it is what the configuration says', () => {
  const app = running();
  assert.equal(make(app, {}), app);
});

for (const [text, engine, pattern] of [
  ['/api=9001', 'direct', /--upstream \/api=9001 has a route \/ a new version has that of its app/],
  ['a b', 'direct', /^config_invalid: /],
  ['uwsgi://127.0.0.1:1', 'library', /the library engine cannot reach uwsgi:/],
  ['9001,proxy=v2', 'library', /the library engine has no proxy=/],
] as const)
  test(`--upstream ${text} is refused (${engine})`, () => {
    assert.match(
      complaintOf(() =>
        versionOf(running(), { ...NOTHING, upstreams: [text] }, engine, readDeployedUpstream),
      ),
      pattern,
    );
  });

test('what was deployed counts as long as the configuration says of the app what it said then', () => {
  const app = running();
  const one = deployed(app, { upstreams: ['127.0.0.1:8081'] });
  assert.deepEqual(stillDeployed([one], [app]), [one]);
  // What is not the version itself may change.
  assert.deepEqual(stillDeployed([one], [{ ...app, holdMs: 1 }]), [one]);
  assert.deepEqual(stillDeployed([one], appsOf('127.0.0.1:8082')), []);
  assert.deepEqual(stillDeployed([one], [started()]), []);
  assert.deepEqual(stillDeployed([one], [{ ...app, name: 'other' }]), []);
  const other = only(resolveGiven({ command: ['node', 'v1.js', '--flag'] }).apps);
  assert.notEqual(markOf(started()), markOf(other));
});

test('the configuration with what is deployed; what cannot be read is told, and what it says itself serves', () => {
  const config = resolveGiven({ flags: { upstream: ['127.0.0.1:8080', '/api=127.0.0.1:9000'] } });
  const [first, second] = config.apps;
  assert.ok(first !== undefined && second !== undefined);
  const broken: string[] = [];
  const read = (...all: readonly Deployment[]) =>
    withDeployed(config, all, readDeployedUpstream, ({ app }) => broken.push(app)).apps.map(describeVersion);
  assert.deepEqual(read(deployed(second, { upstreams: ['9001'] })), ['127.0.0.1:8080', 'localhost:9001']);
  assert.deepEqual(read(deployed(second, { upstreams: ['a b'] })), ['127.0.0.1:8080', '127.0.0.1:9000']);
  assert.deepEqual(broken, [second.name]);
  assert.equal(withDeployed(config, [], readDeployedUpstream, assert.fail), config);
});

test('the app that is meant', () => {
  const apps = appsOf('8080', '/api=9000');
  assert.equal(findApp('/api', apps), 1);
  assert.equal(findApp('app', apps), 0);
  assert.equal(findApp(null, appsOf('8080')), 0);
  assert.match(
    complaintOf(() => findApp(null, apps)),
    /several apps: name the one to deploy \/ choose one of: app, \/api/,
  );
  assert.match(
    complaintOf(() => findApp('nope', apps)),
    /there is no app "nope" \/ choose one of: app, \/api/,
  );
  const [files] = apps;
  assert.ok(files !== undefined);
  const folder: AppConfig = { ...files, files: PLAIN_FILES };
  assert.match(
    complaintOf(() => findApp('app', [folder])),
    /app is a folder of files/,
  );
  assert.match(
    complaintOf(() => findApp(null, [folder])),
    /there is none that could be deployed/,
  );
});
