/** Where a new master may not take the place of the old one, each with its reason and what to do instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findObstacle, type Standing } from '../../../src/master/upgrade/obstacles.js';
import { type Descent, findStarter, type Starter } from '../../../src/master/upgrade/starter.js';

const FREE: Standing = {
  platform: 'linux',
  pid: 812,
  starter: 'another process',
  isBackground: false,
  isNotified: false,
  systemdPid: undefined,
  isOfUnit: false,
  isOfScript: false,
  isOnTerminal: false,
  isForked: false,
  servesPhones: false,
  isDeploying: false,
};

const ROWS: readonly (readonly [name: string, changes: Partial<Standing>, reason: RegExp | null])[] = [
  ['a script without a terminal', {}, null],
  ['Windows', { platform: 'win32' }, /Windows hands no listening socket/],
  ['the first process of a container', { pid: 1, starter: 'outside' }, /first process of its container/],
  ['tini beneath Docker', { starter: 'first process' }, /its parent is the first process of this machine or/],
  ['--daemonize', { starter: 'first process', isBackground: true }, null],
  ['--daemonize beneath tini', { starter: 'gone', isBackground: true }, null],
  ['a script that has ended', { starter: 'gone' }, null],
  ['docker exec', { starter: 'outside' }, /started from outside of its container/],
  ['docker exec with --daemonize', { starter: 'outside', isBackground: true }, null],
  ['Type=notify', { starter: 'first process', isNotified: true, isOfUnit: true, systemdPid: '812' }, null],
  ['Type=exec', { starter: 'first process', systemdPid: '812' }, /systemd is not told which process/],
  ['Type=exec of a user', { isOfUnit: true, systemdPid: '812' }, /systemd is not told which process/],
  ['Type=exec of an old systemd', { starter: 'first process', isOfUnit: true }, /systemd is not told which/],
  ['Type=forking', { starter: 'gone', isOfUnit: true, systemdPid: '640' }, /systemd is not told which/],
  ['--daemonize within a unit', { starter: 'gone', isOfUnit: true, isBackground: true }, null],
  ['a shell within a unit', { systemdPid: '640', isOfUnit: true }, null],
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

const STARTERS: readonly (readonly [name: string, descent: Descent, starter: Starter])[] = [
  ['a shell that is there', { pid: 812, parentPid: 700, session: 700, firstSession: 1 }, 'another process'],
  ['a shell that has ended', { pid: 812, parentPid: 1, session: 700, firstSession: 1 }, 'gone'],
  [
    'a shell that has ended, beneath an init without session',
    { pid: 812, parentPid: 1, session: 700, firstSession: 0 },
    'gone',
  ],
  ['tini', { pid: 7, parentPid: 1, session: 1, firstSession: 1 }, 'first process'],
  ['tini within unshare --pid', { pid: 7, parentPid: 1, session: 0, firstSession: 0 }, 'first process'],
  ['dumb-init', { pid: 7, parentPid: 1, session: 7, firstSession: 1 }, 'first process'],
  [
    'sh -c, which is the first process, with &',
    { pid: 7, parentPid: 1, session: 1, firstSession: 1 },
    'first process',
  ],
  [
    'a hidden first process (hidepid)',
    { pid: 812, parentPid: 1, session: 700, firstSession: null },
    'first process',
  ],
  ['no /proc', { pid: 812, parentPid: 1, session: null, firstSession: null }, 'first process'],
  ['docker exec', { pid: 812, parentPid: 0, session: 812, firstSession: 1 }, 'outside'],
  [
    'a shared process namespace of Kubernetes',
    { pid: 7, parentPid: 0, session: 7, firstSession: 1 },
    'outside',
  ],
];

for (const [name, descent, starter] of STARTERS) {
  test(`${name}: its starter is ${starter}`, () => assert.equal(findStarter(descent), starter));
}
