/** Changed files are noticed once, when they have come to rest; ticket keys change and the old one is kept for a time. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TicketKeys } from '../../../src/master/routers/ticket-keys.js';
import { FileWatch } from '../../../src/serving/file-watch.js';
import type { TicketKeyPair } from '../../../src/shared/messages/router-messages.js';
import { until } from '../../support/deadline.js';
import { makeWorkspace } from '../../support/workspace.js';

test('written, added and removed files are each told once', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('a.pem', 'one');
  folder.write('dir/b.pem', 'two');
  let changes = 0;
  const watch = new FileWatch(
    () => [file, folder.at('dir')],
    () => {
      changes += 1;
    },
    20,
  );
  t.after(() => watch.stop());
  await until(() => changes === 1, 30_000, 'the first look');
  for (const [count, change] of [
    () => writeFileSync(file, 'changed'),
    () => folder.write('dir/c.pem', 'three'),
    () => rmSync(file),
    () => writeFileSync(file, 'back'),
  ].entries()) {
    change();
    await until(() => changes === count + 2, 30_000, `change ${count + 1}`);
  }
});

test('the beginning and each restart count as a change, for what happened before the first look', async (t) => {
  const file = makeWorkspace(t).write('a.pem', 'one');
  let changes = 0;
  const watch = new FileWatch(
    () => [file],
    () => {
      changes += 1;
    },
    20,
  );
  t.after(() => watch.stop());
  await until(() => changes === 1, 30_000, 'the first look');
  watch.restart();
  await until(() => changes === 2, 30_000, 'the look after the restart');
});

test('a new ticket key keeps the old one beside it until its sessions have ended', async () => {
  const pairs: TicketKeyPair[] = [];
  const keys = new TicketKeys((pair) => pairs.push(pair), 200, 50);
  const first = keys.keys;
  assert.equal(first.previous, null);
  assert.equal(Buffer.from(first.current, 'base64').length, 48);
  // The timers do not keep a process alive; the waiting does.
  await until(() => pairs.length >= 2, 30_000, 'a new key, and the end of the old one');
  assert.equal(pairs[0]?.previous, first.current);
  assert.notEqual(pairs[0]?.current, first.current);
  assert.deepEqual(pairs[1], { current: pairs[0]?.current, previous: null });
});

test('files that change while they are read are outdated until the next look', async (t) => {
  const file = makeWorkspace(t).write('a.pem', 'one');
  const answers: boolean[] = [];
  const watch: FileWatch = new FileWatch(
    () => [file],
    () => {
      if (answers.length === 0) writeFileSync(file, 'changed while it was read');
      void watch.isOutdated().then((isOutdated) => answers.push(isOutdated));
    },
    20,
  );
  t.after(() => watch.stop());
  await until(() => answers.length === 2, 30_000, 'the second look');
  assert.deepEqual(answers, [true, false]);
});
