/** `tlsfront ca`, `cert` and `hosts`: what is written, undone, and believed by real clients in a private home. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from '../../src/certificates/chain/inspect.js';
import { browserStores } from '../../src/certificates/trust/browser-stores.js';
import { systemStores } from '../../src/certificates/trust/system-stores.js';
import type { AuthorityRef, Machine } from '../../src/certificates/trust/trust-store.js';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { privateHome } from '../support/private-home.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

test('ca install puts the authority into the databases of Chromium and Firefox, and uninstall takes it out', async (t) => {
  const certutil = requireTool(t, 'certutil');
  if (certutil === MISSING) return;
  const { folder, environment } = privateHome(t, certutil);
  const databases = ['.pki/nssdb', '.mozilla/firefox/abc.default', 'snap/firefox/common/.mozilla/firefox/x'];
  for (const database of databases) {
    mkdirSync(folder.at(database), { recursive: true });
    spawnSync(certutil, ['-d', `sql:${folder.at(database)}`, '-N', '--empty-password']);
  }
  const listed = (): string[] =>
    databases.map(
      (database) =>
        spawnSync(certutil, ['-d', `sql:${folder.at(database)}`, '-L'], { encoding: 'utf8' }).stdout,
    );
  const dry = await runCommand(['ca', 'install', '--user-only', '--dry-run'], environment);
  assert.match(dry.stdout, /certutil -d sql:\S+ -A -t C,, -n tlsfront-FINGERPRINT -i /);
  assert.ok(listed().every((text) => !text.includes('tlsfront')));
  const installed = await runCommand(['ca', 'install', '--user-only'], environment);
  assert.equal(installed.code, 0, installed.stderr);
  assert.ok(
    listed().every((text) => /tlsfront-[0-9a-f]{16} +C,,/.test(text)),
    listed().join(),
  );
  const again = await runCommand(['ca', 'install', '--user-only'], environment);
  assert.equal(again.stdout.match(/nothing to do/g)?.length, 3, again.stdout);
  const removed = await runCommand(['ca', 'uninstall', '--user-only'], environment);
  assert.equal(removed.code, 0, removed.stderr);
  assert.ok(listed().every((text) => !text.includes('tlsfront')));
});

/** A machine that has these files and programs. */
function machineWith(
  files: Readonly<Record<string, string>>,
  programs: readonly string[],
  platform: NodeJS.Platform = 'linux',
  environment = {},
): Machine {
  return {
    platform,
    home: '/home/me',
    environment,
    exists: (path) => Object.keys(files).some((file) => file === path || file.startsWith(`${path}/`)),
    list: (folder) => [
      ...new Set(
        Object.keys(files)
          .filter((file) => file.startsWith(`${folder}/`))
          .map((file) => file.slice(folder.length + 1).split('/')[0] ?? ''),
      ),
    ],
    read: (path) => files[path],
    readBytes: (path) => (files[path] === undefined ? undefined : Buffer.from(files[path], 'latin1')),
    real: (path) => path,
    writable: () => false,
    find: (program) => (programs.includes(program) ? `/bin/${program}` : undefined),
    run: async () => ({ status: 1, out: '' }),
  };
}

const AUTHORITY: AuthorityRef = { file: '/data/a.pem', pem: 'PEM', sha1: 'ab12', nickname: 'tlsfront-1' };

for (const [what, files, programs, install, uninstall, bundle] of [
  [
    'Debian',
    '/usr/local/share/ca-certificates',
    'update-ca-certificates',
    '/bin/update-ca-certificates',
    '/bin/update-ca-certificates --fresh',
    '/etc/ssl/certs/ca-certificates.crt',
  ],
  [
    'Fedora',
    '/etc/pki/ca-trust/source/anchors',
    'update-ca-trust',
    '/bin/update-ca-trust extract',
    '/bin/update-ca-trust extract',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  ],
  [
    'Arch',
    '/etc/ca-certificates/trust-source/anchors',
    'trust',
    '/bin/trust extract-compat',
    '/bin/trust extract-compat',
    '/etc/ca-certificates/extracted/tls-ca-bundle.pem',
  ],
  [
    'openSUSE',
    '/etc/pki/trust/anchors',
    'update-ca-certificates',
    '/bin/update-ca-certificates',
    '/bin/update-ca-certificates',
    '/var/lib/ca-certificates/ca-bundle.pem',
  ],
] as const) {
  test(`the anchors of ${what}`, async () => {
    const [store, ...more] = systemStores(machineWith({ [`${files}/x.crt`]: '' }, [programs]));
    assert.equal(more.length, 0);
    assert.equal(store?.name, `system (${what})`);
    assert.deepEqual(
      store.installSteps(AUTHORITY).map(({ argv, asRoot }) => `${asRoot} ${argv.join(' ')}`),
      [`true install -m 644 /data/a.pem ${files}/tlsfront-1.crt`, `true ${install}`],
    );
    assert.deepEqual(
      store.uninstallSteps(AUTHORITY).map(({ argv }) => argv.join(' ')),
      [`rm -f ${files}/tlsfront-1.crt`, uninstall],
    );
    assert.equal(await store.holding(AUTHORITY), 'none');
    const anchor = { [`${files}/tlsfront-1.crt`]: 'PEM' };
    for (const [found, holding] of [
      [anchor, 'all'],
      [{ ...anchor, [bundle]: 'AA\nPE\nM\nBB' }, 'all'],
      // The program was ended before it had made the bundle, or the anchor was removed by hand.
      [{ ...anchor, [bundle]: 'AA\nBB' }, 'part'],
      [{ [`${files}/x.crt`]: '', [bundle]: 'PEM' }, 'part'],
      [{ [`${files}/x.crt`]: '', [bundle]: 'AA' }, 'none'],
    ] as const) {
      const [having] = systemStores(machineWith(found, [programs]));
      assert.equal(await having?.holding(AUTHORITY), holding, JSON.stringify(found));
    }
  });
}

test('macOS, Windows and WSL have their own stores, without root', () => {
  const certutil = '/mnt/c/Windows/System32/certutil.exe';
  const wsl = machineWith({ [certutil]: '' }, [], 'linux', { WSL_DISTRO_NAME: 'Debian' });
  const lines = [machineWith({}, [], 'darwin'), machineWith({}, [], 'win32'), wsl].map((machine) =>
    systemStores(machine).flatMap((store) =>
      store.installSteps(AUTHORITY).map(({ argv, asRoot }) => `${asRoot} ${argv.join(' ')}`),
    ),
  );
  assert.deepEqual(lines, [
    [
      'false security add-trusted-cert -r trustRoot -k /home/me/Library/Keychains/login.keychain-db /data/a.pem',
    ],
    ['false certutil -user -addstore Root /data/a.pem'],
    [`false ${certutil} -user -addstore Root \\\\wsl.localhost\\Debian\\data\\a.pem`],
  ]);
});

test('without certutil a browser is told with the package to install', () => {
  const { stores, unusable } = browserStores(machineWith({ '/home/me/.mozilla/firefox/p/cert9.db': '' }, []));
  assert.deepEqual([stores.length, unusable.length], [0, 1]);
  assert.match(
    `${unusable[0]?.name} ${unusable[0]?.hint}`,
    /Firefox \(~\/\.mozilla\/firefox\/p\) .*libnss3-tools/,
  );
});

test('ca show prints the authority, or its certificate alone; without one it says how to make one', async (t) => {
  const { environment } = privateHome(t);
  const none = await runCommand(['ca', 'show'], environment);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /there is no development authority yet\nhint: tlsfront ca install/);
  await runCommand(['cert', 'a.test', '--cert-file', '/dev/null', '--key-file', '/dev/null'], environment);
  await runCommand(['ca', 'install', '--user-only'], environment);
  const { stdout } = await runCommand(['ca', 'show'], environment);
  assert.match(stdout, /^tlsfront development authority \(.*\)\nfile: .*authority\.pem\nvalid until: /);
  const { stdout: pem } = await runCommand(['ca', 'show', '--pem'], environment);
  assert.equal(new X509Certificate(pem).ca, true);
});

/** Runs the command in a folder. */
function runIn(folder: Workspace, environment: NodeJS.ProcessEnv, ...args: readonly string[]) {
  const env = { ...cleanEnvironment(), ...environment };
  return spawnSync(process.execPath, [CLI, ...args], { cwd: folder.path, env, encoding: 'utf8' });
}

test('cert warns of a wildcard that no client takes, and of no other', (t) => {
  const { folder, environment } = privateHome(t);
  const { status, stderr } = runIn(folder, environment, 'cert', '*.test', '*.app.test');
  assert.equal(status, 0, stderr);
  assert.equal(
    stderr,
    'warning: *.test stands for everything beneath a top-level name: curl, Node and browsers refuse that\n' +
      'hint: name the hosts, or take a wildcard below a name of your own (*.app.test)\n',
  );
});

test('cert writes a certificate that the authority vouches for, and a private key for its owner only', async (t) => {
  const { folder, environment } = privateHome(t);
  const { status, stdout, stderr } = runIn(
    folder,
    environment,
    'cert',
    'app.test',
    '*.app.test',
    '192.168.1.5',
  );
  assert.equal(status, 0, stderr);
  assert.equal(
    stdout,
    'wrote app.test+2.pem: app.test, *.app.test, 192.168.1.5\nwrote app.test+2-key.pem: its private key\n',
  );
  assert.equal(statSync(folder.at('app.test+2-key.pem')).mode & 0o777, 0o600);
  const source = (file: string) => ({ file, bytes: readFileSync(folder.at(file)), mode: 0o600 });
  const { findings } = inspect({
    certificates: [source('app.test+2.pem')],
    key: source('app.test+2-key.pem'),
    bundle: [source('data/tlsfront/development/authority.pem')],
    hosts: ['app.test', 'x.app.test', '192.168.1.5'],
  });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['given_authority'],
  );
  assert.equal(runIn(folder, environment, 'cert', 'app.test', '*.app.test', '192.168.1.5').status, 2);
  assert.equal(
    runIn(folder, environment, 'cert', 'app.test', '*.app.test', '192.168.1.5', '--force').status,
    0,
  );
});

test('cert makes RSA keys, client certificates and bundles', async (t) => {
  const { folder, environment } = privateHome(t);
  assert.equal(runIn(folder, environment, 'cert', 'me@example.com', '--rsa').status, 0);
  const mail = new X509Certificate(readFileSync(folder.at('me@example.com.pem')));
  assert.equal(mail.subjectAltName, 'email:me@example.com');
  assert.equal(mail.publicKey.asymmetricKeyType, 'rsa');
  assert.deepEqual(mail.keyUsage, ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4']);
  assert.equal(runIn(folder, environment, 'cert', 'app.test', '--client', '--p12', '--days', '30').status, 0);
  const bundle = { file: 'b', bytes: readFileSync(folder.at('app.test-client.p12')), mode: 0o600 };
  const { chain, key } = inspect({ certificates: [bundle], passphrase: 'changeit' });
  assert.deepEqual(chain?.leaf.names, ['app.test']);
  assert.ok(key);
});

for (const args of [
  [],
  ['a b'],
  ['app.test', '--days', '0'],
  ['app.test', '--days', '900'],
  ['https://app.test'],
]) {
  test(`cert ${args.join(' ')} is wrong use`, async (t) => {
    const { folder, environment } = privateHome(t);
    const { status, stderr } = runIn(folder, environment, 'cert', ...args);
    assert.equal(status, 2);
    assert.match(stderr, /^error: .+\nhint: .+\n$/);
  });
}

for (const lineEnd of ['\n', '\r\n']) {
  test(`hosts keeps every other line as it is (${JSON.stringify(lineEnd)})`, async (t) => {
    const folder = makeWorkspace(t);
    const own = ['# mine', '127.0.0.1 localhost', '10.0.0.1\tdb # keep', ''].join(lineEnd);
    const file = folder.write('hosts', own, 0o644);
    const hosts = async (...args: string[]) => runCommand(['hosts', ...args, '--file', file]);
    assert.equal((await hosts('add', 'app.test', 'API.test')).code, 0);
    const block = [
      '# tlsfront begin',
      '127.0.0.1 app.test',
      '::1 app.test',
      '127.0.0.1 api.test',
      '::1 api.test',
      '# tlsfront end',
      '',
    ];
    assert.equal(readFileSync(file, 'utf8'), own + block.join(lineEnd));
    assert.equal((await hosts('list')).stdout, 'app.test\napi.test\n');
    assert.match((await hosts('add', 'app.test')).stdout, /nothing to do/);
    await hosts('remove', 'app.test');
    assert.equal((await hosts('list')).stdout, 'api.test\n');
    await hosts('remove');
    assert.equal(readFileSync(file, 'utf8'), own);
    assert.equal(statSync(file).mode & 0o777, 0o644);
  });
}

test('hosts adds nothing for names beneath .localhost, and refuses wildcards and addresses', async (t) => {
  const file = makeWorkspace(t).write('hosts', '127.0.0.1 localhost');
  const added = await runCommand(['hosts', 'add', 'app.localhost', '--file', file]);
  assert.match(added.stdout, /app\.localhost: nothing to do, browsers and systems know it/);
  for (const name of ['*.app.test', '192.168.1.5']) {
    assert.equal((await runCommand(['hosts', 'add', name, '--file', file])).code, 2);
  }
  assert.equal((await runCommand(['hosts', 'add', '--file', file])).code, 2);
  assert.equal(readFileSync(file, 'utf8'), '127.0.0.1 localhost');
});

test('a block that somebody has cut loses nothing of theirs', async (t) => {
  const file = makeWorkspace(t).write('hosts', '# tlsfront begin\n127.0.0.1 app.test\n10.0.0.1 theirs\n');
  await runCommand(['hosts', 'remove', '--file', file]);
  assert.equal(readFileSync(file, 'utf8'), '10.0.0.1 theirs\n');
});
