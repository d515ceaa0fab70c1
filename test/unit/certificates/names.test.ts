/** Host names: their one spelling, and which certificate names cover them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalName, nameCovers } from '../../../src/certificates/host-names.js';
import { dataFolder } from '../../../src/certificates/store/data-folder.js';

const spellings: readonly [string, string | undefined][] = [
  ['App.Test', 'app.test'],
  ['app.test.', 'app.test'],
  [' app.test ', 'app.test'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.App.test', '*.app.test'],
  ['_dmarc.app.test', '_dmarc.app.test'],
  ['localhost', 'localhost'],
  ['192.168.1.20', '192.168.1.20'],
  ['[::1]', '::1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['256.1.1.1', undefined],
  ['*', undefined],
  ['a.*.test', undefined],
  ['https://app.test', undefined],
  ['app.test:443', undefined],
  ['app test', undefined],
  ['-app.test', undefined],
  ['a..test', undefined],
  ['', undefined],
  [`${'a'.repeat(64)}.test`, undefined],
  [`${'abcd.'.repeat(60)}test`, undefined],
];
for (const [text, expected] of spellings) {
  test(`${JSON.stringify(text.slice(0, 30))} is ${expected ?? 'no host name'}`, () => {
    assert.equal(canonicalName(text), expected);
  });
}

const coverages: readonly [string, string, boolean][] = [
  ['app.test', 'app.test', true],
  ['app.test', 'www.app.test', false],
  ['*.app.test', 'www.app.test', true],
  ['*.app.test', 'app.test', false],
  ['*.app.test', 'a.b.app.test', false],
  ['*.0.0.1', '127.0.0.1', false],
  ['::1', '::1', true],
];
for (const [name, host, expected] of coverages) {
  test(`${name} ${expected ? 'covers' : 'does not cover'} ${host}`, () => {
    assert.equal(nameCovers(name, host), expected);
  });
}

test('the data folder follows each platform', () => {
  const folder = (platform: NodeJS.Platform, environment: Record<string, string> = {}): string =>
    dataFolder({ platform, home: platform === 'win32' ? 'C:\\Users\\me' : '/home/me', environment });
  assert.equal(folder('linux'), '/home/me/.local/share/tlsfront');
  assert.equal(folder('linux', { XDG_DATA_HOME: '/data' }), '/data/tlsfront');
  assert.equal(folder('linux', { XDG_DATA_HOME: 'relative' }), '/home/me/.local/share/tlsfront');
  assert.equal(folder('darwin'), '/home/me/Library/Application Support/tlsfront');
  assert.equal(folder('win32'), 'C:\\Users\\me\\AppData\\Local\\tlsfront');
  assert.equal(folder('win32', { LOCALAPPDATA: 'D:\\Local' }), 'D:\\Local\\tlsfront');
});
