/** Which --host names get the hint about the hosts file, and the line that it gives. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { asRootLine, findUnknownHosts, unknownHostsHint } from '../../../src/serving/unknown-hosts.js';

test('addresses, wildcards and names beneath localhost are never asked for', async () => {
  const hosts = [
    '127.0.0.1',
    '8.8.8.8',
    '::1',
    '*.nowhere.invalid',
    'localhost',
    'a.b.localhost',
    hostname(),
  ];
  assert.deepEqual(await findUnknownHosts(hosts), []);
});

test('a name without an address is found, unless the answer takes too long', async (t) => {
  const found = await findUnknownHosts(['nowhere.invalid']);
  if (found.length === 0) t.skip('no name server answers in time');
  else assert.deepEqual(found, ['nowhere.invalid']);
});

test('the line is one to paste', () => {
  const user = { platform: 'linux', getuid: () => 1000 } as const;
  const line = (execPath: string): string => asRootLine('tlsfront hosts add app.test', { ...user, execPath });
  assert.equal(line('/usr/bin/node'), 'sudo tlsfront hosts add app.test');
  assert.equal(line('/usr/local/bin/node'), 'sudo tlsfront hosts add app.test');
  assert.equal(line('/home/me/.nvm/bin/node'), 'sudo env "PATH=$PATH" tlsfront hosts add app.test');
  assert.equal(asRootLine('x', { ...user, getuid: () => 0, execPath: '/usr/bin/node' }), 'x');
  assert.equal(asRootLine('x', { ...user, platform: 'win32', execPath: 'node' }), 'x');
});

test('all names stand in one hint', () => {
  assert.equal(unknownHostsHint([], 'tlsfront'), undefined);
  const hint = unknownHostsHint(['a.test', 'b.test'], 'tlsfront') ?? '';
  assert.match(
    hint,
    /^a\.test, b\.test do not lead to this machine yet: .*tlsfront hosts add a\.test b\.test$/,
  );
});
