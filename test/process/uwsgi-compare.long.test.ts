/** Lines that uWSGI runs here are run with both, and the answers compared. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { until } from '../support/deadline.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requirePython, requireTool } from '../support/tools.js';
import { cutWords } from '../support/uwsgi-corpus.js';
import { fixture, makeWorkspace } from '../support/workspace.js';

/** PORT is a free one. Each is a line of the corpus or of its kind. */
const LINES: readonly string[] = [
  '--http 127.0.0.1:PORT --wsgi-file facts.py',
  '--http 127.0.0.1:PORT --module facts',
  '--http-socket 127.0.0.1:PORT -w facts:app --master --processes 2 --threads 2',
  '--socket 127.0.0.1:PORT --protocol=http --module facts:create()',
  '--http 127.0.0.1:PORT --chdir site --module inner --callable app --env X=7',
  '--http 127.0.0.1:PORT --module facts:app --pyargv "a b" --pythonpath extra --die-on-term --vacuum',
  '--http 127.0.0.1:PORT --mount /one=facts:app --mount /=facts:app --manage-script-name',
  '--http 127.0.0.1:PORT --module facts:app --harakiri 30 --max-requests 100 --lazy-apps --master -L',
  '--http 127.0.0.1:PORT --module facts:app --static-map /s=public',
  '--http 127.0.0.1:PORT --module facts:app --add-header "X-One: two"',
  '--http 127.0.0.1:PORT --module facts:app --cheaper 1 --workers 3 --buffer-size 32768 --set a=b',
  '--ini site.ini',
];

/** What is asked of both. */
const REQUESTS = [
  ['GET', '/'],
  ['GET', '/one/two?q=%20x&q=2'],
  ['GET', '/%C3%A9/a%2Fb'],
  ['POST', '/post'],
  ['GET', '/s/file.txt'],
  ['GET', '/s/missing.txt'],
] as const;

/** One request on a connection of its own: uWSGI's router closes idle ones without a word. */
function ask(port: number, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.once('error', reject);
      answer.once('end', () => {
        resolve(`${method} ${path}: ${answer.statusCode} ${String(answer.headers['x-one'])} ${text}`);
      });
    });
    call.once('error', reject);
    call.end(method === 'POST' ? 'x'.repeat(5000) : undefined);
  });
}

async function answers(port: number): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const [method, path] of REQUESTS) texts.push(await ask(port, method, path));
  return texts;
}

async function startReal(
  t: TestContext,
  uwsgi: string,
  words: readonly string[],
  folder: string,
  port: number,
): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(uwsgi, ['--plugin', 'python3,http', '--need-app', ...words], {
    cwd: folder,
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  const isUp = (): Promise<boolean> =>
    ask(port, 'GET', '/').then(
      () => true,
      () => false,
    );
  await until(isUp, PATIENCE_MS, `uwsgi ${words.join(' ')}`);
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // Its routers and workers go with the master.
    child.kill('SIGINT');
    await ended;
  };
}

for (const line of LINES) {
  test(`uWSGI and the front answer alike: ${line}`, async (t) => {
    const uwsgi = requireTool(t, 'uwsgi');
    const python = requirePython(t);
    if (uwsgi === MISSING || python === MISSING) return;
    const folder = makeWorkspace(t);
    const facts = readFileSync(fixture('facts.py'), 'utf8');
    for (const file of ['facts.py', 'site/inner.py']) folder.write(file, facts);
    folder.write('public/file.txt', 'a file\n');
    const port = await freePort();
    folder.write(
      'site.ini',
      `[uwsgi]\np = ${port}\nhttp = 127.0.0.1:%(p)\nchdir = %dsite\nmodule = inner:app\nenv = X=%n\n`,
    );
    const words = cutWords(line.replace('PORT', String(port)));
    const end = await startReal(t, uwsgi, words, folder.path, port);
    const real = await answers(port);
    await end();
    const front = await StartedFront.start({
      arguments: words,
      folder: folder.path,
      environment: python.environment,
    });
    t.after(() => front.stop());
    assert.deepEqual(await answers(port), real);
  });
}
