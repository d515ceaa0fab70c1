/** What a running front shows of itself over its control socket: metrics, apps, events, single requests, and `tlsfront top`. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requirePython } from '../support/tools.js';
import { Afterwards, makeWorkspace, type Workspace } from '../support/workspace.js';

let front: StartedFront;
let folder: Workspace;
const afterwards = new Afterwards();
before(async () => {
  folder = makeWorkspace(afterwards);
  front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--http-processes', '2'],
    app: SAMPLE_APP,
    environment: { XDG_RUNTIME_DIR: folder.path },
  });
});
after(async () => {
  await front.stop();
  await afterwards.run();
});

async function visit(path: string): Promise<void> {
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  await client.request(path);
  client.close();
}

function call(
  path: string,
  onText: (text: string) => void = () => {},
): Promise<{ type: string; text: string }> {
  const socketPath = join(folder.path, 'tlsfront', `${front.masterPid}.sock`);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        onText(text);
      });
      response.once('close', () => resolve({ type: response.headers['content-type'] ?? '', text }));
    });
    asked.once('error', reject);
    asked.end();
  });
}

test('/v1/metrics is what --metrics serves, /v1/apps names address and process of each app', async () => {
  await visit('/hello');
  const { type, text } = await call('/v1/metrics');
  assert.match(type, /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^tlsfront_http_requests_total\{.*code="200"\} \d+$/m);
  const { apps } = JSON.parse((await call('/v1/apps')).text);
  assert.deepEqual(
    [apps.length, apps[0].ready, apps[0].worker],
    [1, true, { id: 1, pid: front.pid('worker') }],
  );
});

test('/v1/requests has what was asked for since somebody looks, without secrets', async () => {
  await call('/v1/requests');
  await visit('/hello?token=secret&x=1');
  await until(
    async () => (await call('/v1/requests')).text.includes('/hello?token=***&x=1'),
    PATIENCE_MS,
    'the request',
  );
  const { latest, slowest } = JSON.parse((await call('/v1/requests')).text);
  assert.equal(latest[0].status, 200);
  assert.ok(slowest.length > 0);
});

test('/v1/events tells the state, and every line and state from then on', async () => {
  let text = '';
  const events = call('/v1/events', (all) => {
    text = all;
  });
  await until(() => text.includes('"type":"state","state":"serving"'), PATIENCE_MS, 'the state');
  const { code } = await runCommand(['reload'], { XDG_RUNTIME_DIR: folder.path }, PATIENCE_MS);
  assert.equal(code, 0);
  await until(() => /"state":"reloading".*"state":"serving"/s.test(text), PATIENCE_MS, 'the reload');
  assert.match(text, /"type":"line","line":".*the new generation serves/);
  for (const line of text.trimEnd().split('\n')) assert.match(JSON.parse(line).time, /Z$/);
  void events;
});

test('top without a terminal says so and ends with 2; --once prints one frame', async () => {
  const environment = { XDG_RUNTIME_DIR: folder.path };
  const refused = await runCommand(['top'], environment, PATIENCE_MS);
  assert.deepEqual([refused.code, refused.stdout], [2, '']);
  assert.match(refused.stderr, /^error: top shows a live picture, and there is no terminal\nhint: --once/);
  const once = await runCommand(['top', '--once'], environment, PATIENCE_MS);
  assert.equal(once.code, 0);
  assert.match(once.stdout, /^tlsfront .* serving for [\s\S]*ROUTES[\s\S]*APPS[\s\S]*http 1 \(\d+\) serving/);
  assert.ok(once.stdout.split('\n').every((line) => line.length <= 80));
  assert.ok(!once.stdout.includes('\u001b'));
});

/** Runs its arguments in a terminal of 80 columns, with what comes over stdin as its keys. */
const KEYS = `
import fcntl, os, pty, struct, sys, termios, threading
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
def keys():
    while True:
        data = os.read(0, 100)
        if not data: break
        os.write(terminal, data)
threading.Thread(target=keys, daemon=True).start()
while True:
    try: data = os.read(terminal, 65536)
    except OSError: break
    if not data: break
    os.write(1, data)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

test('top in a terminal: live frames, s sorts, p pauses, enter opens, q ends and leaves the screen as it was', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const child: ChildProcess = spawn(python.path, ['-c', KEYS, process.execPath, CLI, 'top'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...cleanEnvironment(), XDG_RUNTIME_DIR: folder.path, TERM: 'xterm' },
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let shown = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const press = async (key: string, wanted: RegExp): Promise<void> => {
    const from = shown.length;
    child.stdin?.write(key);
    await until(() => wanted.test(shown.slice(from)), PATIENCE_MS, `${wanted} after ${JSON.stringify(key)}`);
  };
  await until(() => shown.includes('REQUESTS, slowest'), PATIENCE_MS, 'the first frame');
  assert.ok(shown.includes('\u001b[?1049h'));
  await press('s', /REQUESTS, latest/);
  await visit('/opened');
  await until(() => /> .*\/opened/.test(shown), PATIENCE_MS, 'the request in the list');
  await press('p', /PAUSED/);
  await press('\r', /request +GET \/opened/);
  await press('\u001b', /REQUESTS, latest/);
  child.stdin?.write('q');
  const [code] = await within(ended, PATIENCE_MS, 'the end after q');
  assert.equal(code, 0);
  assert.ok(shown.trimEnd().endsWith('\u001b[?1049l'));
});
