/** Whose authority is served under sudo, and what is remembered about its trust. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureAuthority } from '../../../src/certificates/development/authority.js';
import {
  forgetTrusted,
  noteTrusted,
  wasTrusted,
} from '../../../src/certificates/development/trusted-mark.js';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { homeBehindSudo } from '../../../src/certificates/store/local-store.js';
import { makeWorkspace } from '../../support/workspace.js';

const PASSWD =
  'root:x:0:0:root:/root:/bin/bash\ndev:x:1000:1000:,,,:/home/dev:/bin/bash\nodd:x:1001:1001:::\n';

for (const [name, environment, uid, expected] of [
  ['sudo that sets HOME', { SUDO_UID: '1000', HOME: '/root' }, 0, '/home/dev'],
  ['sudo without a HOME', { SUDO_UID: '1000' }, 0, '/home/dev'],
  ["sudo that keeps the user's HOME", { SUDO_UID: '1000', HOME: '/home/dev' }, 0, null],
  ['a HOME that was chosen', { SUDO_UID: '1000', HOME: '/srv/front' }, 0, null],
  ['sudo -u another user', { SUDO_UID: '1000', HOME: '/root' }, 33, null],
  ['root itself', { HOME: '/root' }, 0, null],
  ['sudo by root', { SUDO_UID: '0', HOME: '/root' }, 0, null],
  ['an account without a home', { SUDO_UID: '1001', HOME: '/root' }, 0, null],
  ['an account that is not in passwd', { SUDO_UID: '5000', HOME: '/root' }, 0, null],
  ['Windows', { SUDO_UID: '1000', HOME: '/root' }, undefined, null],
] as const) {
  test(`${name}: ${expected ?? 'the home is that of the process'}`, () => {
    assert.equal(homeBehindSudo(environment, uid, PASSWD), expected);
  });
}

test('trust is remembered of one authority, and forgotten', async (t) => {
  const store = openFileStore(makeWorkspace(t).at('data'));
  const other = openFileStore(makeWorkspace(t).at('data'));
  const { certPem } = await ensureAuthority(store, [], new Date());
  assert.equal(await wasTrusted(store, certPem), false);
  await noteTrusted(store, certPem);
  assert.equal(await wasTrusted(store, certPem), true);
  const { certPem: newer } = await ensureAuthority(other, [], new Date());
  assert.equal(await wasTrusted(store, newer), false);
  await forgetTrusted(store);
  assert.equal(await wasTrusted(store, certPem), false);
});
