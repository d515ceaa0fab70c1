/** A log file that takes nothing, a named pipe that nobody reads or a full disk, never holds the front up, at no step of its life. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ControlClient } from '../../src/control/client.js';
import { socketPath } from '../../src/control/runtime-folder.js';
import { CLI } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

/** Prints more than a kilobyte for each request. */
const TALKER = nodeApp(
  'listen(require("node:http").createServer((q, r) => { console.log("x".repeat(1500)); r.end("ok " + process.pid); }));',
);

interface Silent {
  readonly front: StartedFront;
  readonly control: ControlClient;
  ask(count: number): Promise<void>;
}

/** A front whose lines nobody sees: its control socket says how it is. */
async function start(t: TestContext, folder: Workspace, options: StartedFrontOptions): Promise<Silent> {
  const port = await freePort();
  const front = StartedFront.launch({
    ...options,
    arguments: ['--http', `127.0.0.1:${port}`, '--access-log', ...options.arguments],
    app: TALKER,
    environment: { ...options.environment, XDG_RUNTIME_DIR: folder.path },
  });
  t.after(() => front.stop());
  const control = new ControlClient(socketPath(folder.at('tlsfront'), front.masterPid));
  const state = (): Promise<string> =>
    control.status().then(
      (status) => status.state,
      () => '',
    );
  await until(async () => (await state()) === 'serving', PATIENCE_MS, 'a front that serves');
  const ask = async (count: number): Promise<void> => {
    const client = new Client({ port, ca: undefined }, 'http/1.1');
    for (let index = 0; index < count; index += 1) {
      const { status } = await client.request(`/${index}?${'y'.repeat(1500)}`);
      assert.equal(status, 200);
    }
    client.close();
  };
  return { front, control, ask };
}

function reload(control: ControlClient, path = '/v1/reload'): Promise<string | null> {
  return control.run(path, () => {});
}

async function endsInOrder({ front }: Silent): Promise<void> {
  front.child.kill('SIGTERM');
  assert.ok([0, 'SIGTERM'].includes(await within(front.ended, PATIENCE_MS, 'the end')));
  await front.nothingLeft();
}

test('a named pipe that nobody reads: start, requests, rotation, reload, respawn and end', async (t) => {
  const folder = makeWorkspace(t);
  const pipe = folder.at('log');
  execFileSync('mkfifo', [pipe]);
  const silent = await start(t, folder, { arguments: ['--logto', pipe] });
  const { front, control, ask } = silent;
  await ask(100);
  front.child.kill('SIGUSR2');
  await ask(20);
  assert.match((await reload(control)) ?? '', /the new generation serves/);
  await ask(20);
  const [router] = (await control.status()).routers.filter(({ state }) => state === 'serving');
  process.kill(router?.pid ?? 0, 'SIGKILL');
  // The pipe holds 64 KiB, and each of our processes 256 KiB.
  await ask(300);
  const descriptor = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(descriptor));
  let text = '';
  await until(
    async () => {
      text += read(descriptor);
      await ask(1);
      return /log lines lost, the log is not read fast enough/.test(text);
    },
    PATIENCE_MS,
    'a reader hears how many lines were lost',
  );
  await endsInOrder(silent);
});

test('a full disk: requests are answered, and how many lines were lost is told when there is room', async (t) => {
  const unshare = requireTool(t, 'unshare');
  if (unshare === MISSING) return;
  if (spawnSync(unshare, ['-rm', 'true']).status !== 0) return t.skip('this system lets no user mount');
  const folder = makeWorkspace(t);
  const disk = folder.write('disk/there', '').replace('/there', '');
  const mount =
    'mount -t tmpfs -o size=128k none "$DISK" && head -c 100k /dev/zero > "$DISK/fill" && exec "$@"';
  const silent = await start(t, folder, {
    program: [unshare, '-rm', 'sh', '-c', mount, 'sh', process.execPath, CLI],
    arguments: ['--logto', `${disk}/front.log`],
    environment: { DISK: disk },
  });
  const { front, control, ask } = silent;
  await ask(60);
  front.child.kill('SIGUSR2');
  assert.match((await reload(control)) ?? '', /the new generation serves/);
  await ask(20);
  // Its own view of the folder.
  const inside = `/proc/${front.masterPid}/root${disk}`;
  rmSync(`${inside}/fill`);
  await until(
    async () => {
      await ask(1);
      return /log lines lost, the disk is full/.test(readFileSync(`${inside}/front.log`, 'utf8'));
    },
    PATIENCE_MS,
    'a line that tells of lost ones',
  );
  await endsInOrder(silent);
});

function read(descriptor: number): string {
  const buffer = Buffer.alloc(1 << 20);
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer));
  } catch {
    return '';
  }
}
