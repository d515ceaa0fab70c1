/** What operators have ordered, kept over a restart: what comes back is what was kept, and a file of anybody else says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { keepInterventions } from '../../../src/serving/kept-interventions.js';
import { FrontError } from '../../../src/shared/errors.js';
import { type Interventions, NO_INTERVENTIONS } from '../../../src/shared/messages/interventions.js';
import { resolveGiven } from '../../support/settings.js';
import { makeWorkspace } from '../../support/workspace.js';

const NAMED = {
  ...{ app: 'app', upstreams: ['127.0.0.1:2'], command: null, folder: null, configured: 'x', sinceMs: 0 },
};
const STARTED = { ...NAMED, upstreams: [], command: ['npm', 'start'], folder: '/srv/app' };
const FULL: Interventions = {
  drained: ['127.0.0.1:1'],
  maintenance: { message: 'back at noon', allowed: ['192.0.2.0/24'], sinceMs: 1 },
  pause: { maxMs: 1000, sinceMs: 2 },
  deployed: [NAMED, STARTED],
};
const LISTENERS = resolveGiven({}).listeners;

test('each kind of order comes back as it was kept, alone and with the others, and none leaves no file', async (t) => {
  const store = openFileStore(makeWorkspace(t).at('data'));
  const kept = keepInterventions(store);
  assert.deepEqual(await kept.read(LISTENERS), NO_INTERVENTIONS);
  const alone: readonly Partial<Interventions>[] = [
    { drained: FULL.drained },
    { maintenance: FULL.maintenance },
    { maintenance: { message: null, allowed: [], sinceMs: 0 } },
    { pause: FULL.pause },
    { deployed: [NAMED] },
    { deployed: [STARTED] },
    { deployed: [{ ...STARTED, folder: null }] },
    FULL,
  ];
  for (const one of alone) {
    const ordered = { ...NO_INTERVENTIONS, ...one };
    await kept.write(LISTENERS, ordered);
    assert.deepEqual(await kept.read(LISTENERS), ordered);
    // Of a front that listens elsewhere nothing is ordered.
    const elsewhere = resolveGiven({ flags: { listen: ['127.0.0.1:9443'] } }).listeners;
    assert.deepEqual(await kept.read(elsewhere), NO_INTERVENTIONS);
  }
  await kept.write(LISTENERS, NO_INTERVENTIONS);
  assert.deepEqual(await store.list('front/'), []);
});

const BROKEN: Readonly<Record<string, unknown>> = {
  'no JSON': '{',
  'a number': 7,
  nothing: null,
  'no list of drained': { ...FULL, drained: null },
  'drained that are no names': { ...FULL, drained: [1] },
  'a maintenance without a time': { ...FULL, maintenance: { message: null, allowed: [] } },
  'a maintenance with a number for a message': {
    ...FULL,
    maintenance: { message: 1, allowed: [], sinceMs: 1 },
  },
  'a maintenance for nobody known': { ...FULL, maintenance: { message: '', allowed: ['x'], sinceMs: 1 } },
  'a maintenance without its list': { ...FULL, maintenance: { message: '', allowed: '', sinceMs: 1 } },
  'a maintenance that is a word': { ...FULL, maintenance: 'on' },
  'no word of a maintenance': { ...FULL, maintenance: undefined },
  'a pause without a length': { ...FULL, pause: { sinceMs: 1 } },
  'a pause without a time': { ...FULL, pause: { maxMs: 1 } },
  'a pause of less than no time': { ...FULL, pause: { maxMs: -1, sinceMs: 1 } },
  'a time that no clock has': { ...FULL, pause: { maxMs: 1, sinceMs: 8.65e15 } },
  'versions that are no list': { ...FULL, deployed: {} },
  'a version that is none': { ...FULL, deployed: [NAMED, null] },
  'a version of no app': { ...FULL, deployed: [{ ...NAMED, app: 1 }] },
  'a version of no configuration': { ...FULL, deployed: [{ ...NAMED, configured: null }] },
  'a version without places': { ...FULL, deployed: [{ ...NAMED, upstreams: null }] },
  'a version of an empty command': { ...FULL, deployed: [{ ...STARTED, command: [] }] },
  'a version of a text for a command': { ...FULL, deployed: [{ ...STARTED, command: 'npm start' }] },
  'a version in a folder of no certain place': { ...FULL, deployed: [{ ...STARTED, folder: 'srv' }] },
  'a version in a number': { ...FULL, deployed: [{ ...STARTED, folder: 1 }] },
  'a version without a time': { ...FULL, deployed: [{ ...NAMED, sinceMs: '1' }] },
};

for (const [what, value] of Object.entries(BROKEN)) {
  test(`a file that has ${what} is not what tlsfront writes`, async (t) => {
    const store = openFileStore(makeWorkspace(t).at('data'));
    const kept = keepInterventions(store);
    await kept.write(LISTENERS, FULL);
    const [key = ''] = await store.list('front/');
    await store.put(key, typeof value === 'string' ? value : JSON.stringify(value));
    await assert.rejects(kept.read(LISTENERS), (error) => {
      assert.ok(error instanceof FrontError);
      assert.equal(error.code, 'config_invalid');
      assert.match(error.message, /it is not what tlsfront writes$/);
      return true;
    });
  });
}
