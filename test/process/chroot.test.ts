/** Routers and apps in a folder of their own (--chroot), from the outside: what they see, and that they serve all the same. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { MISSING, requirePython, requireTool, requireTools } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

const asRoot = {
  skip:
    (process.platform !== 'linux' || process.getuid?.() !== 0) &&
    'only root of Linux can be put into a folder',
};
const NOBODY = ['--uid', '65534', '--gid', '65534'];

/** True where this machine lets root make mount namespaces: most containers do not. */
function mayMount(t: TestContext): boolean {
  const tools = requireTools(t, 'unshare', 'nsenter', 'mount', 'umount', 'pivot_root');
  if (tools === MISSING) return false;
  try {
    execFileSync(tools.unshare, ['--mount', '--propagation', 'private', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    t.skip('this machine has no mount namespaces for us');
    return false;
  }
}

async function start(t: TestContext, options: StartedFrontOptions): Promise<StartedFront> {
  const front = await StartedFront.start(options);
  t.after(() => front.stop());
  return front;
}

/** A folder that everybody may look into. */
function makeJail(t: TestContext) {
  const workspace = makeWorkspace(t);
  mkdirSync(workspace.at('jail'));
  // Whatever the umask is.
  chmodSync(workspace.at('jail'), 0o755);
  return { workspace, path: workspace.at('jail') };
}

/** Names at the root of a process, by what leads up and out too, and its mounts. */
function seenBy(pid: number) {
  const root = `/proc/${pid}/root`;
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n').length;
  return { names: readdirSync(root), above: readdirSync(`${root}/../../..`), mounts };
}

async function listen(t: TestContext): Promise<number> {
  const app = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => response.end(`${request.url ?? ''} ${bytes}`));
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const { port } = app.address() as AddressInfo;
  return port;
}

test(
  'routers see the folder alone, also those that come later, and serve over both protocols',
  asRoot,
  async (t) => {
    if (!mayMount(t)) return;
    const { workspace, path } = makeJail(t);
    workspace.write('jail/inside', '');
    const port = await listen(t);
    const front = await start(t, {
      arguments: [
        ...['--chroot', path, ...NOBODY, '--listen', '127.0.0.1:0', '--upstream', String(port)],
        ...['--compress', '--buffer-requests'],
      ],
      folder: '/',
    });
    const isEnclosed = (): void => {
      const pid = front.pid('http');
      assert.deepEqual(seenBy(pid), { names: ['inside'], above: ['inside'], mounts: 1 });
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\t65534\t65534\t65534\t65534$/m);
    };
    const serves = async (): Promise<void> => {
      for (const version of ['http/1.1', 'h2'] as const) {
        const client = new Client({ port: front.port(), ca: front.ca }, version);
        assert.equal((await client.request('/a')).text, '/a 0');
        client.close();
      }
    };
    isEnclosed();
    await serves();
    assert.match(front.log, /warning: --chroot has no folder \/tmp that the user of --uid may write/);
    const first = front.pid('http');
    process.kill(first, 'SIGKILL');
    await front.logged(/respawned tlsfront http 1/);
    isEnclosed();
    const length = front.log.length;
    front.child.kill('SIGHUP');
    await front.logged(/the new generation serves/, length);
    await serves();
    // It measures its memory although it sees no /proc.
    const { stdout } = await runCommand(['status', '--json', '--pid', String(front.child.pid)], {
      XDG_DATA_HOME: front.dataFolder,
    });
    assert.match(stdout, /"state"/);
    // The machine has no mount of it.
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(path));
    assert.equal(await front.stop(), 0);
    assert.doesNotMatch(front.log, /Error:/);
  },
);

test('a body that is too large for memory lies in the /tmp of the folder', asRoot, async (t) => {
  if (!mayMount(t)) return;
  const { path } = makeJail(t);
  mkdirSync(join(path, 'tmp'));
  chmodSync(join(path, 'tmp'), 0o1777);
  const port = await listen(t);
  const front = await start(t, {
    arguments: [
      ...['--chroot', path, ...NOBODY, '--listen', '127.0.0.1:0', '--upstream', String(port)],
      ...['--buffer-requests', '--max-buffer-memory', '64k'],
    ],
    folder: '/',
    environment: { TMPDIR: '/tmp' },
  });
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  const { text } = await client.request('/b', { method: 'POST', body: Buffer.alloc(2_000_000) });
  assert.equal(text, '/b 2000000');
  assert.deepEqual(readdirSync(join(path, 'tmp')), []);
});

test('without the right to mount the start fails and says what is needed', asRoot, async (t) => {
  const setpriv = requireTool(t, 'setpriv');
  if (setpriv === MISSING || !mayMount(t)) return;
  const { path } = makeJail(t);
  const args = ['--chroot', path, '--http', '127.0.0.1:0', '--upstream', '9'];
  const { status, stderr } = spawnSync(
    setpriv,
    ['--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin', process.execPath, CLI, ...args],
    { encoding: 'utf8', env: cleanEnvironment(), timeout: PATIENCE_MS },
  );
  assert.equal(status, 2);
  assert.match(
    stderr,
    /error: --chroot .*, the routers cannot be put into it: unshare: .*\n.*hint: it needs Linux, root/,
  );
});

/** Python's library, as much as uWSGI needs of it. */
function copyPython(from: string, to: string): void {
  const parts = ['encodings', 'collections', 'importlib', 're', 'json', 'lib-dynload'];
  for (const name of readdirSync(from)) {
    if (!name.endsWith('.py') && !parts.includes(name)) continue;
    cpSync(join(from, name), join(to, name), {
      recursive: true,
      filter: (source) => statSync(source).isDirectory() || /\.(?:py|so)$/.test(source),
    });
  }
}

test('uWSGI goes into the folder by itself, as the user, and finds the app there', asRoot, async (t) => {
  const uwsgi = requireTool(t, 'uwsgi');
  const python = requirePython(t);
  if (uwsgi === MISSING || python === MISSING || !mayMount(t)) return;
  const args = ['--plugin', 'python3', '--python-version'];
  const version = /3\.\d+/.exec(execFileSync(uwsgi, args, { encoding: 'utf8' }))?.[0] ?? '';
  const { workspace, path } = makeJail(t);
  copyPython(`/usr/lib/python${version}`, join(path, 'usr/lib', `python${version}`));
  workspace.write('jail/dev/.keep', '');
  workspace.write(
    'jail/site/app.py',
    'import os\ndef application(environ, start_response):\n    start_response("200 OK", [])\n' +
      '    return [repr((os.getcwd(), sorted(os.listdir("/")), os.getuid())).encode()]\n',
    0o644,
  );
  for (const name of ['site', 'usr', 'usr/lib']) chmodSync(join(path, name), 0o755);
  const front = await start(t, {
    arguments: [
      ...['--chroot', path, ...NOBODY, '--http', '127.0.0.1:0', '--chdir', '/site', '--wsgi-file', 'app.py'],
      ...['--processes', '2'],
    ],
    folder: '/',
    environment: { VIRTUAL_ENV: '' },
  });
  const answer = await fetch(`http://127.0.0.1:${front.port('http')}/`);
  assert.equal(await answer.text(), "('/site', ['dev', 'site', 'usr'], 65534)");
  const keeper = readFileSync(`/proc/${front.pid('worker')}/status`, 'utf8');
  assert.match(keeper, /^Uid:\t65534\t/m, 'uWSGI has given up its rights');
  assert.equal(await front.stop(), 0);
});

test('a command that is not in the folder is told as one that is not found', asRoot, async (t) => {
  if (!mayMount(t)) return;
  const { path } = makeJail(t);
  const { code, stderr } = await runCommand([
    '--chroot',
    path,
    ...NOBODY,
    '--http',
    '127.0.0.1:0',
    '--',
    '/usr/local/bin/shop',
    '--port',
    '{port}',
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /did not start: exit code 127; its last words: chroot: .*\/usr\/local\/bin\/shop/);
});
