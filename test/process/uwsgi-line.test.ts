/** uWSGI's lines as a user starts them: a file of options, a module that is missing, the background. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { until } from '../support/deadline.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requirePython, requireTool } from '../support/tools.js';
import { isRunning } from '../support/worker.js';
import { fixture, makeWorkspace } from '../support/workspace.js';

/** A folder with the app as a module. */
function makeSite(t: Parameters<typeof makeWorkspace>[0]) {
  const folder = makeWorkspace(t);
  folder.write('facts.py', readFileSync(fixture('facts.py'), 'utf8'));
  return folder;
}

test('a file of options serves, says what needs nothing, and is read again by SIGHUP', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeSite(t);
  const write = (x: string): string =>
    folder.write(
      'site.ini',
      `[uwsgi]\nhttp = 127.0.0.1:0\nmodule = facts:app\nenv = X=${x}\nvacuum = true\ndie-on-term = true\n`,
    );
  write('one');
  const front = await StartedFront.start({
    arguments: ['--ini', 'site.ini', '--wsgi-server', 'wsgiref'],
    environment: python.environment,
    folder: folder.path,
  });
  t.after(() => front.stop());
  // A connection for each question: a kept one may be of the old generation.
  const ask = async (): Promise<string> => {
    const [answer] = await once(
      get({ host: '127.0.0.1', port: front.port('http'), agent: false }),
      'response',
    );
    return text(answer);
  };
  assert.match(front.log, /^note: vacuum and die-on-term need nothing here/m);
  assert.match(await ask(), /"x": "one"/);
  write('two');
  const length = front.log.length;
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves/, length);
  assert.match(await ask(), /"x": "two"/);
});

for (const server of ['wsgiref', 'uwsgi'] as const) {
  const who = server === 'uwsgi' ? 'uWSGI' : 'the front';
  test(`the static files of a file of options are ${who}'s where ${server} runs the app`, async (t) => {
    const python = requirePython(t);
    if (python === MISSING || (server === 'uwsgi' && requireTool(t, 'uwsgi') === MISSING)) return;
    const folder = makeSite(t);
    folder.write('site/files/a.txt', 'a');
    folder.write('site/files/a.php', 'secret');
    folder.write('site/checked/b/index.html', 'b');
    folder.write(
      'site.ini',
      [
        ...['[uwsgi]', 'http = 127.0.0.1:0', 'module = facts:app', 'pythonpath = ..', 'chdir = site'],
        ...[
          'static-map = /static=files',
          'static-map = /none=no-such-folder',
          'check-static = %d/site/checked',
        ],
        ...['static-index = index.html', 'static-skip-ext = .php', 'static-expires-type = text/plain=60', ''],
      ].join('\n'),
    );
    const front = await StartedFront.start({
      arguments: ['site.ini', '--wsgi-server', server],
      environment: python.environment,
      folder: folder.path,
    });
    t.after(() => front.stop());
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${front.port('http')}${path}`);
      return { text: await answer.text(), tag: answer.headers.get('etag') };
    };
    // The app answers once it is up, and its files with it.
    assert.match((await ask('/static/a.php')).text, /"path": "\/static\/a.php"/);
    const file = await ask('/static/a.txt');
    assert.equal(file.text, 'a');
    // uWSGI gives no tag.
    assert.equal(file.tag !== null, server === 'wsgiref');
    assert.equal((await ask('/b/')).text, 'b');
    assert.match((await ask('/none/x')).text, /"path": "\/none\/x"/);
    assert.doesNotMatch(front.log, /does not follow/);
  });
}

test('a module that is missing is told in one line', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const args = ['--http', '127.0.0.1:0', '--module', 'no_such_module:app', '--wsgi-server', 'wsgiref'];
  const { code, stderr } = await runCommand(args, python.environment, PATIENCE_MS);
  assert.match(stderr, /^error: .*did not start: ModuleNotFoundError: No module named 'no_such_module'$/m);
  assert.equal(code, 1);
});

test('--daemonize comes back when the front serves, --pidfile names it, and both go with it', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeSite(t);
  const [log, pidFile] = [folder.at('front.log'), folder.at('front.pid')];
  const { code, stdout } = await runCommand(
    [
      ...['--http', '127.0.0.1:0', '--wsgi-file', folder.at('facts.py'), '--wsgi-server', 'wsgiref'],
      ...['-d', log, '--pidfile', pidFile],
    ],
    { ...python.environment, XDG_DATA_HOME: folder.at('data') },
    PATIENCE_MS,
  );
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.after(() => isRunning(pid) && process.kill(pid, 'SIGKILL'));
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^serving in the background, pid ${pid}; its log is ${log}\n$`));
  const port = /http bound on 127\.0\.0\.1:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) =>
    assert.fail(`${String(error)}\n${readFileSync(log, 'utf8')}`),
  );
  assert.equal(answer.status, 200);
  process.kill(pid, 'SIGTERM');
  await until(() => !isRunning(pid), PATIENCE_MS, 'the end of the front in the background');
  assert.throws(() => readFileSync(pidFile), /ENOENT/);
});

test('what a script of package.json has put into the background stays when the script ends', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeSite(t);
  const [log, pidFile] = [folder.at('front.log'), folder.at('front.pid')];
  const { code } = await runCommand(
    [
      ...['--http', '127.0.0.1:0', '--wsgi-file', folder.at('facts.py'), '--wsgi-server', 'wsgiref'],
      ...['-d', log, '--pidfile', pidFile],
    ],
    { ...python.environment, XDG_DATA_HOME: folder.at('data'), npm_lifecycle_event: 'start' },
    PATIENCE_MS,
  );
  assert.equal(code, 0);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  t.after(() => isRunning(pid) && process.kill(pid, 'SIGKILL'));
  // A front of such a script looks for its parent twice a second.
  await pause(1_200);
  assert.doesNotMatch(readFileSync(log, 'utf8'), /SIGTERM/);
  assert.ok(isRunning(pid), readFileSync(log, 'utf8'));
});

test('--daemonize says why the front did not start, with its exit code', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeWorkspace(t);
  const args = ['--http', '127.0.0.1:0', '--module', 'no_such_module:app', '--wsgi-server', 'wsgiref'];
  const { code, stderr } = await runCommand(
    [...args, '--daemonize', folder.at('front.log')],
    python.environment,
    PATIENCE_MS,
  );
  assert.match(stderr, /error: .*ModuleNotFoundError/);
  assert.equal(code, 1);
  const told = readFileSync(folder.at('front.log'), 'utf8').match(/^.*error: .*did not start.*$/gm) ?? [];
  assert.equal(told.length, 1, `once: ${told.join('\n')}`);
});

test('UWSGI_MODULE and UWSGI_HTTP serve without a word on the line, and uWSGI does not read them again', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeSite(t);
  const front = await StartedFront.start({
    arguments: [],
    program: [process.execPath, CLI],
    environment: {
      ...cleanEnvironment(),
      ...python.environment,
      UWSGI_MODULE: 'facts:app',
      UWSGI_HTTP: '127.0.0.1:0',
    },
    folder: folder.path,
  });
  t.after(() => front.stop());
  const answer = await fetch(`http://127.0.0.1:${front.port('http')}/a`);
  assert.match(await answer.text(), /"path": "\/a"/);
});
