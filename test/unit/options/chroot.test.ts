/** What may stand beside --chroot, and what is refused before anything starts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SettingLayer } from '../../../src/options/settings.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

const FOLDER = { whyUnreadable: (path: string) => (path.startsWith('jail') ? 'is a folder' : null) };

function resolve(flags: SettingLayer, userId = 0, command?: readonly string[]) {
  return resolveGiven({
    flags: { chroot: ['jail'], ...flags },
    platform: { ...FOLDER, userId },
    ...(command === undefined ? {} : { command }),
  });
}

test('the folder is made whole, for routers and for the app', () => {
  const config = resolve({ wsgiFile: ['/no/such/file.py'] });
  assert.equal(config.chroot, `${process.cwd()}/jail`);
  // The file is looked for within it, by who serves it.
  assert.equal(config.apps[0]?.worker?.chroot, config.chroot);
  assert.equal(resolve({}, 0, ['/bin/app']).apps[0]?.worker?.chroot, config.chroot);
  // uWSGI serves these, within the folder.
  assert.equal(
    resolve({ uwsgiOption: ['module=a', 'static-map=/s=/x'], staticMap: ['/s=/x'] }).apps.length,
    2,
  );
});

const WRONG: readonly (readonly [what: string, flags: SettingLayer, expected: RegExp])[] = [
  ['a file', { chroot: ['a.txt'] }, /^config_invalid: --chroot a\.txt: is a file, not a folder/],
  ['nothing there', { chroot: [''] }, /empty/],
  [
    'files of the front',
    { staticMap: ['/x=.'] },
    /^config_usage: the files of .* cannot stand beside --chroot.*--static-map/,
  ],
  ['sendfile', { sendfile: ['.'] }, /^config_usage: --sendfile cannot stand beside --chroot/],
  ['an authority of apps', { upstreamCa: ['ca.pem'] }, /--upstream-ca cannot stand beside --chroot/],
  ['a log that is set aside', { logto: ['l'], logMaxsize: ['1m'] }, /--log-maxsize cannot stand beside/],
  ['an ASGI server', { asgiFile: ['a.py'] }, /uWSGI and commands: asgi cannot be put into it/],
  ['the launcher', { wsgiFile: ['a.py'], wsgiServer: ['wsgiref'] }, /wsgiref cannot be put into it/],
  ['the library engine', { engine: ['library'] }, /the library engine has no --chroot/],
];

for (const [what, flags, expected] of WRONG) {
  test(`${what} is refused beside --chroot`, () =>
    assert.match(
      complaintOf(() => resolve(flags)),
      expected,
    ));
}

test('only root may do it', () => {
  assert.match(
    complaintOf(() => resolve({}, 1000)),
    /^config_usage: --chroot: only root may do that \/ start with sudo/,
  );
});
