/** The names that a development authority may vouch for: what clients make of them, and how a user gets more. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:https';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { ensureDevelopmentLeaf } from '../../src/certificates/development/leaf.js';
import {
  DEVELOPMENT_NAMES,
  isPermitted,
  permitAlso,
  readNameConstraints,
} from '../../src/certificates/development/name-constraints.js';
import {
  issueCertificate,
  issueLeaf,
  type KeyPairPem,
} from '../../src/certificates/development/x509-issuer.js';
import { openFileStore } from '../../src/certificates/store/file-store.js';
import { CLI, cleanEnvironment } from '../support/command.js';
import { within } from '../support/deadline.js';
import { StartedFront } from '../support/started-front.js';
import { MISSING, requireTool, requireTools } from '../support/tools.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const PAGE = 'the page of the constrained name';

const INSIDE = [
  'localhost',
  'app.test',
  '*.app.test',
  'x.y.internal',
  'printer.local',
  'a.home.arpa',
  'example.com',
];
const INSIDE_ADDRESSES = [
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.1',
  '192.168.1.5',
  '100.100.1.1',
  '::1',
  'fd12::1',
  'fe80::1',
];
const OUTSIDE = ['example.dev', 'www.google.com', 'notlocalhost', 'contest', '*.com', 'localhost.evil.org'];
const OUTSIDE_ADDRESSES = ['8.8.8.8', '172.32.0.1', '128.0.0.1', '2001:db8::1'];

/** A fresh authority as a first start makes it, and where its file is. */
async function authorityOf(folder: Workspace): Promise<{ authority: KeyPairPem; file: string }> {
  const { authorityFile } = await ensureDevelopmentLeaf(openFileStore(folder.path), [], new Date());
  const keyPem = readFileSync(authorityFile.replace(/\.pem$/, '.key'), 'utf8');
  return { authority: { certPem: readFileSync(authorityFile, 'utf8'), keyPem }, file: authorityFile };
}

test('what is permitted', () => {
  for (const name of [...INSIDE, ...INSIDE_ADDRESSES, 'me@anywhere.org'])
    assert.ok(isPermitted(name, DEVELOPMENT_NAMES), name);
  for (const name of [...OUTSIDE, ...OUTSIDE_ADDRESSES])
    assert.equal(isPermitted(name, DEVELOPMENT_NAMES), false, name);
  const wider = permitAlso(DEVELOPMENT_NAMES, ['*.example.dev', '8.8.8.8', '2001:db8::1', 'app.test']);
  for (const name of ['a.example.dev', 'example.dev', '8.8.8.8', '2001:db8::1'])
    assert.ok(isPermitted(name, wider));
  assert.equal(isPermitted('8.8.8.9', wider), false);
  assert.equal(wider.domains.length, DEVELOPMENT_NAMES.domains.length + 1);
});

test('what is written is read again, and OpenSSL reads the same', async (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === MISSING) return;
  const folder = makeWorkspace(t);
  const permitted = permitAlso(DEVELOPMENT_NAMES, ['example.dev', '2001:db8::5']);
  const now = Date.now();
  const { certPem } = await issueCertificate({
    commonName: 'c',
    notBefore: new Date(now),
    notAfter: new Date(now + 1e7),
    authority: { permitted },
  });
  assert.deepEqual(readNameConstraints(new X509Certificate(certPem).raw), permitted);
  const file = folder.write('c.pem', certPem);
  const { stdout } = spawnSync(openssl, ['x509', '-in', file, '-noout', '-text'], { encoding: 'utf8' });
  assert.match(stdout, /X509v3 Name Constraints: \n\s+Permitted:/);
  for (const line of [
    'DNS:home.arpa',
    'DNS:example.dev',
    'IP:172.16.0.0/255.240.0.0',
    'IP:100.64.0.0/255.192.0.0',
  ])
    assert.ok(stdout.includes(`${line}\n`), line);
  assert.match(stdout, /IP:FE80:0:0:0:0:0:0:0\/FFC0:0:0:0:0:0:0:0\n/);
  assert.match(stdout, /IP:2001:DB8:0:0:0:0:0:5\/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF\n/);
});

test('openssl verify accepts leaves inside and refuses those outside', async (t) => {
  const openssl = requireTool(t, 'openssl');
  if (openssl === MISSING) return;
  const folder = makeWorkspace(t);
  const { authority, file } = await authorityOf(folder);
  const verify = async (name: string): Promise<string> => {
    const leaf = folder.write('leaf.pem', (await issueLeaf(authority, [name])).certPem);
    const { stdout, stderr } = spawnSync(openssl, ['verify', '-CAfile', file, leaf], { encoding: 'utf8' });
    return stdout + stderr;
  };
  for (const name of [...INSIDE, ...INSIDE_ADDRESSES]) assert.match(await verify(name), /: OK/, name);
  for (const name of [...OUTSIDE, ...OUTSIDE_ADDRESSES])
    assert.match(await verify(name), /permitted subtree violation/, name);
});

/** A server with a certificate for the name, of the authority, whether it may vouch for it or not. */
async function serve(t: TestContext, authority: KeyPairPem, name: string): Promise<number> {
  const { certPem, keyPem } = await issueLeaf(authority, [name]);
  const server = createServer({ cert: certPem, key: keyPem }, (_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(PAGE);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What a program prints; at most 30 s. */
async function run(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
  try {
    await within(once(child, 'close'), 30_000, `the end of ${program}`);
  } finally {
    child.kill('SIGKILL');
  }
  return out;
}

test('curl opens a page of a name inside and refuses one outside', async (t) => {
  const curl = requireTool(t, 'curl');
  if (curl === MISSING) return;
  const { authority, file } = await authorityOf(makeWorkspace(t));
  const open = async (name: string): Promise<string> => {
    const port = await serve(t, authority, name);
    const args = [
      '-sS',
      '--noproxy',
      '*',
      '--cacert',
      file,
      '--max-time',
      '10',
      '--resolve',
      `${name}:${port}:127.0.0.1`,
    ];
    return run(curl, [...args, `https://${name}:${port}/`], process.env);
  };
  for (const name of ['app.test', 'example.com']) assert.equal(await open(name), PAGE);
  for (const name of ['example.dev', 'notlocalhost'])
    assert.match(await open(name), /permitted subtree violation/);
});

test('Node connects to a name inside and refuses one outside', async (t) => {
  const { authority } = await authorityOf(makeWorkspace(t));
  const connect = async (servername: string): Promise<string> => {
    const port = await serve(t, authority, servername);
    return new Promise((resolve) => {
      const client = tls.connect({ port, host: '127.0.0.1', servername, ca: authority.certPem }, () => {
        client.destroy();
        resolve('connected');
      });
      client.on('error', (error) => resolve(error.message));
    });
  };
  assert.equal(await connect('app.test'), 'connected');
  assert.equal(await connect('example.dev'), 'permitted subtree violation');
});

test('Chromium opens a page of a name inside and refuses one outside', async (t) => {
  const tools = requireTools(t, 'chromium', 'certutil');
  if (tools === MISSING) return;
  const { chromium, certutil } = tools;
  const home = makeWorkspace(t);
  const { authority, file } = await authorityOf(home);
  const database = ['-d', `sql:${home.at('.pki/nssdb')}`];
  home.write('.pki/nssdb/empty', '');
  for (const args of [
    ['-N', '--empty-password'],
    ['-A', '-t', 'C,,', '-n', 'development', '-i', file],
  ])
    assert.equal(spawnSync(certutil, [...database, ...args]).status, 0);
  const open = async (name: string): Promise<string> => {
    const port = await serve(t, authority, name);
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const flags = [
      '--headless',
      '--disable-gpu',
      '--no-proxy-server',
      `--user-data-dir=${home.at(`profile-${port}`)}`,
    ];
    const args = [
      ...sandbox,
      ...flags,
      `--host-resolver-rules=MAP ${name} 127.0.0.1`,
      '--timeout=10000',
      '--dump-dom',
    ];
    return run(chromium, [...args, `https://${name}:${port}/`], { ...process.env, HOME: home.path });
  };
  assert.ok((await open('app.test')).includes(PAGE));
  const refused = await open('example.dev');
  assert.ok(!refused.includes(PAGE), refused);
});

/** Runs the command with a data folder of its own and none of this machine's stores. */
function runAlone(folder: Workspace, ...args: readonly string[]) {
  const env = {
    ...cleanEnvironment(),
    HOME: folder.path,
    PATH: folder.path,
    XDG_DATA_HOME: folder.at('data'),
    JAVA_HOME: folder.at('none'),
  };
  return spawnSync(process.execPath, [CLI, ...args], { cwd: folder.path, env, encoding: 'utf8' });
}

test('what the first use names is permitted; later a new name needs a new authority, by one command', async (t) => {
  const folder = makeWorkspace(t);
  assert.equal(runAlone(folder, 'cert', 'app.example.dev').status, 0);
  assert.match(
    runAlone(folder, 'ca', 'show').stdout,
    /\nvouches for: localhost, test, .*, app\.example\.dev, .*192\.168\.0\.0\/16/,
  );
  const refused = runAlone(folder, 'cert', '*.other.dev', 'app.test', '8.8.8.8');
  assert.equal(refused.status, 2);
  assert.equal(
    refused.stderr,
    'error: the development authority may not vouch for *.other.dev, 8.8.8.8: clients would refuse it\n' +
      'hint: replace it by one that may: tlsfront ca install --permit other.dev --permit 8.8.8.8\n',
  );
  const permit = ['ca', 'install', '--user-only', '--permit', 'other.dev', '--permit', '8.8.8.8'];
  const widened = runAlone(folder, ...permit);
  assert.match(widened.stdout, /a new authority was made, for other\.dev, 8\.8\.8\.8 too/, widened.stderr);
  assert.match(runAlone(folder, ...permit).stdout, /permitted already/);
  assert.equal(runAlone(folder, 'cert', '*.other.dev', 'app.test', '8.8.8.8').status, 0);
  assert.equal(runAlone(folder, 'cert', 'more.app.example.dev').status, 0, 'what was permitted stays so');
  assert.equal(runAlone(folder, 'cert', 'www.google.com').status, 2);
  assert.match(
    runAlone(folder, 'ca', 'install', '--user-only', '--permit-all').stdout,
    /a new authority was made/,
  );
  assert.match(runAlone(folder, 'ca', 'show').stdout, /vouches for: every name/);
  assert.equal(runAlone(folder, 'cert', 'www.google.com').status, 0);
});

test('a replaced authority is taken out of the stores that have it', async (t) => {
  const certutil = requireTool(t, 'certutil');
  if (certutil === MISSING) return;
  const folder = makeWorkspace(t);
  folder.write('.pki/nssdb/empty', '');
  const database = ['-d', `sql:${folder.at('.pki/nssdb')}`];
  spawnSync(certutil, [...database, '-N', '--empty-password']);
  symlinkSync(certutil, folder.at('certutil'));
  const listed = (): number =>
    spawnSync(certutil, [...database, '-L'], { encoding: 'utf8' }).stdout.match(/tlsfront-/g)?.length ?? 0;
  assert.equal(runAlone(folder, 'ca', 'install', '--user-only').status, 0);
  assert.equal(listed(), 1);
  const widened = runAlone(folder, 'ca', 'install', '--user-only', '--permit', 'example.dev');
  assert.equal(widened.status, 0, widened.stderr);
  assert.equal(listed(), 1);
  assert.equal(runAlone(folder, 'ca', 'uninstall', '--user-only').status, 0);
  assert.equal(listed(), 0);
});

test('a front with a --host that is not permitted says so and does not start', async (t) => {
  const folder = makeWorkspace(t);
  assert.equal(runAlone(folder, 'ca', 'install', '--user-only').status, 0);
  const given = ['--listen', '127.0.0.1:0', '--upstream', '1', '--host', 'app.example.dev'];
  const environment = { XDG_DATA_HOME: folder.at('data') };
  const front = StartedFront.launch({ arguments: given, environment });
  t.after(() => front.stop());
  assert.equal(await front.ended, 2);
  assert.match(
    front.log,
    /may not vouch for app\.example\.dev: clients would refuse it\nhint: .*ca install --permit app\.example\.dev/,
  );
});

test('a running front serves a leaf of the authority that replaces its own', async (t) => {
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', '--upstream', '1'] });
  t.after(() => front.stop());
  const before = front.ca;
  const env = {
    ...cleanEnvironment(),
    XDG_DATA_HOME: front.dataFolder,
    PATH: front.dataFolder,
    HOME: front.dataFolder,
  };
  spawnSync(process.execPath, [CLI, 'ca', 'install', '--user-only', '--permit', 'example.dev'], { env });
  assert.notEqual(front.ca, before);
  await front.logged(/the certificates have changed: new connections get them/);
  const authorized = await new Promise((resolve) => {
    const client = tls.connect(
      { port: front.port(), host: '127.0.0.1', servername: 'localhost', ca: front.ca },
      () => {
        resolve(client.authorized);
        client.destroy();
      },
    );
    client.on('error', (error) => resolve(error.message));
  });
  assert.equal(authorized, true);
});

test('an authority of before, without constraints, vouches for every name as it did', async (t) => {
  const folder = makeWorkspace(t);
  const old = await issueCertificate({
    commonName: 'old authority',
    notBefore: new Date(Date.now() - 1e6),
    notAfter: new Date(Date.now() + 1e10),
    authority: { pathLength: 0 },
  });
  folder.write('data/tlsfront/development/authority.pem', old.certPem);
  folder.write('data/tlsfront/development/authority.key', old.keyPem);
  assert.equal(runAlone(folder, 'cert', 'www.google.com').status, 0);
  assert.match(
    runAlone(folder, 'ca', 'install', '--user-only', '--permit', 'example.dev').stdout,
    /permitted already/,
  );
});
