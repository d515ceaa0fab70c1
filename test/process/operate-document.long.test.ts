/** docs/operate.md, read and done: each of its commands is run beside fronts that serve, and what it says of them is looked at. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { CLI, cleanEnvironment } from '../support/command.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { findTool, MISSING, unlessMissing } from '../support/tools.js';
import { isRunning } from '../support/worker.js';
import { Afterwards, makeWorkspace, PACKAGE_ROOT, type Workspace } from '../support/workspace.js';

const run = promisify(execFile);
const BASH = findTool('bash');

const DOCUMENT = readFileSync(join(PACKAGE_ROOT, 'docs/operate.md'), 'utf8');
/** What stands for itself, indented, without what the page says beside it; and what root is told to write in a sentence. */
const LINES: readonly string[] = [
  ...[...DOCUMENT.matchAll(/^ {4}(\S.*)$/gm)].map(([, line = '']) => line.replace(/ {4,}.*$/, '')),
  ...[...DOCUMENT.matchAll(/`(sudo [^`]+)`/g)].map(([, line = '']) => line),
];
/** Of another program, and tried where that is: test/cli/service.test.ts holds the image's parts. */
const CONTAINER = /^docker /;

/** Says its port at `/`, and that it is up in a file. */
const SERVER = `
const { createServer } = require('node:http');
const port = Number(process.env.PORT);
createServer((request, response) => { request.resume(); response.end('hello from ' + port); })
  .listen(port, '127.0.0.1', () => require('node:fs').writeFileSync(__dirname + '/up.' + port, ''));
process.once('SIGTERM', () => process.exit(0));
`;

/** What of systemctl the page needs: services that are up when it returns. */
const SYSTEMCTL = (node: string, folder: string): string => `#!/bin/sh
port=\${2#shop@}
cd '${folder}' || exit 1
end() { [ -e pid.$port ] || return 0; kill "$(cat pid.$port)"; while kill -0 "$(cat pid.$port)" 2>/dev/null; do sleep 0.02; done; rm -f pid.$port up.$port; }
begin() { [ -e pid.$port ] && return 0; PORT=$port '${node}' server.js >/dev/null 2>&1 & echo $! > pid.$port; until [ -e up.$port ]; do sleep 0.02; done; }
case $1 in start) begin ;; stop) end ;; restart) end; begin ;; *) exit 1 ;; esac
`;

describe('docs/operate.md', unlessMissing({ bash: BASH }), () => {
  const ends = new Afterwards();
  const done = new Set<string>();
  let folder: Workspace;
  /** Of the page, and those that stand for them here. */
  let ports: readonly (readonly [written: RegExp, here: string])[];
  let eighty1 = 0;
  let eighty2 = 0;

  /** Runs a line to its end; `runtime` decides which front it finds. */
  const finish = async (line: string, runtime: Workspace): Promise<string> => {
    const here = ports.reduce((text, [written, value]) => text.replaceAll(written, value), line);
    const { stdout } = await run(String(BASH), ['-c', `set -e; ${here}`], {
      cwd: folder.path,
      env: environmentOf(runtime),
      timeout: PATIENCE_MS,
    }).catch((error: unknown) => {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
      throw new Error(`${here}: ${String(error)}\n${said}`);
    });
    return stdout;
  };

  /** A line of the page, which must be there. */
  const doLine = (pattern: RegExp, runtime: Workspace): Promise<string> => {
    const line = LINES.find((one) => pattern.test(one) && !done.has(one));
    assert.ok(line !== undefined, `${pattern} in docs/operate.md`);
    done.add(line);
    return finish(line, runtime);
  };

  const environmentOf = (runtime: Workspace): NodeJS.ProcessEnv => ({
    ...cleanEnvironment(),
    PATH: `${folder.at('bin')}:${process.env.PATH ?? ''}`,
    XDG_RUNTIME_DIR: runtime.path,
    XDG_DATA_HOME: runtime.path,
  });

  const start = async (
    ...args: readonly string[]
  ): Promise<{ front: StartedFront; runtime: Workspace; port: number }> => {
    const runtime = makeWorkspace(ends);
    const front = await StartedFront.start({
      arguments: ['--http', '127.0.0.1:0', ...args],
      folder: folder.path,
      environment: environmentOf(runtime),
    });
    ends.after(() => front.stop());
    return { front, runtime, port: front.port('http') };
  };

  before(async () => {
    folder = makeWorkspace(ends);
    [eighty1, eighty2] = [await freePort(), await freePort()];
    ports = [
      [/\b8081\b/g, String(eighty1)],
      [/\b8082\b/g, String(eighty2)],
    ];
    folder.write('server.js', SERVER);
    folder.write('migrate', '#!/bin/sh\necho migrated >> migrations\n', 0o755);
    // The unit goes into a folder of the test, and npm has brought another release, which is the same here.
    const command = `exec '${process.execPath}' '${CLI}'`;
    folder.write(
      'bin/tlsfront',
      `#!/bin/sh\ncase "$1 $2" in 'service install'|'service uninstall') verb=$2; shift 2; ${command} service "$verb" --root '${folder.path}' "$@" ;; esac\n${command} "$@"\n`,
      0o755,
    );
    folder.write('bin/sudo', '#!/bin/sh\nexec "$@"\n', 0o755);
    folder.write('bin/npm', '#!/bin/sh\n[ "$*" = "install -g tlsfront" ]\n', 0o755);
    folder.write('bin/node', `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, 0o755);
    folder.write('bin/systemctl', SYSTEMCTL(process.execPath, folder.path), 0o755);
    for (const port of [eighty1, eighty2]) {
      await finish(`systemctl start shop@${port}`, folder);
      ends.after(() => finish(`systemctl stop shop@${port}`, folder));
    }
  });
  after(() => ends.run());

  const say = async (port: number, path = '/'): Promise<{ status: number; text: string }> => {
    const client = new Client({ port, ca: undefined }, 'http/1.1');
    const { status, text } = await client.request(path);
    client.close();
    return { status, text };
  };

  test('as a service', async () => {
    const unit = folder.at('etc/systemd/system/tlsfront.service');
    assert.match(await doLine(/^tlsfront service print/, folder), /^Type=notify$/m);
    await doLine(/^sudo tlsfront service install/, folder);
    assert.match(readFileSync(unit, 'utf8'), /--acme you@example\.com/);
    await doLine(/^sudo tlsfront service uninstall/, folder);
    assert.equal(existsSync(unit), false);
  });

  test('drain, work on the app, and a status, beside a load that notices nothing but the page', async (t) => {
    const { runtime, port } = await start('--upstream', String(eighty1), '--upstream', String(eighty2));
    ports = [...ports, [/XDG_RUNTIME_DIR=\/run\/tlsfront/g, `XDG_RUNTIME_DIR=${runtime.path}`]];
    assert.match(await doLine(/^sudo env XDG_RUNTIME_DIR/, runtime), /serving for/);
    const load = startLoad(t, { port, ca: undefined }, { path: '/', lanes: 2, fresh: true });
    await doLine(/^tlsfront drain .*undrain/, runtime);
    await doLine(/^tlsfront pause .*resume/, runtime);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal(readFileSync(folder.at('migrations'), 'utf8'), 'migrated\n');
    await doLine(/^tlsfront maintenance on/, runtime);
    assert.deepEqual(await say(port), { status: 503, text: '503 Service Unavailable\nBack at noon\n' });
    await doLine(/^tlsfront maintenance off/, runtime);
    assert.equal((await say(port)).status, 200);
  });

  test('a new version that runs by itself', async (t) => {
    const { runtime, port } = await start('--upstream', String(eighty1));
    const load = startLoad(t, { port, ca: undefined }, { path: '/', lanes: 2, fresh: true });
    await doLine(/^tlsfront deploy --upstream/, runtime);
    assert.equal((await say(port)).text, `hello from ${eighty2}`);
    await finish('tlsfront deploy', runtime);
    await doLine(/^sudo systemctl start .*deploy/, runtime);
    assert.equal((await say(port)).text, `hello from ${eighty2}`);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.equal(existsSync(folder.at(`pid.${eighty1}`)), false);
    await finish(`systemctl start shop@${eighty1}`, folder);
  });

  test('a new version that the front starts, a new release of the front, and its signals', async (t) => {
    const { front, runtime, port } = await start('--', process.execPath, folder.at('server.js'));
    const load = startLoad(t, { port, ca: undefined }, { path: '/', lanes: 2, fresh: true });
    const first = (await say(port)).text;
    await doLine(/^tlsfront deploy -- /, runtime);
    assert.notEqual((await say(port)).text, first);
    await doLine(/^npm install/, runtime);
    const pid = Number(/new master \(pid: (\d+)\) serves/.exec(front.log)?.[1]);
    t.after(() => {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    });
    const rows = [...DOCUMENT.matchAll(/^\| ([A-Z\d]+(?:, [A-Z\d]+)*) \|/gm)].flatMap(([, names = '']) =>
      names.split(', '),
    );
    const seen: Readonly<Record<string, RegExp | null>> = {
      HUP: /received SIGHUP[\s\S]*the new generation serves/,
      USR1: /"type":"statistics"/,
      USR2: null,
      PIPE: null,
      TSTP: null,
    };
    for (const [name, pattern] of Object.entries(seen)) {
      assert.ok(rows.includes(name), name);
      const from = front.log.length;
      process.kill(pid, `SIG${name}`);
      if (name === 'TSTP') {
        if (!isOrphaned(groupOf(pid))) {
          await until(() => stateOf(pid) === 'T', PATIENCE_MS, 'a master that has stopped');
          process.kill(pid, 'SIGCONT');
        }
      }
      if (pattern !== null)
        await until(() => pattern.test(front.log.slice(from)), PATIENCE_MS, `what ${name} does`);
      assert.equal((await say(port)).status, 200);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    process.kill(pid, 'SIGTERM');
    await front.nothingLeft();
  });

  test('each option of the page is one', async () => {
    const written = [...DOCUMENT.matchAll(/`(--[a-z-]+(?: [^`<]+)?)`/g)].map(([, words = '']) => words);
    const ours = written.filter((words) => !/^--(?:unit|user|memory)\b/.test(words));
    assert.ok(ours.some((words) => words === '--harakiri 30s'));
    // With a value they stand as they are written.
    const words = [...new Set(ours.filter((one) => one.includes(' ')))].join(' ');
    await finish(`tlsfront check --http 127.0.0.1:0 ${words} -- node server.js`, folder);
  });

  test('no line of the page is left out', () => {
    const left = LINES.filter((line) => !done.has(line) && !CONTAINER.test(line));
    assert.deepEqual(left, []);
    assert.notEqual(BASH, MISSING);
  });
});

/** Of a process: R, S, T …, proc_pid_stat(5). */
/** State, parent, process group and session of a process; empty: it is gone. */
function factsOf(pid: number): readonly string[] {
  try {
    const [, facts = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return facts.split(' ');
  } catch {
    return [];
  }
}

function stateOf(pid: number): string {
  return factsOf(pid)[0] ?? '';
}

function groupOf(pid: number): string {
  return factsOf(pid)[2] ?? '';
}

/** Whether nobody is there who would go on with a stopped group: the kernel does not stop it then (POSIX, "orphaned process group"). */
function isOrphaned(group: string): boolean {
  const members = readdirSync('/proc')
    .map((name) => factsOf(Number(name)))
    .filter((facts) => facts[2] === group);
  return !members.some(([, parent, , session]) => {
    const [, , parentGroup, parentSession] = factsOf(Number(parent));
    return parentSession === session && parentGroup !== group;
  });
}
