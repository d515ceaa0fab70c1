/** Users and groups of the machine. */
import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { test } from 'node:test';
import { findEntry, findGroup, findUser } from '../../../src/system/accounts.js';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\n33:x:1000:1001::/:/bin/sh\nwww:x:33:34::/:/bin/sh\nbroken\n';

test('a name wins over a number, as in chown', () => {
  assert.deepEqual(findEntry(PASSWD, 'passwd', '33'), { name: '33', id: 1000, groupId: 1001 });
});

test('a number finds the account that has it', () => {
  assert.deepEqual(findEntry(PASSWD, 'passwd', '0'), { name: 'root', id: 0, groupId: 0 });
});

test('a broken line and an unknown name are nobody', () => {
  assert.equal(findEntry(PASSWD, 'passwd', 'broken'), null);
  assert.equal(findEntry(PASSWD, 'passwd', 'nosuch'), null);
  assert.equal(findEntry('', 'group', ''), null);
});

test('a group has no primary group', () => {
  assert.deepEqual(findEntry('web:x:34:www\n', 'group', 'web'), { name: 'web', id: 34, groupId: null });
});

test('the user who runs the tests is found by name and by number', {
  skip: process.platform === 'win32',
}, () => {
  const { username, uid, gid } = userInfo();
  assert.deepEqual(findUser(username), { name: username, id: uid, groupId: gid });
  assert.equal(findUser(String(uid))?.id, uid);
  assert.equal(findGroup(String(gid))?.id, gid);
});

test('a name with the signs of a shell or an option is nobody', () => {
  assert.deepEqual(['--help', '$(id)', 'a b', '', '../passwd'].map(findUser), [null, null, null, null, null]);
});
