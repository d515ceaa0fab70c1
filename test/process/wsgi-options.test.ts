/** What uWSGI's options ask of the worker is done by uWSGI and by the bundled launcher alike. */
import assert from 'node:assert/strict';
import { readFileSync, utimesSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { WsgiPlan } from '../../src/shared/messages/worker-messages.js';
import { MISSING, type Missing, requirePython, requireTool } from '../support/tools.js';
import { type ForkedWorker, planWsgi, startWorker } from '../support/worker.js';
import { fixture, makeWorkspace } from '../support/workspace.js';

type Server = 'uwsgi' | 'wsgiref';
const SERVERS: readonly Server[] = ['uwsgi', 'wsgiref'];

/** A worker without a file of its own, in a folder that has site/facts.py; MISSING where the server is not installed. */
function start(
  t: TestContext,
  server: Server,
  options: readonly string[],
  more: Partial<WsgiPlan> = {},
): ForkedWorker | Missing {
  const python = requirePython(t);
  if (python === MISSING || (server === 'uwsgi' && requireTool(t, 'uwsgi') === MISSING)) return MISSING;
  const folder = makeWorkspace(t);
  folder.write('site/facts.py', readFileSync(fixture('facts.py'), 'utf8'));
  folder.write('extra/more.py', 'from facts import application\n');
  folder.write('broken.py', 'import no_such_module_anywhere\n');
  const { file = null, ...rest } = more;
  const plan = planWsgi({ file: '', name: 'facts', callable: null, server, options, ...rest });
  const wsgi = plan.wsgi === null ? null : { ...plan.wsgi, file };
  return startWorker(t, { ...plan, wsgi }, { environment: python.environment, folder: folder.path });
}

async function ask(worker: ForkedWorker, path: string): Promise<Record<string, unknown>> {
  const { port } = (await worker.report('ready')).address;
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  assert.equal(answer.status, 200, worker.output());
  const facts: unknown = await answer.json();
  return { ...(typeof facts === 'object' ? facts : {}) };
}

for (const server of SERVERS) {
  test(`${server}: a module is found in --chdir, with arguments, variables, folders, threads and processes`, async (t) => {
    const options = [
      ...['module=facts:app', 'chdir=site', 'env=X=42', 'pyargv=--config "prod"', 'pythonpath=../extra'],
      ...['threads=3', 'processes=2', 'enable-threads'],
    ];
    const worker = start(t, server, options);
    if (worker === MISSING) return;
    const { folder, arguments: words, x, threads, processes, found, path } = await ask(worker, '/a');
    assert.match(String(folder), /\/site$/);
    assert.deepEqual([words, x, path], [['--config', '"prod"'], '42', '/a']);
    assert.deepEqual([threads, processes, found], [true, true, true]);
  });

  test(`${server}: mounts find their part of the path in SCRIPT_NAME`, async (t) => {
    const options = [
      'manage-script-name',
      'mount=/one=facts:app',
      'mount=/=more',
      'pythonpath=site',
      'pythonpath=extra',
    ];
    const worker = start(t, server, options);
    if (worker === MISSING) return;
    const { script, path } = await ask(worker, '/one/two');
    assert.deepEqual([script, path], ['/one', '/two']);
    const { path: whole } = await ask(worker, '/other');
    assert.equal(whole, '/other');
  });

  test(`${server}: a factory is called, and a file is found in --chdir`, async (t) => {
    const worker = start(t, server, ['chdir=site'], {
      file: 'facts.py',
      callable: server === 'uwsgi' ? 'app' : 'create()',
    });
    if (worker === MISSING) return;
    assert.equal((await ask(worker, '/')).method, 'GET');
  });

  test(`${server}: a module that cannot be imported is told with the last line of its traceback`, async (t) => {
    const worker = start(t, server, ['module=broken:app']);
    if (worker === MISSING) return;
    const { ready, lastLines } = await worker.report('exited');
    assert.equal(ready, false);
    assert.ok(
      lastLines.some((line) => line === "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
    );
  });
}

test('wsgiref says which options it does not follow, and serves', async (t) => {
  const worker = start(t, 'wsgiref', ['module=facts:app', 'pythonpath=site', 'harakiri=30', 'cheaper=1']);
  if (worker === MISSING) return;
  await ask(worker, '/');
  await worker.says(/warning: wsgiref does not follow --harakiri, --cheaper; uWSGI would/);
});

test('wsgiref ends when the file of --touch-reload is touched, so that the front starts it anew', async (t) => {
  const touched = makeWorkspace(t).write('reload', '');
  const worker = start(t, 'wsgiref', ['module=facts:app', 'pythonpath=site', `touch-reload=${touched}`]);
  if (worker === MISSING) return;
  await ask(worker, '/');
  utimesSync(touched, 1, 1);
  const { code, ready } = await worker.report('exited');
  assert.deepEqual([code, ready], [0, true]);
});

for (const [what, home, reason] of [
  ['a folder that is not there', 'nothing', 'no such folder'],
  ['a folder that is no virtual environment', 'site', 'no virtual environment'],
] as const) {
  test(`--home with ${what} is an error, and no other Python is taken`, async (t) => {
    for (const server of ['auto', 'wsgiref'] as const) {
      const worker = start(t, 'wsgiref', ['module=facts:app', 'pythonpath=site', `virtualenv=${home}`], {
        server,
      });
      if (worker === MISSING) return;
      const { message, hint } = await worker.report('failed');
      assert.equal(message, `--home ${home}, ${reason}`);
      assert.match(hint, /^python3 -m venv/);
    }
  });
}
