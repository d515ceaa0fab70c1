/** A version that leaves gets no new requests, keeps its count until it is gone, and an operator's word does not bring it back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_ROUTE } from '../../../proxy/routing/route-table.js';
import { Upstreams } from '../../../proxy/routing/upstreams.js';
import type { UpstreamState } from '../../../src/shared/messages/router-messages.js';
import { appsOf } from '../../support/settings.js';

const APPS = appsOf('127.0.0.1:1');

function stateOf(id: number, port: number, leaving?: UpstreamState['leaving']): UpstreamState {
  const upstream = APPS[0]?.upstreams[0] ?? assert.fail('no upstream');
  const usual = { app: 0, hostName: null, key: '', needsLength: false, ready: true };
  return { ...upstream, ...usual, id, port, ...(leaving === undefined ? {} : { leaving }) };
}

function routeOf(upstreams: Upstreams) {
  const head = {
    method: 'GET',
    path: '/',
    authority: 'a',
    headers: [],
    memo: null,
    httpVersion: '1.1' as const,
  };
  return upstreams.find(head, null) ?? NO_ROUTE;
}

test('one step: the new version gets the next request, the old one keeps what it has', () => {
  const upstreams = new Upstreams(APPS);
  upstreams.update([stateOf(-1, 1)]);
  const old = routeOf(upstreams).pick() ?? assert.fail('nobody');
  old.inFlight = 2;
  upstreams.update([stateOf(-2, 2), stateOf(-1, 1, 'draining')]);
  assert.equal(routeOf(upstreams).pick()?.port, 2);
  assert.equal(routeOf(upstreams).hasOther(routeOf(upstreams).pick() ?? old), false);
  assert.deepEqual(
    upstreams.all.map(({ id, inFlight, drained, gone }) => [id, inFlight, drained, gone]),
    [
      [-2, 0, false, false],
      [-1, 2, true, false],
    ],
  );
  // The operator's list of drained ones does not name it.
  upstreams.drain([]);
  assert.equal(old.drained, true);
  upstreams.update([stateOf(-2, 2), stateOf(-1, 1, 'cut')]);
  assert.equal(old.leaving, 'cut');
  upstreams.update([stateOf(-2, 2)]);
  assert.equal(old.gone, true);
});

test('back to the address that leaves: it is another upstream, which takes requests while the first one ends', () => {
  const upstreams = new Upstreams(APPS);
  upstreams.update([stateOf(-3, 1), stateOf(-2, 2, 'draining'), stateOf(-1, 1, 'draining')]);
  assert.equal(routeOf(upstreams).pick()?.id, -3);
});

test('failures of a version that leaves are told nobody', () => {
  const told: string[] = [];
  const upstreams = new Upstreams(APPS, ({ name }) => told.push(name));
  upstreams.update([stateOf(-2, 2), stateOf(-1, 1, 'draining')]);
  const old = upstreams.all.find(({ id }) => id === -1) ?? assert.fail('it is gone');
  for (let count = 0; count < 10; count += 1) upstreams.noteFailure(old);
  upstreams.markDown(old);
  assert.deepEqual(told, []);
});

test('a probe that ends when its upstream is gone says nothing, and brings nobody back', () => {
  const app = APPS[0] ?? assert.fail('no app');
  const told: (string | null)[] = [];
  const answers: ((isWell: boolean) => void)[] = [];
  const upstreams = new Upstreams(APPS, (_upstream, reason) => told.push(reason));
  upstreams.update([stateOf(-1, 1)]);
  const old = upstreams.all[0] ?? assert.fail('nobody');
  upstreams.check(app, (_upstream, done) => answers.push(done));
  assert.equal(answers.length, 1);
  upstreams.update([stateOf(-2, 2)]);
  assert.equal(old.gone, true);
  answers[0]?.(false);
  assert.deepEqual([told, old.up], [[], true]);
});

test('a probe that finds an upstream up again resumes those that wait for it', () => {
  const app = APPS[0] ?? assert.fail('no app');
  const answers: ((isWell: boolean) => void)[] = [];
  const told: (string | null)[] = [];
  const upstreams = new Upstreams(APPS, (_upstream, reason) => told.push(reason));
  upstreams.update([stateOf(-1, 1)]);
  const only = upstreams.all[0] ?? assert.fail('nobody');
  upstreams.check(app, (_upstream, done) => answers.push(done));
  answers.pop()?.(false);
  assert.equal(only.up, false);
  const resumed: number[] = [];
  const request = { resume: ({ port }: { port: number }) => resumed.push(port), giveUp: () => assert.fail() };
  assert.equal(upstreams.hold(routeOf(upstreams), request, 600_000), true);
  assert.equal(upstreams.heldCount, 1);
  // That it is down had it asked anew, at once.
  answers.pop()?.(true);
  assert.deepEqual([resumed, upstreams.heldCount, only.up], [[1], 0, true]);
  assert.deepEqual(told, ['its health check fails', null]);
});
