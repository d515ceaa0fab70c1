/** `--wsgi-file` uses uWSGI where it is installed with Python, and the bundled launcher where it is not. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { MISSING, requirePython, requireTool } from '../support/tools.js';
import { isRunning, planWsgi, startWorker } from '../support/worker.js';
import { fixture, makeWorkspace } from '../support/workspace.js';

test("uWSGI serves Bottle's index.py, closes every connection and says so", async (t) => {
  const python = requirePython(t, 'bottle');
  if (requireTool(t, 'uwsgi') === MISSING || python === MISSING) return;
  const { environment } = python;
  const worker = startWorker(t, planWsgi({ file: fixture('index.py'), server: 'auto' }), { environment });
  const { kind, pid } = await worker.report('spawned');
  assert.equal(kind, 'uwsgi');
  const { port } = (await worker.report('ready')).address;
  const url = `http://127.0.0.1:${port}`;
  const answer = await fetch(`${url}/environ`, { headers: { 'x-forwarded-proto': 'https' } });
  assert.equal(answer.headers.get('connection'), 'close');
  assert.match(await answer.text(), /"wsgi.url_scheme": "https"/);
  const upload = await fetch(`${url}/upload`, { method: 'POST', body: Buffer.alloc(3_000_000) });
  assert.match(await upload.text(), /"bytes": 3000000/);
  const large = await fetch(`${url}/`, { headers: { cookie: `a=${'b'.repeat(12_000)}` } });
  assert.equal(large.status, 200);
  worker.send({ type: 'stop', mercyMs: 10_000 });
  await worker.report('exited');
  assert.equal(isRunning(pid), false);
});

test('uWSGI whose file has no such callable ends without having been ready', async (t) => {
  const python = requirePython(t);
  if (requireTool(t, 'uwsgi') === MISSING || python === MISSING) return;
  const { environment } = python;
  const file = makeWorkspace(t).write('index.py', 'app = print\n');
  const worker = startWorker(t, planWsgi({ file, server: 'uwsgi' }), { environment });
  const { ready, lastLines } = await worker.report('exited');
  assert.equal(ready, false);
  assert.match(lastLines.join('\n'), /no app loaded/);
});

test('a uWSGI with Python built in, as pip installs it, gets no plugin option', async (t) => {
  const folder = makeWorkspace(t);
  const fake = [
    '#!/bin/sh',
    'for word in "$@"; do case "$word" in --plugin) echo "no such plugin" >&2; exit 1;; esac; done',
    'case "$1" in --python-version) echo 3.12.1; exit 0;; esac',
    'echo "$@"; exit 7',
  ];
  folder.write('bin/uwsgi', `${fake.join('\n')}\n`, 0o700);
  const file = folder.write('index.py', '');
  const environment = { PATH: `${folder.at('bin')}:/usr/bin:/bin`, VIRTUAL_ENV: '' };
  const worker = startWorker(t, planWsgi({ file, server: 'auto' }), { environment });
  const { code, lastLines } = await worker.report('exited');
  assert.equal(code, 7);
  assert.match(
    lastLines.join(''),
    /^--http-socket 127\.0\.0\.1:\d+ .*--wsgi-file .*index\.py --callable application/,
  );
});

test('a uWSGI without Python is passed over for the launcher', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeWorkspace(t);
  folder.write('bin/uwsgi', '#!/bin/sh\nexit 1\n', 0o700);
  symlinkSync(python.path, folder.at('bin/python3'));
  const file = folder.write('index.py', 'def application(environ, start_response):\n    pass\n');
  const environment = { PATH: folder.at('bin'), VIRTUAL_ENV: '' };
  const worker = startWorker(t, planWsgi({ file, server: 'auto' }), { environment });
  assert.equal((await worker.report('spawned')).kind, 'wsgiref');
  await worker.report('ready');
});

test('uWSGI asked for by name and not installed is an error', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('index.py', '');
  const worker = startWorker(t, planWsgi({ file, server: 'uwsgi' }), { environment: { PATH: folder.path } });
  const { message, hint } = await worker.report('failed');
  assert.match(message, /^uwsgi, not installed/);
  assert.match(hint, /apt install uwsgi uwsgi-plugin-python3/);
});
