/** What the terminal says to somebody with a phone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockedLines } from '../../../src/master/lan/lines.js';

const SHOWN = {
  nameUrl: 'https://shop.local:8443',
  places: [
    {
      network: { interfaceName: 'wlan0', family: 4, address: '192.168.1.5', netmask: '255.255.255.0' },
      url: 'https://192.168.1.5:8443',
    },
  ],
  authorityPem: '',
} as const;

const SYSTEMS = [
  {
    platform: 'linux',
    says: /must let 8443 and 4480 in: sudo ufw allow 8443,4480\/tcp, or sudo firewall-cmd --add-port=8443\/tcp --add-port=4480\/tcp$/,
  },
  { platform: 'darwin', says: /4480 in: System Settings › Network › Firewall$/ },
  { platform: 'win32', says: /4480 in: allow Node\.js in private networks/ },
  { platform: 'openbsd', says: /must let 8443 and 4480 in$/ },
] as const;

for (const { platform, says } of SYSTEMS) {
  test(`nobody comes, on ${platform}`, () => {
    const { warning, hint } = blockedLines(SHOWN, 4480, platform);
    assert.equal(warning, 'nobody has opened http://192.168.1.5:4480 yet');
    assert.match(hint, says);
    assert.match(hint, /guest Wi-Fi/);
  });
}
