/** Under a faithful systemd: sockets from descriptor 3 on, and what is told over a datagram socket, in order. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CLI, runCommand } from '../support/command.js';
import { within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requirePython, requireTool } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

/** Opens sockets and a notify socket, prints what comes over it, and becomes the front in a child, as systemd does. */
const SYSTEMD = `
import os, socket, sys, threading
count, notify = int(sys.argv[1]), sys.argv[2]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(notify)
listeners = []
for _ in range(count):
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(16)
    listeners.append(listener)
pid = os.fork()
if pid == 0:
    kept = [os.dup2(os.dup(l.fileno()), 50 + i) for i, l in enumerate(listeners)]
    for i, fd in enumerate(kept):
        os.dup2(fd, 3 + i, inheritable=True)
        os.close(fd)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count), NOTIFY_SOCKET=notify, WATCHDOG_USEC='2000000', WATCHDOG_PID=str(os.getpid()))
    os.execv(sys.argv[3], sys.argv[3:])
import signal
for name in ('SIGTERM', 'SIGHUP'):
    signal.signal(getattr(signal, name), lambda number, frame: os.kill(pid, number))
def tell():
    while True:
        print('notify: ' + receiver.recv(4096).decode().replace('\\n', ' '), flush=True)
threading.Thread(target=tell, daemon=True).start()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`;

function start(
  t: TestContext,
  sockets: number,
  listeners: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): StartedFront | typeof MISSING {
  const python = requirePython(t, 'socket');
  const notify = requireTool(t, 'systemd-notify');
  if (python === MISSING || notify === MISSING) return MISSING;
  const folder = makeWorkspace(t);
  const front = StartedFront.launch({
    program: [python.path, '-c', SYSTEMD, String(sockets), folder.at('notify'), process.execPath, CLI],
    arguments: listeners,
    app: SAMPLE_APP,
    environment,
  });
  t.after(() => front.stop());
  return front;
}

test('sockets of the unit are served, each step is told, and the app gets none of its variables', async (t) => {
  const front = start(t, 2, ['--listen', '127.0.0.1:8443', '--http', '127.0.0.1:8080']);
  if (front === MISSING) return;
  await front.logged(/tlsfront is ready/);
  await front.logged(/notify: (?:READY=1 STATUS=serving|STATUS=serving READY=1|READY=1)/);
  // The ports are the unit's, not those of the command line.
  assert.notEqual(front.port('https'), 8443);
  const client = new Client({ port: front.port('https'), ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  const plain = new Client({ port: front.port('http'), ca: undefined }, 'http/1.1');
  t.after(() => plain.close());
  assert.equal((await plain.request('/hello')).status, 200);
  const environment = readFileSync(`/proc/${front.pid('worker')}/environ`, 'latin1');
  assert.doesNotMatch(environment, /LISTEN_(?:PID|FDS)|NOTIFY_SOCKET|WATCHDOG/);
  await front.logged(/notify: WATCHDOG=1/);
  const from = front.log.length;
  front.child.kill('SIGHUP');
  await front.logged(/notify: [^\n]*RELOADING=1[\s\S]*notify: [^\n]*READY=1/, from);
  front.child.kill('SIGTERM');
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 0);
  assert.match(front.log.slice(from), /notify: [^\n]*STOPPING=1/);
});

test('of an upgrade the service manager hears which process the service is, and no end', async (t) => {
  const folder = makeWorkspace(t);
  const front = start(t, 1, ['--http', '127.0.0.1:8080'], { XDG_RUNTIME_DIR: folder.path });
  if (front === MISSING) return;
  await front.logged(/notify: [^\n]*READY=1/);
  const port = front.port('http');
  const first = front.log.length;
  const done = await runCommand(['reload', '--upgrade'], { XDG_RUNTIME_DIR: folder.path }, PATIENCE_MS);
  assert.equal(done.code, 0, `${done.stderr}\n${front.log}`);
  const pid = Number(/new master \(pid (\d+)\)/.exec(done.stdout)?.[1]);
  await within(front.ended, PATIENCE_MS, 'the end of the old master');
  const told = front.log.slice(first);
  assert.match(
    told,
    new RegExp(`notify: [^\\n]*RELOADING=1[\\s\\S]*notify: [^\\n]*READY=1[^\\n]*MAINPID=${pid}`),
  );
  assert.doesNotMatch(told, /STOPPING=1/);
  // The socket of the unit, which the new master has from the old one.
  const client = new Client({ port, ca: undefined }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  client.close();
  process.kill(pid, 'SIGTERM');
  await front.nothingLeft();
});

test('another number of sockets than of listeners is refused with what to write', async (t) => {
  const front = start(t, 1, ['--listen', '127.0.0.1:8443', '--http', '127.0.0.1:8080']);
  if (front === MISSING) return;
  assert.equal(await within(front.ended, PATIENCE_MS, 'the end'), 2);
  assert.match(
    front.log,
    /error: systemd hands over 1 sockets for 2 listeners\nhint: write one ListenStream= for each/,
  );
});
