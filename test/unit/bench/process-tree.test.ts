/** How the bench reads /proc. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseStat, readTree, selectTree } from '../../../bench/process-tree.js';

const LINE =
  '4242 (we) (ird name) S 17 4242 4242 0 -1 4194560 900 50 3 0 250 125 40 10 20 0 3 0 987654 1048576000 5120 18446744073709551615';
const linuxOnly = { skip: process.platform === 'linux' ? false : 'there is no /proc here' };

test('a stat line is read past a name with spaces and brackets', () => {
  assert.deepEqual(parseStat(LINE), {
    pid: 4242,
    parentPid: 17,
    cpuTicks: 250 + 125 + 40 + 10,
    startTicks: 987654,
    residentPages: 5120,
  });
});

test('a line that is cut or no stat line is refused', () => {
  assert.equal(parseStat('4242 (name) S 17 4242'), null);
  assert.equal(parseStat(''), null);
});

test('a tree is the root with all its descendants and nobody else', () => {
  const process = (pid: number, parentPid: number) => ({
    ...{ pid, parentPid, cpuTicks: 1 },
    ...{ startTicks: 1, residentPages: 1 },
  });
  const all = [
    process(30, 20),
    process(1, 0),
    process(10, 1),
    process(20, 10),
    process(11, 1),
    process(31, 20),
  ];
  assert.deepEqual(
    selectTree(all, 10).map(({ pid }) => pid),
    [10, 20, 30, 31],
  );
  assert.deepEqual(selectTree(all, 99), []);
});

test('the CPU time of a child that ended counts for its parent', linuxOnly, async () => {
  const before = readTree(process.pid).cpuMicros;
  const burn = 'const end = process.cpuUsage().user + 150000; while (process.cpuUsage().user < end);';
  await promisify(execFile)(process.execPath, ['-e', burn]);
  const spent = readTree(process.pid).cpuMicros - before;
  assert.ok(spent >= 150_000, `only ${spent} µs were seen`);
});

test('a tree has memory while it lives and is empty afterwards', linuxOnly, () => {
  assert.ok(readTree(process.pid).rssBytes > 10_000_000);
  assert.deepEqual(readTree(2 ** 30), { cpuMicros: 0, rssBytes: 0, pids: [] });
});
