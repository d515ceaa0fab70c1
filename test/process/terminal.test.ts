/** What a person at a terminal sees, what the app gets of it, and that a closed terminal ends all. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CLI } from '../support/command.js';
import { within } from '../support/deadline.js';
import { PATIENCE_MS, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { MISSING, requirePython } from '../support/tools.js';
import { nodeApp } from '../support/worker.js';

/** Runs its arguments in a terminal of their own. SIGUSR1: SIGHUP to them. SIGUSR2: the terminal is closed. */
const TERMINAL = `
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGUSR1, lambda *_: os.kill(pid, signal.SIGHUP))
signal.signal(signal.SIGUSR2, lambda *_: os.close(terminal))
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
while True:
    try: data = os.read(terminal, 65536)
    except OSError: break
    if not data: break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

async function startInTerminal(t: TestContext, options: StartedFrontOptions): Promise<StartedFront | null> {
  const python = requirePython(t);
  if (python === MISSING) return null;
  const program = [python.path, '-c', TERMINAL, process.execPath, CLI] as const;
  // Nobody is there to answer a question.
  const environment = { CI: '1', ...options.environment };
  const front = StartedFront.launch({ ...options, environment, program });
  t.after(() => front.stop());
  await front.logged(/tlsfront is ready/);
  return front;
}

const LISTEN = ['--listen', '127.0.0.1:0'];
const APP = nodeApp(
  'console.log("terminal: " + [0, 1, 2].map((each) => require("node:tty").isatty(each)).join(" "));' +
    'listen(require("node:http").createServer((_, response) => response.end()));',
);

test('a start says where to look, and nothing of pids; a silent upstream is told', async (t) => {
  const front = await startInTerminal(t, { arguments: [...LISTEN, '--upstream', 'unix:/nonexistent.sock'] });
  if (front === null) return;
  await front.logged(/nothing answers at unix:\/nonexistent\.sock yet; requests wait up to 10 s/);
  assert.match(front.log, /tlsfront is ready: https:\/\/127\.0\.0\.1:\d+ -> unix:\/nonexistent\.sock/);
  assert.doesNotMatch(front.log, /spawned|mercy|bound on|Starting/);
});

test('--verbose has the boot lines on a terminal too', async (t) => {
  const front = await startInTerminal(t, {
    arguments: [...LISTEN, '--verbose', '--upstream', 'unix:/nonexistent.sock'],
  });
  if (front !== null) assert.match(front.log, /\*\*\* Starting[\s\S]*bound on[\s\S]*spawned tlsfront http 1/);
});

test('a lone app has the terminal; SIGHUP reloads; closing the terminal ends the front and the app', async (t) => {
  const front = await startInTerminal(t, { arguments: LISTEN, app: APP });
  if (front === null) return;
  assert.match(front.log, /(?<!\[app\] )terminal: true true true/);
  front.child.kill('SIGUSR1');
  await front.logged(/the new generation serves/);
  assert.doesNotMatch(front.log, /--verbose has changed/);
  front.child.kill('SIGUSR2');
  await within(front.ended, PATIENCE_MS, 'the end after the terminal was closed');
  await front.nothingLeft();
});
