/** Which addresses of this machine are those of private networks, and in which order. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { privateNetworks } from '../../../src/system/private-networks.js';

function info(address: string, internal = false): NetworkInterfaceInfo {
  const common = { address, mac: '00:00:00:00:00:00', internal, cidr: null };
  return address.includes(':')
    ? { ...common, family: 'IPv6', netmask: 'ffff:ffff:ffff:ffff::', scopeid: 0 }
    : { ...common, family: 'IPv4', netmask: '255.255.255.0' };
}

const CASES = [
  { address: '10.1.2.3', is: true },
  { address: '172.16.0.1', is: true },
  { address: '172.31.255.1', is: true },
  { address: '172.32.0.1', is: false },
  { address: '192.168.1.5', is: true },
  { address: '192.169.1.5', is: false },
  { address: '192.0.2.2', is: false },
  { address: '100.64.0.1', is: false },
  { address: '169.254.1.1', is: false },
  { address: '203.0.113.5', is: false },
  { address: 'fd12:3456::1', is: true },
  { address: 'fe80::1', is: false },
  { address: '2001:db8::1', is: false },
] as const;

for (const { address, is } of CASES) {
  test(`${address} ${is ? 'is' : 'is not'} of a private network`, () => {
    const found = privateNetworks({ eth0: [info(address)] }).map((one) => one.address);
    assert.deepEqual(found, is ? [address] : []);
  });
}

test('bridges to containers and loopback are none; IPv4 and hardware come first', () => {
  const found = privateNetworks({
    lo: [info('10.0.0.9', true)],
    docker0: [info('172.17.0.1')],
    'br-1f': [info('172.18.0.1')],
    tun0: [info('10.8.0.2')],
    wlan0: [info('fd00::5'), info('192.168.1.5')],
  });
  assert.deepEqual(
    found.map(({ interfaceName, family, address }) => `${interfaceName} ${family} ${address}`),
    ['wlan0 4 192.168.1.5', 'tun0 4 10.8.0.2', 'wlan0 6 fd00::5'],
  );
});
