/** By which program, and as whom, `--open` shows an address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserCommand, browserIdentity } from '../../../src/system/open-url.js';

const URL = 'https://localhost';

test('the browser is the program of the system, or what BROWSER names', () => {
  const command = (platform: NodeJS.Platform, BROWSER?: string) =>
    browserCommand(URL, { platform, environment: BROWSER === undefined ? {} : { BROWSER } });
  assert.deepEqual(command('linux'), ['xdg-open', URL]);
  assert.deepEqual(command('darwin'), ['open', URL]);
  assert.deepEqual(command('win32'), ['explorer.exe', URL]);
  assert.deepEqual(command('linux', 'firefox'), ['firefox', URL]);
  assert.deepEqual(command('linux', 'firefox --new-tab %s:w3m'), ['firefox', '--new-tab', URL]);
  assert.deepEqual(command('linux', ''), ['xdg-open', URL]);
  assert.equal(command('linux', 'none'), null);
});

test('under sudo the browser runs as the user behind it, and as nobody else', () => {
  assert.deepEqual(browserIdentity({ SUDO_UID: '1000', SUDO_GID: '1001' }, 0), { uid: 1000, gid: 1001 });
  assert.deepEqual(browserIdentity({ SUDO_UID: '1000' }, 0), { uid: 1000, gid: null });
  assert.equal(browserIdentity({ SUDO_UID: '0', SUDO_GID: '0' }, 0), null);
  assert.equal(browserIdentity({ SUDO_UID: '1000', SUDO_GID: '1001' }, 1000), null);
  assert.equal(browserIdentity({ SUDO_UID: 'x' }, 0), null);
  assert.equal(browserIdentity({}, 0), null);
});
