/** Real clients in private homes: they open a front after `tlsfront ca install` and refuse it after `ca uninstall`. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { within } from '../support/deadline.js';
import { privateHome } from '../support/private-home.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requireTools } from '../support/tools.js';

test('Chromium opens https://localhost after ca install and refuses it after ca uninstall', async (t) => {
  const tools = requireTools(t, 'certutil', 'chromium', 'curl', 'mkdir');
  if (tools === MISSING) return;
  const { folder, environment } = privateHome(t, ...Object.values(tools));
  // Chromium's launcher is a script that needs the usual programs.
  const path = { ...environment, PATH: `${folder.at('bin')}:/usr/bin:/bin` };
  const change = { ...environment };
  const status = async (): Promise<string> => (await runCommand(['ca', 'status'], path)).stdout;
  await runCommand(['ca', 'install', '--user-only'], change);
  const authority = folder.at('data/tlsfront/development/authority.pem');
  assert.match(await status(), /✓ Chromium +trusts https:\/\/localhost/);
  const told = await runCommand(['ca', 'status'], {
    ...path,
    NODE_EXTRA_CA_CERTS: authority,
    CURL_CA_BUNDLE: authority,
  });
  assert.match(told.stdout, /✓ curl +trusts/);
  assert.match(told.stdout, /✓ Node +trusts/);
  await runCommand(['ca', 'uninstall', '--user-only'], change);
  const after = await status();
  assert.match(after, /✗ Chromium +does not trust/);
  assert.match(after, /✗ curl +does not trust/);
  assert.match(after, /✗ Node +does not trust/);
});

test('Chromium opens https://app.localhost of a front after ca install and refuses it after ca uninstall', async (t) => {
  const tools = requireTools(t, 'certutil', 'chromium', 'mkdir');
  if (tools === MISSING) return;
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
  t.after(() => front.stop());
  const { folder, environment } = privateHome(t, ...Object.values(tools));
  const change = { ...environment, XDG_DATA_HOME: front.dataFolder };
  let profiles = 0;
  const open = async (): Promise<string> => {
    profiles += 1;
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const flags = [
      '--headless',
      '--disable-gpu',
      '--timeout=10000',
      `--user-data-dir=${folder.at(`p${profiles}`)}`,
    ];
    const child = spawn(
      tools.chromium,
      [...sandbox, ...flags, '--dump-dom', `https://app.localhost:${front.port()}/hello`],
      {
        env: { ...cleanEnvironment(), HOME: folder.path },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    let page = '';
    child.stdout.on('data', (chunk: Buffer) => {
      page += chunk.toString();
    });
    await within(once(child, 'close'), 30_000, 'the end of Chromium').finally(() => child.kill('SIGKILL'));
    return page;
  };
  await runCommand(['ca', 'install', '--user-only'], change);
  assert.match(await open(), /Hello from the app/);
  await runCommand(['ca', 'uninstall', '--user-only'], change);
  assert.doesNotMatch(await open(), /Hello from the app/);
});

/** A script as a developer writes it; browsers find `*.localhost` by themselves (RFC 6761 §6.3), not every system does. */
const NODE_CLIENT = `
  const lookup = (name, options, done) => options.all
    ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  require('node:https').get(process.argv[1], { lookup }, (response) => {
    response.pipe(process.stdout);
  }).on('error', (error) => console.log(error.code));
`;

test('Node opens https://app.localhost of a front with the line that ca install prints, and refuses it without', async (t) => {
  const tools = requireTools(t, 'certutil', 'mkdir');
  if (tools === MISSING) return;
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
  t.after(() => front.stop());
  const { environment } = privateHome(t, ...Object.values(tools));
  const change = { ...environment, XDG_DATA_HOME: front.dataFolder };
  const { stdout, stderr } = await runCommand(['ca', 'install', '--user-only'], change);
  const [, file = ''] = /NODE_EXTRA_CA_CERTS=(\S+)/.exec(stdout + stderr) ?? [];
  assert.notEqual(file, '', stdout + stderr);
  const doctor = await runCommand(['doctor'], change);
  assert.match(
    doctor.stdout,
    new RegExp(`✗ Node +does not trust .*\\n +→ export NODE_EXTRA_CA_CERTS=${file}\\n`),
  );
  const open = (more: NodeJS.ProcessEnv): string => {
    const url = `https://app.localhost:${front.port()}/hello`;
    const env = { ...cleanEnvironment(), NODE_EXTRA_CA_CERTS: undefined, ...more };
    return spawnSync(process.execPath, ['-e', NODE_CLIENT, url], { env, encoding: 'utf8', timeout: 20_000 })
      .stdout;
  };
  assert.match(open({ NODE_EXTRA_CA_CERTS: file }), /Hello from the app/);
  assert.match(open({}), /UNABLE_TO|SELF_SIGNED/);
});

/** In a mount namespace of its own, with copies of what a system store consists of. */
const IN_NAMESPACE = `set -e
# The last two: where Debian's Java is told of changes.
for folder in /etc/ssl /usr/local/share/ca-certificates /var/lib/dpkg /var/lib/ca-certificates-java; do
  [ -d "$folder" ] || continue
  cp -a "$folder" "$SCRATCH$(echo "$folder" | tr / _)"
  mount --bind "$SCRATCH$(echo "$folder" | tr / _)" "$folder"
done
tlsfront() { "$NODE" "$CLI" "$@"; }
tlsfront ca install --yes
open() { curl -sS --noproxy '*' --max-time 10 "https://app.localhost:$PORT/hello" 2>&1 | sed "s/^/curl: /"; echo; }
echo INSTALLED; tlsfront ca status || true; open
# As if the first one had been ended before its end: a line of the authority is not in the bundle.
sed "\\|^$(sed -n 3p "$XDG_DATA_HOME/tlsfront/development/authority.pem")|d" /etc/ssl/certs/ca-certificates.crt >"$SCRATCH.bundle"
cat "$SCRATCH.bundle" >/etc/ssl/certs/ca-certificates.crt
tlsfront ca install --yes
echo AGAIN; open
tlsfront ca uninstall --yes
echo REMOVED; tlsfront ca status || true; open
diff -r /usr/local/share/ca-certificates "$BEFORE" && echo UNCHANGED`;

test('curl and Python open a front after ca install into the system, and refuse it after ca uninstall', async (t) => {
  const tools = requireTools(t, 'unshare', 'curl', 'update-ca-certificates', 'sed', 'diff');
  if (tools === MISSING) return;
  const { unshare } = tools;
  const { folder, environment } = privateHome(t);
  const before = folder.at('before');
  spawnSync('cp', ['-a', '/usr/local/share/ca-certificates', before]);
  mkdirSync(folder.at('scratch'));
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
  t.after(() => front.stop());
  const env = {
    ...cleanEnvironment(),
    ...environment,
    XDG_DATA_HOME: front.dataFolder,
    PORT: String(front.port()),
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    NODE: process.execPath,
    CLI,
    SCRATCH: folder.at('scratch/s'),
    BEFORE: before,
    CURL_CA_BUNDLE: undefined,
    SSL_CERT_FILE: undefined,
    NODE_EXTRA_CA_CERTS: undefined,
  };
  if (spawnSync(unshare, ['-m', 'true']).status !== 0) {
    t.skip('mount namespaces need root');
    return;
  }
  const { stdout, stderr } = spawnSync(unshare, ['-m', 'sh', '-c', IN_NAMESPACE], { env, encoding: 'utf8' });
  const [, installed = '', again = '', removed = ''] = stdout.split(/INSTALLED|AGAIN|REMOVED/);
  assert.match(installed, /✓ system \(Debian\) +installed/, stdout + stderr);
  assert.match(installed, /✓ curl +trusts/);
  assert.match(installed, /^curl: Hello from the app/m);
  assert.match(installed, /system \(Debian\):\n/);
  assert.match(again, /^curl: Hello from the app/m);
  assert.match(removed, /^curl: .*unable to get local issuer certificate/m);
  assert.match(removed, /✗ system \(Debian\) +not installed/);
  assert.match(removed, /✗ curl +does not trust/);
  assert.match(removed, /UNCHANGED/);
  // Where Debian's Java has a keystore, the system's program has filled it, and leaves it filled.
  if (!/^. Java \(/m.test(installed)) return;
  assert.match(stdout, /^Java .*: comes with the system's$/m);
  assert.match(installed, /✓ Java \(.*\) +installed/);
  assert.match(installed, /✓ Java +trusts/);
  assert.match(removed, /✗ Java \(.*\) +not installed/);
  assert.match(removed, /✗ Java +does not trust/);
});
