/** A real Firefox opens the front after ca install and refuses it after ca uninstall, in a home of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createRelay } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { cleanEnvironment, runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { StartedFront } from '../support/started-front.js';
import { MISSING, requireTools } from '../support/tools.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

interface Scene {
  readonly folder: Workspace;
  readonly environment: NodeJS.ProcessEnv;
  readonly port: number;
  /** Pages that came to the app, by their path. */
  readonly opened: ReadonlySet<string>;
  /** Connections to the front that are over. */
  readonly ended: () => number;
}

/** A front behind a relay that counts, and a home where Firefox makes its own profile: nobody tells it where. */
async function makeScene(t: TestContext, certutil: string): Promise<Scene> {
  const opened = new Set<string>();
  const app = createServer((request, response) => {
    opened.add(request.url ?? '');
    response.setHeader('Content-Type', 'text/html');
    response.end('<title>opened</title>');
  });
  const upstream = String(await listenLocally(app));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream],
  });
  t.after(() => front.stop());
  let ended = 0;
  const relay = createRelay((client) => {
    const server = connect({ port: front.port(), host: '127.0.0.1' });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
    client.once('close', () => {
      ended += 1;
      server.destroy();
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  t.after(() => relay.close());
  const address = relay.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('bin'));
  symlinkSync(certutil, folder.at('bin/certutil'));
  const environment = {
    HOME: folder.path,
    PATH: folder.at('bin'),
    XDG_DATA_HOME: front.dataFolder,
    XDG_CONFIG_HOME: undefined,
    JAVA_HOME: folder.at('no-java'),
  };
  return { folder, environment, port: address.port, opened, ended: () => ended };
}

/** Runs the browser with a page until something has happened. */
async function browse(
  { folder, environment }: Scene,
  firefox: string,
  url: string,
  hasHappened: () => boolean,
): Promise<void> {
  const child = spawn(firefox, ['--headless', '--screenshot', folder.at('page.png'), url], {
    // Whatever it wants to tell its makers goes nowhere.
    env: { ...cleanEnvironment(), ...environment, ...NOWHERE, PATH: process.env.PATH },
    stdio: 'ignore',
    detached: true,
  });
  const over = once(child, 'close');
  try {
    await until(() => hasHappened() || child.exitCode !== null, 60_000, `Firefox to open ${url}`);
    child.kill('SIGTERM');
    await within(over, 20_000, 'the end of Firefox');
  } finally {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All of its processes have ended.
    }
  }
}

/** After a dropped connection a page that is believed has come long before. */
const REFUSAL_MS = 4_000;

const NOWHERE = {
  http_proxy: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9',
  no_proxy: 'localhost,127.0.0.1',
};

test('Firefox opens the front after ca install, and refuses it before and after ca uninstall', async (t) => {
  const tools = requireTools(t, 'firefox-esr', 'certutil');
  if (tools === MISSING) return;
  const { 'firefox-esr': firefox, certutil } = tools;
  const scene = await makeScene(t, certutil);
  const picture = scene.folder.at('page.png');
  await browse(scene, firefox, 'about:blank', () => existsSync(picture));
  const opens = async (path: string): Promise<boolean> => {
    const before = scene.ended();
    let firstEndMs = Number.POSITIVE_INFINITY;
    await browse(scene, firefox, `https://localhost:${scene.port}${path}`, () => {
      if (scene.ended() > before) firstEndMs = Math.min(firstEndMs, performance.now());
      // It drops its connections when it does not believe the certificate; a spare one it drops in any case.
      return scene.opened.has(path) || performance.now() - firstEndMs > REFUSAL_MS;
    });
    return scene.opened.has(path);
  };
  assert.equal(await opens('/before'), false);
  const installed = await runCommand(['ca', 'install', '--user-only'], scene.environment);
  assert.match(installed.stdout, /^Firefox \(~\/\.(?:config\/)?mozilla\/firefox\/\S+\):\n.*certutil /m);
  assert.equal(await opens('/installed'), true);
  const removed = await runCommand(['ca', 'uninstall', '--user-only'], scene.environment);
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal(await opens('/after'), false);
});

test('ca status says by a run of Firefox whether its default profile trusts the authority, and leaves the profile alone', async (t) => {
  const tools = requireTools(t, 'firefox-esr', 'certutil', 'sh');
  if (tools === MISSING) return;
  const { 'firefox-esr': firefox, certutil } = tools;
  const scene = await makeScene(t, certutil);
  const { folder } = scene;
  await browse(scene, firefox, 'about:blank', () => existsSync(folder.at('page.png')));
  // Its launcher is a script that needs the usual programs.
  symlinkSync(firefox, folder.at('bin/firefox-esr'));
  mkdirSync(folder.at('tmp'));
  const environment = { ...scene.environment, PATH: `${folder.at('bin')}:/bin`, TMPDIR: folder.at('tmp') };
  const clientRow = async (): Promise<string> => {
    const { stdout, stderr } = await runCommand(['ca', 'status'], environment, 60_000);
    return /^. Firefox +[^ (].*$/m.exec(stdout)?.[0] ?? stdout + stderr;
  };
  await runCommand(['ca', 'install', '--user-only'], scene.environment);
  const before = filesBeneath(folder.path);
  assert.match(await clientRow(), /^✓ Firefox +trusts https:\/\/localhost$/);
  assert.deepEqual(filesBeneath(folder.path), before);
  const removed = await runCommand(['ca', 'uninstall', '--user-only'], scene.environment);
  assert.equal(removed.code, 0, removed.stderr);
  assert.match(await clientRow(), /^✗ Firefox +does not trust https:\/\/localhost$/);
  assert.deepEqual(readdirSync(folder.at('tmp')), []);
});

/** Files with the time of their last change in the profile; a reporter of crashes may still write beside it. */
function filesBeneath(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.default-esr\/[^/]+$/.test(name) && !name.includes('.cache'))
    .map((name) => `${name} ${lstatSync(join(folder, name)).mtimeMs}`)
    .sort();
}

test('ca status does not run a Firefox of snap, and says so', async (t) => {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('bin'));
  writeFileSync(
    folder.at('bin/firefox'),
    `#!/bin/sh\n: > ${folder.at('was-run')}\nexec /snap/bin/firefox "$@"\n`,
    { mode: 0o755 },
  );
  const environment = {
    HOME: folder.path,
    PATH: folder.at('bin'),
    XDG_DATA_HOME: folder.at('data'),
    XDG_CONFIG_HOME: undefined,
    JAVA_HOME: folder.at('no-java'),
  };
  await runCommand(['ca', 'install', '--user-only'], environment);
  const { stdout } = await runCommand(['ca', 'status'], environment);
  assert.match(stdout, /^- Firefox +not tried: a snap or flatpak .*only its store was looked at$/m);
  assert.equal(existsSync(folder.at('was-run')), false);
});
