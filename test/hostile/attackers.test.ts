/** Attackers that hold what costs nothing, or begin and cut: good clients beside them lose no request, and the app begins little of it. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { type Attack, idleConnections, idleStreams, rapidReset, slowHeads } from './attacks.js';
import { Scene } from './scene.js';

const FOUR = ['127.0.0.4', '127.0.0.5', '127.0.0.6', '127.0.0.7'];

function holdOf(t: TestContext): Socket[] {
  const opened: Socket[] = [];
  t.after(() => {
    for (const socket of opened) socket.destroy();
  });
  return opened;
}

describe('attackers that hold connections and streams', () => {
  let scene: Scene;
  before(async () => {
    scene = await Scene.start();
  });
  after(() => scene.stop());

  const attacks: readonly (readonly [string, Attack])[] = [
    ['heads that never end', slowHeads(40)],
    ['streams whose bodies never begin', idleStreams(3)],
    ['connections that say nothing', idleConnections(40)],
  ];
  for (const [name, attack] of attacks) {
    test(`${name} reach no app, and good clients are served`, async (t) => {
      const opened = holdOf(t);
      await attack(scene.address, opened);
      await scene.serveOthers();
      assert.equal(scene.begun.get('/slow'), undefined);
    });
  }
});

const LIMIT = 100;
/** What the limit forgives in this time comes on top. */
const PERIOD_MS = 10_000;

for (const [name, addresses] of [
  ['of one address', ['127.0.0.4']],
  ['of four addresses', FOUR],
] as const) {
  describe(`rapid reset by four attackers ${name} that connect again`, () => {
    let scene: Scene;
    before(async () => {
      scene = await Scene.start('--max-stream-resets', String(LIMIT));
    });
    after(() => scene.stop());

    test('begins no more at the app than the limit and what time forgives', async (t) => {
      const opened = holdOf(t);
      const startedMs = performance.now();
      const attack = rapidReset(4, addresses, 4000)(scene.address, opened);
      await Promise.all([attack, scene.serveOthers()]);
      await scene.serveOthers();
      const passedMs = performance.now() - startedMs;
      const begun = scene.begun.get('/never') ?? 0;
      // A batch may begin before the reset of the one before it is read.
      const most = addresses.length * (LIMIT * (1 + passedMs / PERIOD_MS) + 4 * 20);
      t.diagnostic(`${begun} of 4000 reached the app, at most ${Math.round(most)} may`);
      assert.ok(begun <= most, `${begun} of 4000 requests reached the app`);
    });
  });
}
