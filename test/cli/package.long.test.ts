/** The package as users get it: packed, installed globally into a folder of its own, started; and the README's npm start. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace, PACKAGE_ROOT } from '../support/workspace.js';

const run = promisify(execFile);
const NPM_MS = 120_000;
/** What an installation takes with all its dependencies, and how many packages they are. */
const MAX_BYTES = 4_000_000;
const MAX_PACKAGES = 35;

/** Packages in a folder, itself among them. */
function packagesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((name) => /^(?:.*node_modules\/(?:@[^/]+\/)?[^/]+\/)?package\.json$/.test(name)).length;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

test('npm pack, a global install, --version, and a request served', async (t) => {
  const workspace = makeWorkspace(t);
  // The build is there already, and another one would pull files from under the tests beside this one.
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', workspace.path];
  const { stdout } = await run('npm', pack, { cwd: PACKAGE_ROOT, timeout: NPM_MS });
  const [packed] = JSON.parse(stdout);
  const names: string[] = packed.files.map(({ path }: { path: string }) => path);
  assert.deepEqual(
    names.filter(
      (name) =>
        !/^(dist\/bundle\/|app\/.*\.py$|package\.json|README|LICENSE|CHANGELOG|docs\/[\w-]+\.md$|docs\/fail2ban\/)/.test(
          name,
        ),
    ),
    [],
  );
  const tarball = workspace.at(packed.filename);
  const install = [
    'install',
    '--global',
    '--prefix',
    workspace.at('prefix'),
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ];
  await run('npm', [...install, tarball], { timeout: NPM_MS });

  const modules = workspace.at('prefix/lib/node_modules/tlsfront');
  const size = sizeOf(modules);
  const packages = packagesIn(modules);
  t.diagnostic(`${Math.round(size / 1000)} kB in ${packages} packages`);
  assert.ok(size <= MAX_BYTES, `${size} bytes`);
  assert.ok(packages > 1 && packages <= MAX_PACKAGES, `${packages} packages`);
  const binary = workspace.at('prefix/bin/tlsfront');
  const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
  assert.equal((await run(binary, ['--version'])).stdout, `${version}\n`);

  const front = await StartedFront.start({
    program: [binary],
    arguments: ['--listen', '127.0.0.1:0'],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  const demo = await StartedFront.start({
    program: [binary],
    arguments: ['demo', '--listen', '127.0.0.1:0'],
  });
  t.after(() => demo.stop());
  assert.match(demo.log, /sample app on/);
});

test('npm start -- --listen 0 serves the sample app and prints where', async (t) => {
  const front = await StartedFront.start({
    // As npm start does, without the build that is there already.
    program: ['npm', 'start', '--ignore-scripts', '--prefix', PACKAGE_ROOT, '--'],
    arguments: ['--listen', '0'],
  });
  t.after(() => front.stop());
  const [, port] = await front.logged(/tlsfront is ready: https:\/\/\S+:(\d+)/);
  assert.equal(front.port(), Number(port));
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  assert.match((await client.request('/')).text, /It works/);
  // The shell between npm and node takes a SIGTERM for itself; a terminal's Ctrl-C reaches all of them.
  const [, master] = await front.logged(/master process \(pid: (\d+)\)/);
  process.kill(Number(master), 'SIGINT');
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end of npm start'), 0);
});
