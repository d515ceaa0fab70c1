/** Log files are set aside by size or time, and no more of them are kept than asked for. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LogRotation } from '../../../src/master/log-rotation.js';
import { makeWorkspace } from '../../support/workspace.js';

const DAY_MS = 86_400_000;

function start(t: TestContext, config: { logMaxBytes?: number; logRotateMs?: number; logKeep?: number }) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const folder = makeWorkspace(t);
  const file = folder.at('front.log');
  const said: string[] = [];
  let reopened = 0;
  let nowMs = 10 * DAY_MS;
  const log = { warning: (text: string) => said.push(text), hint: (text: string) => said.push(text) };
  const rotation = new LogRotation(
    log,
    () => (reopened += 1),
    () => nowMs,
  );
  t.after(() => rotation.stop());
  const all = { logFile: file, logMaxBytes: 0, logRotateMs: 0, logKeep: 2, ...config };
  return {
    file,
    folder,
    said,
    reopened: () => reopened,
    watch: () => rotation.watch(all),
    /** Writes, lets time pass, and gives what is in the folder. */
    write: (text: string, passMs = 0) => {
      writeFileSync(file, text, { flag: 'a' });
      nowMs += passMs;
      t.mock.timers.tick(1000);
      return Object.fromEntries(
        readdirSync(folder.path).map((name) => [basename(name), readFileSync(folder.at(name), 'utf8')]),
      );
    },
  };
}

test('by size: the file of that size is set aside, and the oldest beyond --log-keep goes', (t) => {
  const { watch, write, reopened } = start(t, { logMaxBytes: 4 });
  watch();
  assert.deepEqual(write('ab\n'), { 'front.log': 'ab\n' });
  assert.deepEqual(write('1\n'), { 'front.log.1': 'ab\n1\n' });
  assert.deepEqual(write('2222'), { 'front.log.1': '2222', 'front.log.2': 'ab\n1\n' });
  assert.deepEqual(write('3333'), { 'front.log.1': '3333', 'front.log.2': '2222' });
  assert.equal(reopened(), 3);
});

test('by time: once a day, never an empty file', (t) => {
  const { watch, write, reopened } = start(t, { logRotateMs: DAY_MS });
  watch();
  assert.deepEqual(write('a', DAY_MS / 2), { 'front.log': 'a' });
  assert.deepEqual(write('b', DAY_MS / 2), { 'front.log.1': 'ab' });
  assert.deepEqual(write('', 3 * DAY_MS), { 'front.log': '', 'front.log.1': 'ab' });
  assert.equal(reopened(), 1);
});

test("a file of yesterday is set aside at today's start", (t) => {
  const { watch, write, file } = start(t, { logRotateMs: DAY_MS });
  writeFileSync(file, 'old');
  utimesSync(file, (9 * DAY_MS) / 1000, (9 * DAY_MS) / 1000);
  watch();
  assert.deepEqual(write('new'), { 'front.log': 'new', 'front.log.1': 'old' });
});

test('with --log-keep 0 nothing is kept', (t) => {
  const { watch, write } = start(t, { logMaxBytes: 1, logKeep: 0 });
  watch();
  assert.deepEqual(write('a'), {});
});

test('a folder that takes no file is told once', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, (t) => {
  const { watch, write, said, folder, reopened } = start(t, { logMaxBytes: 1 });
  watch();
  writeFileSync(folder.at('front.log'), '');
  chmodSync(folder.path, 0o500);
  write('a');
  write('b');
  // Before the folder is removed, and whatever was said.
  chmodSync(folder.path, 0o700);
  assert.match(
    said.join('\n'),
    /^the log file .* cannot be set aside: EACCES; it goes on growing\nlet the user/,
  );
  assert.deepEqual([said.length, reopened()], [2, 0]);
});
