/** An ASGI app in place of a WSGI one is known by its source and gets a server that is installed for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAsgiApp, requireAsgiApp } from '../../app/asgi-app.js';
import { FrontError } from '../../src/shared/errors.js';
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

/** Sources, the callable that is asked for, and what it comes to: a name, or a complaint. */
const SAID_TO_BE: readonly (readonly [
  what: string,
  text: string,
  asked: string | null,
  expected: string | RegExp,
])[] = [
  ['a maker of its own', 'site = make()\napp = site\n', null, 'app'],
  ['an import', 'from shop.main import application\n', null, 'application'],
  ['a sign before a usual name', 'main = 1\nsite = Litestar([])\n', null, 'site'],
  ['a name with a call', 'def create():\n  return 1\n', 'create()', 'create()'],
  ['a star', 'from shop import *\n', 'site', 'site'],
  ['a wrapped WSGI app', 'app = WSGIMiddleware(Flask(__name__)) # asgi\n', null, 'app'],
  ['nothing', 'x = 1\n', null, /no ASGI app is found in it.*--callable/],
  ['no such name', 'x = 1\n', 'site', /nothing in it is called site.*give --callable/],
  ['another name', 'site = FastAPI()\n', 'ap', /nothing in it is called ap.*did you mean --callable site/],
  ['Flask', 'app = Flask(__name__)\n', null, /a WSGI app and no ASGI app \(Flask\).*--wsgi-file/],
  ['a WSGI function', 'def app(environ, start): pass\n', 'app', /a WSGI app and no ASGI app/],
];

for (const [what, text, callable, expected] of SAID_TO_BE) {
  test(`said to be ASGI: ${what}`, (t) => {
    const folder = makeWorkspace(t);
    const file = folder.write('mod.py', text);
    const plan = planOf({ file, callable, server: 'asgi' });
    const tell = (): string => {
      try {
        return requireAsgiApp(plan).callable;
      } catch (error) {
        return error instanceof FrontError ? `${error.message} / ${error.hint}` : assert.fail();
      }
    };
    if (typeof expected === 'string') assert.equal(tell(), expected);
    else assert.match(tell(), expected);
  });
}

test('what no ASGI server can load is told with the reason', () => {
  const complain = (changes: Partial<WsgiPlan>) => () =>
    requireAsgiApp(planOf({ ...changes, server: 'asgi' }));
  assert.throws(complain({ file: 'site.wsgi' }), /its name does not end in \.py/);
  assert.throws(complain({ options: ['mount=/a=x:app'] }), /no module that an ASGI server could load/);
  assert.throws(complain({ options: ['module=no_such:app'] }), /no module that an ASGI server could load/);
});

test('a file elsewhere is a module of its own folder, one below it a module with dots', (t) => {
  const folder = makeWorkspace(t);
  folder.write('site/pack/mod.py', 'app = 1\n');
  folder.write('other/mod.py', 'app = 1\n');
  const find = (file: string) => {
    const chdir = `chdir=${folder.at('site')}`;
    const app = requireAsgiApp(planOf({ file, options: [chdir], server: 'asgi' }));
    return [app.module, app.moduleFolder, app.folder];
  };
  assert.deepEqual(find('pack/mod.py'), ['pack.mod', folder.at('site'), folder.at('site')]);
  assert.deepEqual(find(folder.at('site/pack/mod.py')), ['pack.mod', folder.at('site'), folder.at('site')]);
  assert.deepEqual(find('../other/mod.py'), ['mod', folder.at('other'), folder.at('site')]);
});

/** A stand-in for a server, which prints its arguments and where it would look for modules. */
const ECHO = '#!/bin/sh\necho "$0 $@"\necho "path $PYTHONPATH in $(pwd)"\nexit 3\n';

const CALLS: readonly (readonly [server: string, expected: RegExp])[] = [
  ['uvicorn', /bin\/uvicorn mod:create --host 127\.0\.0\.1 --port \d+ --workers 2 .*--factory$/m],
  ['hypercorn', /bin\/hypercorn mod:create\(\) --bind 127\.0\.0\.1:\d+ --workers 2$/m],
  [
    'granian',
    /bin\/granian --interface asgi --host 127\.0\.0\.1 --port \d+ --workers 2 mod:create --factory$/m,
  ],
];

for (const [server, expected] of CALLS) {
  test(`${server} of the virtual environment is called in its own words`, async (t) => {
    const folder = makeWorkspace(t);
    const file = folder.write('elsewhere/mod.py', 'def create(): pass\n');
    folder.write('site/.keep', '');
    for (const name of ['python3', server]) folder.write(`venv/bin/${name}`, ECHO, 0o755);
    const options = [
      'home=venv',
      'chdir=site',
      'processes=2',
      'pythonpath=lib',
      'threads=4',
      'max-requests=9',
    ];
    const plan = planWsgi({ file, server: 'asgi', callable: 'create()', options });
    const environment = { PATH: '/usr/bin:/bin', VIRTUAL_ENV: '' };
    // A server of this machine is no choice while the virtual environment has one.
    const worker = startWorker(t, plan, { folder: folder.path, environment });
    const { code, lastLines } = await worker.report('exited');
    assert.equal(code, 3);
    assert.match(lastLines.join('\n'), expected);
    assert.ok(
      lastLines.some((line) => line.startsWith(`path ${folder.at('elsewhere')}:${folder.at('site')}:lib`)),
      lastLines.join('\n'),
    );
    await worker.says(
      new RegExp(`^\\[app\\] warning: ${server} does not follow --threads, --max-requests, which`, 'm'),
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
