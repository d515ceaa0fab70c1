/** An ASGI app in place of a WSGI one is known by its source and gets a server that is installed for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAsgiApp } from '../../app/asgi-server.js';
import type { WsgiPlan } from '../../src/shared/messages/worker-messages.js';
import { MISSING, requirePython, requireTool } from '../support/tools.js';
import { planWsgi, startWorker } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

const PLAIN = `import os
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": (scope["path"] + os.environ["X"]).encode()})
`;

function planOf(changes: Partial<WsgiPlan>): WsgiPlan {
  const plan: WsgiPlan = {
    file: null,
    name: 'app',
    callable: null,
    options: [],
    server: 'auto',
    uwsgiScheme: 'http',
  };
  return { ...plan, ...changes };
}

const SOURCES: readonly (readonly [what: string, text: string, callable: string | null])[] = [
  ['FastAPI', 'from fastapi import FastAPI\n\napi = FastAPI(title="x")\n', 'api'],
  ['Starlette by its module', 'import starlette.applications as s\napp: object = s.Starlette()\n', 'app'],
  ['a Django project', 'application = get_asgi_application()\n', 'application'],
  ['a bare function', PLAIN, 'app'],
  ['Flask', 'from flask import Flask\napp = Flask(__name__)\n', null],
  ['a WSGI function', 'def application(environ, start_response): pass\n', null],
  ['a comment about FastAPI()', '# app = FastAPI()\napp = Flask(__name__)\n', null],
];

for (const [what, text, callable] of SOURCES) {
  test(`${what} is ${callable === null ? 'no ASGI app' : `the ASGI app ${callable}`}`, (t) => {
    const folder = makeWorkspace(t);
    folder.write('pack/mod.py', text);
    const found = findAsgiApp(planOf({ options: [`chdir=${folder.path}`, 'module=pack.mod'] }));
    assert.equal(found?.callable ?? null, callable);
    const file = findAsgiApp(
      planOf({ options: [`chdir=${folder.path}`], file: 'pack/mod.py', callable: 'application' }),
    );
    assert.deepEqual(
      [file?.module, file?.callable],
      callable === null ? [undefined, undefined] : ['pack.mod', callable],
    );
  });
}

test('a module that is not there, or that several names stand for, is left to WSGI', () => {
  assert.equal(findAsgiApp(planOf({ options: ['module=no_such_module:app'] })), null);
  assert.equal(findAsgiApp(planOf({ options: ['mount=/a=x:app'] })), null);
});

test('an ASGI module is served in its folder, with the variables of --env', async (t) => {
  if (requirePython(t) === MISSING || requireTool(t, 'hypercorn') === MISSING) return;
  const folder = makeWorkspace(t);
  folder.write('site/main.py', PLAIN);
  const plan = planWsgi({
    file: '',
    server: 'auto',
    callable: null,
    options: ['chdir=site', 'module=main:app', 'env=X=7'],
  });
  const wsgi = plan.wsgi === null ? null : { ...plan.wsgi, file: null };
  const worker = startWorker(t, { ...plan, wsgi }, { folder: folder.path });
  const { port } = (await worker.report('ready')).address;
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/a`)).text(), '/a7');
});

test('an ASGI app without a server for it is an error that names the servers', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('main.py', PLAIN);
  const worker = startWorker(t, planWsgi({ file: 'main.py', server: 'auto' }), {
    folder: folder.path,
    environment: { PATH: folder.path, VIRTUAL_ENV: '' },
  });
  const { message, hint } = await worker.report('failed');
  assert.match(message, /main\.py, an ASGI app, and no server for it is installed/);
  assert.match(hint, /uvicorn, hypercorn, granian/);
});
