/** `--lan`: what is listened on and certified, under which name, and what does not go together with it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveConfig } from '../../../src/options/resolve.js';
import { Settings } from '../../../src/options/settings.js';
import { complaintOf, resolveGiven, TEST_PLATFORM } from '../../support/settings.js';

describe('what is served', () => {
  test('loopback and the private addresses, at 443 or 8443, port 80 of loopback alone, with all of them and the name in the certificate', () => {
    const { listeners, hosts, lan, project } = resolveGiven({ flags: { lan: ['true'], name: ['shop'] } });
    assert.deepEqual(
      listeners.map((one) => [one.kind, one.host, one.port, one.kind === 'https' && one.fallbackPort]),
      [
        ...['127.0.0.1', '::1', '192.168.1.5', 'fd00::5'].map((host) => ['https', host, 443, 8443]),
        ...['127.0.0.1', '::1'].map((host) => ['redirect', host, 80, false]),
      ],
    );
    assert.deepEqual(hosts, ['192.168.1.5', 'fd00::5', 'shop.local']);
    assert.deepEqual(lan, { name: 'shop.local', mayMove: true });
    // Whoever joins would be served to the network too, unasked.
    assert.equal(project, null);
  });

  test('a port alone is that of all, plain HTTP stays on loopback', () => {
    const { listeners, lan } = resolveGiven({ flags: { lan: ['true'], listen: ['9443'], http: ['9080'] } });
    assert.deepEqual(
      listeners.map(({ host, port }) => `${host} ${port}`),
      [
        ...['127.0.0.1 9443', '::1 9443', '192.168.1.5 9443', 'fd00::5 9443'],
        ...['127.0.0.1 9080', '::1 9080'],
      ],
    );
    assert.equal(lan?.mayMove, false);
  });

  test('without it nothing of the network is listened on or certified', () => {
    const { listeners, hosts, lan } = resolveGiven({});
    const heard = new Set(listeners.map(({ host }) => host));
    assert.deepEqual([[...heard], hosts, lan], [['127.0.0.1', '::1'], [], null]);
  });
});

const NAMES = [
  { given: 'Shop', name: 'shop.local' },
  { given: 'shop.local', name: 'shop.local' },
  { given: 'fix-login.shop', name: 'fix-login-shop.local' },
  { given: `${'a'.repeat(60)}.bcd`, name: `${'a'.repeat(60)}-bc.local` },
  { given: `${'a'.repeat(62)}.b`, name: `${'a'.repeat(62)}.local` },
] as const;

for (const { given, name } of NAMES) {
  test(`--name ${given} is ${name}`, () => {
    assert.equal(resolveGiven({ flags: { lan: ['true'], name: [given] } }).lan?.name, name);
  });
}

test('--lan before several sites is refused', () => {
  const site = { path: 'tlsfront.toml', labels: {}, command: null, label: 'site', name: 'a' };
  const sites = [{ ...site, values: { host: ['a.localhost'], upstream: ['9'] } }];
  const settings = new Settings({ lan: ['true'] }, {}, null, { ...site, values: {}, sites });
  assert.match(
    complaintOf(() => resolveConfig(settings, TEST_PLATFORM)),
    /leads to one app, and there are several sites/,
  );
});

const REFUSED = [
  { flags: { name: ['a b'] }, because: /--name a b: no host can be called so/ },
  {
    flags: {},
    platform: { privateAddresses: [] },
    because: /no address in a private network.* \/ join the Wi-Fi/,
  },
  {
    flags: { listen: [':8443'] },
    because: /port 8443 is to be open to every address \/ give the port alone/,
  },
  { flags: { listen: ['0.0.0.0:8443'] }, because: /open to every address/ },
  { flags: { listen: ['[::]:8443'] }, because: /open to every address/ },
  { flags: { listen: ['127.0.0.1:8443'] }, because: /nothing listens for it/ },
  { flags: { listen: ['0'] }, because: /nothing listens for it/ },
  { flags: { http: ['8080'] }, because: /nothing listens for it/ },
  { flags: { cert: ['c.pem'] }, because: /development certificate, and another one is given/ },
] as const;

for (const { flags, because, ...rest } of REFUSED) {
  test(`--lan with ${JSON.stringify({ ...flags, ...rest })} is refused`, () => {
    const all = { lan: ['true'], ...flags };
    assert.match(
      complaintOf(() => resolveGiven({ flags: all, ...rest })),
      because,
    );
  });
}

const REACHED = [
  { listen: ':8443', hosts: ['192.168.1.5', 'fd00::5'] },
  { listen: '[::]:8443', hosts: ['192.168.1.5', 'fd00::5'] },
  { listen: '0.0.0.0:8443', hosts: ['192.168.1.5'] },
  { listen: '192.168.1.5:8443', hosts: ['192.168.1.5'] },
  { listen: '[fd00::5]:8443', hosts: ['fd00::5'] },
  { listen: '203.0.113.9:8443', hosts: [] },
  { listen: '8443', hosts: [] },
] as const;

for (const { listen, hosts } of REACHED) {
  test(`the development certificate of --listen ${listen} covers ${hosts.join(' and ') || 'no more addresses'}`, () => {
    assert.deepEqual(resolveGiven({ flags: { listen: [listen] } }).hosts, hosts);
    assert.deepEqual(resolveGiven({ flags: { listen: [listen], cert: ['c.pem'] } }).hosts, []);
  });
}
