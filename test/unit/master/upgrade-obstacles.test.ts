/** Where a new master may not take the place of the old one, each with its reason and what to do instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findObstacle, type Standing } from '../../../src/master/upgrade/obstacles.js';

const FREE: Standing = {
  platform: 'linux',
  pid: 812,
  parentPid: 700,
  isBackground: false,
  isNotified: false,
  systemdPid: undefined,
  isOfScript: false,
  isOnTerminal: false,
  isForked: false,
  servesPhones: false,
  isDeploying: false,
};

const ROWS: readonly (readonly [name: string, changes: Partial<Standing>, reason: RegExp | null])[] = [
  ['a script without a terminal', {}, null],
  ['Windows', { platform: 'win32' }, /Windows hands no listening socket/],
  ['the first process of a container', { pid: 1, parentPid: 0 }, /first process of its container/],
  ['tini beneath Docker', { parentPid: 1 }, /the first process of this machine or container has started it/],
  ['--daemonize', { parentPid: 1, isBackground: true }, null],
  ['Type=notify', { parentPid: 1, isNotified: true, systemdPid: '812' }, null],
  ['Type=exec', { parentPid: 1, systemdPid: '812' }, /systemd is not told which process/],
  ['Type=exec of a user', { parentPid: 640, systemdPid: '812' }, /systemd is not told which process/],
  ['a shell within a unit', { systemdPid: '640' }, null],
  ['npm start', { isOfScript: true }, /npm has started it/],
  ['pm2', { isForked: true }, /with a channel/],
  ['a terminal', { isOnTerminal: true }, /on a terminal/],
  ['--daemonize on a terminal', { isOnTerminal: true, isBackground: true }, null],
  ['--lan', { servesPhones: true }, /--lan/],
  ['a deploy', { isDeploying: true }, /a deploy is not decided/],
];

for (const [name, changes, reason] of ROWS) {
  test(`${name}: ${reason === null ? 'may be upgraded' : 'is refused'}`, () => {
    const found = findObstacle({ ...FREE, ...changes });
    if (reason === null) {
      assert.equal(found, null);
      return;
    }
    assert.match(found?.message ?? '', reason);
    assert.match(found?.hint ?? '', /\w/);
  });
}
