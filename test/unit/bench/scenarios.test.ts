/** The scenarios beside the peers: what a scenario sets up is set up at every peer that says it can. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Peer, PeerPlan, Setting } from '../../../bench/contract.js';
import { readOptions } from '../../../bench/options.js';
import { listPeers } from '../../../bench/peers/table.js';
import { commandLines } from '../../../bench/report.js';
import { acceptingGzip, BROWSER_HEADERS, withCookie } from '../../../bench/scenarios/headers.js';
import { scenarios } from '../../../bench/scenarios/table.js';
import { makeWorkspace } from '../../support/workspace.js';

const PEERS = listPeers([process.execPath]);

test('each scenario has a name of its own, and peers that can run it', () => {
  const names = scenarios.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, setting = 'plain' } of scenarios) {
    if (setting === 'plain') continue;
    const able = PEERS.filter((peer) => peer.settings?.has(setting));
    assert.ok(able.length >= 2, `${name}: ${able.map((peer) => peer.name)}`);
  }
});

/** Everything that a peer is told: its words, and the files that it wrote for itself. */
function told(peer: Peer, setting: Setting, folder: string): string {
  const own = join(folder, `${peer.name}-${setting}`);
  const leaf = { rootPath: '/root', certificatePath: '/leaf', keyPath: '/key', combinedPath: '/both' };
  const plan: PeerPlan = {
    ...{ folder: own, listenPort: 1, upstreamPort: 2, certificate: leaf, processes: 1 },
    ...{ setting, contentFolder: '/content' },
  };
  const { arguments: words } = peer.launch(plan);
  const files = statSync(own, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(own);
  const text = files.map((name) => readFileSync(join(own, name), 'utf8'));
  return [...words, ...text].join('\n').replaceAll(own, '');
}

for (const peer of PEERS.filter(({ settings }) => settings !== undefined)) {
  test(`${peer.name} is told of each setting that it has`, (t) => {
    const folder = makeWorkspace(t).path;
    const plain = told(peer, 'plain', folder);
    for (const setting of peer.settings ?? []) {
      if (setting !== 'plain') assert.notEqual(told(peer, setting, folder), plain, setting);
    }
    assert.match(plain, /127\.0\.0\.1:2/);
    if (peer.settings?.has('static files')) assert.match(told(peer, 'static files', folder), /\/content/);
  });
}

test('a cookie has the length that was asked for, and gzip alone is taken where it is compared', () => {
  const cookie = withCookie(2048).find((line) => line.startsWith('cookie: '));
  assert.equal(cookie?.length, 'cookie: '.length + 2048);
  assert.equal(withCookie(2048).length, BROWSER_HEADERS.length);
  assert.ok(acceptingGzip().includes('accept-encoding: gzip'));
});

test('a start is one sentence with what was measured of it', () => {
  const start = { peer: 'p', title: 'P', firstConnectionMs: [300, 200, 250] };
  const nothing = { machine: {}, versions: {}, notAvailable: {}, scenarios: [], command: null };
  const result = { schema: 1 as const, takenAt: '', quick: false, rounds: 1, measureMs: 1, ...nothing };
  assert.deepEqual(commandLines({ ...result, startup: [start] }), [
    'P: first TLS connection 250 ms after its start (200–300)',
  ]);
  const whole = { ...start, restingBytes: [71e6], reloadMs: [400], respawnMs: [] };
  assert.deepEqual(commandLines({ ...result, startup: [whole] }), [
    'P: first TLS connection 250 ms after its start (200–300); at rest 71 MB (PSS of all processes); all that serves replaced 400 ms after SIGHUP',
  ]);
});

test('start-up is a name among the scenarios', () => {
  assert.deepEqual(readOptions(['--scenario', 'start-up']).scenarios, ['start-up']);
});
