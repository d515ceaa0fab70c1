/** What `tlsfront 8080` and `tlsfront index.py` stand for, and what stays as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDevScript } from '../../../src/commands/dev-script.js';
import { expandShorthand } from '../../../src/options/shorthand.js';
import { makeWorkspace } from '../../support/workspace.js';

const CASES: readonly (readonly [line: string, expected: string])[] = [
  ['8080', '--upstream 8080'],
  [':8080', '--upstream :8080'],
  ['localhost:8080', '--upstream localhost:8080'],
  ['[::1]:8080', '--upstream [::1]:8080'],
  ['http://app:80', '--upstream http://app:80'],
  ['index.py', '--wsgi-file index.py'],
  ['--listen 9443 8080', '--listen 9443 --upstream 8080'],
  ['-l 9443 8080', '-l 9443 --upstream 8080'],
  ['--listen=9443 8080', '--listen=9443 --upstream 8080'],
  ['8080 --access-log', '--upstream 8080 --access-log'],
  ['--access-log 8080', '--access-log --upstream 8080'],
  ['--listen 9443', '--listen 9443'],
  ['demo 8080', 'demo 8080'],
  ['check 8080', 'check --upstream 8080'],
  ['check --print index.py --hsts 1d', 'check --print --wsgi-file index.py --hsts 1d'],
  ['check server.crt', 'check server.crt'],
  ['config export 8080', 'config export --upstream 8080'],
  ['config schema', 'config schema'],
  ['chain check server.crt', 'chain check server.crt'],
  ['npm run dev', 'npm run dev'],
  ['', ''],
];

for (const [line, expected] of CASES) {
  test(`tlsfront ${line} is tlsfront ${expected}`, () => {
    assert.equal(expandShorthand(line === '' ? [] : line.split(' ')).join(' '), expected);
  });
}

for (const [lockFile, runner] of [
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
] as const) {
  test(`the script dev is run by ${runner} where ${lockFile} lies`, (t) => {
    const folder = makeWorkspace(t);
    folder.write('package.json', '{"scripts":{"dev":"vite"}}');
    folder.write(lockFile, '');
    assert.deepEqual(findDevScript(folder.path), [runner, 'run', 'dev']);
  });
}

for (const [word, expected] of [
  ['shop:app', '--uwsgi-option module=shop:app'],
  ['pack:create()', '--uwsgi-option module=pack:create()'],
  ['none:app', 'none:app'],
  [
    './manage.py',
    '--uwsgi-option chdir=. --uwsgi-option env=DJANGO_SETTINGS_MODULE=site.settings --uwsgi-option module=site.wsgi',
  ],
] as const) {
  test(`tlsfront ${word}, where such files lie, is tlsfront ${expected}`, (t) => {
    const folder = makeWorkspace(t);
    for (const name of ['shop.py', 'pack/__init__.py', 'site/wsgi.py']) folder.write(name, '');
    folder.write('manage.py', "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n");
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      assert.equal(expandShorthand([word, '--access-log']).join(' '), `${expected} --access-log`);
    } finally {
      process.chdir(before);
    }
  });
}

const SOURCES: readonly (readonly [what: string, text: string, expected: string])[] = [
  ['Flask', 'from flask import Flask\napp = Flask(__name__)\n', '--wsgi-file FILE --callable app --hsts 1d'],
  [
    'Flask by its module',
    'site: object = flask.Flask(__name__)\n',
    '--wsgi-file FILE --callable site --hsts 1d',
  ],
  [
    'Flask that runs itself',
    'app = Flask(__name__)\nif __name__ == "__main__":\n    app.run()\n',
    '--wsgi-file FILE --callable app --hsts 1d',
  ],
  [
    'a function',
    'def simple(environ, start_response):\n    pass\n',
    '--wsgi-file FILE --callable simple --hsts 1d',
  ],
  ['an application', 'app = Flask(__name__)\napplication = app\n', '--wsgi-file FILE --hsts 1d'],
  [
    'an application from elsewhere',
    'from shop import application\napp = Flask()\n',
    '--wsgi-file FILE --hsts 1d',
  ],
  [
    'FastAPI',
    'app = FastAPI()\nif __name__ == "__main__":\n    uvicorn.run(app)\n',
    '--wsgi-file FILE --hsts 1d',
  ],
  [
    'a factory',
    'app = create_app()\nif __name__ == "__main__":\n    app.run()\n',
    '--wsgi-file FILE --callable app --hsts 1d',
  ],
  ['short names', 'def app(e, s):\n    pass\n', '--wsgi-file FILE --callable app --hsts 1d'],
  ['aiohttp', 'app = web.Application()\nweb.run_app(app)\n', '--hsts 1d -- python3 FILE'],
  ['a script', 'if __name__ == "__main__":\n    main()\n', '--hsts 1d -- python3 FILE'],
  [
    'a server without a guard',
    'HTTPServer(("", 80), Handler).serve_forever()\n',
    '--hsts 1d -- python3 FILE',
  ],
  ['nothing that is known', 'x = 1\n', '--wsgi-file FILE --hsts 1d'],
  ['a comment', '# app = Flask(__name__)\n', '--wsgi-file FILE --hsts 1d'],
];

for (const [what, text, expected] of SOURCES) {
  test(`a Python file with ${what} is served by what fits`, (t) => {
    const file = makeWorkspace(t).write('app.py', text);
    assert.equal(expandShorthand([file, '--hsts', '1d']).join(' ').replace(file, 'FILE'), expected);
    // Who names the callable, or the option, knows better.
    const named = ['--callable', 'x'];
    if (expected.includes('python3')) return;
    assert.deepEqual(expandShorthand([file, ...named]), ['--wsgi-file', file, ...named]);
    assert.deepEqual(expandShorthand(['--wsgi-file', file]), ['--wsgi-file', file]);
  });
}

test('a manage.py whose project has an asgi.py alone is served by that', (t) => {
  const folder = makeWorkspace(t);
  folder.write('site/asgi.py', '');
  const file = folder.write('manage.py', "x('DJANGO_SETTINGS_MODULE', 'site.settings')\n");
  assert.ok(expandShorthand([file]).includes('module=site.asgi'));
});

test('a manage.py whose project has no wsgi.py is a WSGI file like another', (t) => {
  const folder = makeWorkspace(t);
  const text = "x('DJANGO_SETTINGS_MODULE', 'gone.settings')\nif __name__ == '__main__':\n    main()\n";
  const file = folder.write('manage.py', text);
  assert.deepEqual(expandShorthand([file]), ['--wsgi-file', file]);
});

test('a folder without package.json, without scripts or with a broken one has no script dev', (t) => {
  const folder = makeWorkspace(t);
  assert.equal(findDevScript(folder.path), null);
  for (const text of ['{}', '{"scripts":{"start":"x"}}', '{"scripts":{"dev":3}}', '{', '[]', 'null']) {
    folder.write('package.json', text);
    assert.equal(findDevScript(folder.path), null);
  }
});
