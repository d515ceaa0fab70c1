/** What a reloader says of what it holds: a revocation list that runs out is told at that moment, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateReloader, type ServingCertificates } from '../../../src/serving/certificate-reloader.js';
import type { Note } from '../../../src/serving/notes.js';

const NOTHING: ServingCertificates = {
  tls: [],
  files: [],
  notes: [],
  problems: [],
  listEnds: [],
  authorityFile: null,
};
const MINUTE_MS = 60_000;

test('a revocation list that runs out is told at that moment, once, and a newer one is awaited in its turn', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.now() });
  const told: string[] = [];
  const ignore = (): void => undefined;
  let end = Date.now() + MINUTE_MS;
  const serving = (): ServingCertificates => {
    const notes: Note[] = end <= Date.now() ? [{ kind: 'warning', text: 'it has run out' }] : [];
    return { ...NOTHING, notes, listEnds: [{ file: 'crl.pem', atMs: end }] };
  };
  const log = {
    ...{ line: ignore, warning: ignore, hint: ignore, error: ignore, failure: ignore },
    notes: (notes: readonly Note[]) => told.push(...notes.map(({ text }) => text)),
  };
  const reloader = new CertificateReloader(
    () => Promise.resolve(serving()),
    log,
    () => true,
    ignore,
  );
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  reloader.commit(serving());
  await pass(MINUTE_MS - 1);
  assert.deepEqual(told, []);
  await pass(2);
  assert.deepEqual(told, ['it has run out']);
  await pass(10 * MINUTE_MS);
  assert.equal(told.length, 1);
  end = Date.now() + MINUTE_MS;
  await reloader.refresh();
  await pass(MINUTE_MS + 1);
  assert.deepEqual(told, ['it has run out', 'it has run out']);
});
