/** Which command lines are read as uWSGI reads them, and which are ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUwsgiLine } from '../../../src/options/uwsgi/line.js';

const APP_ELSEWHERE = { UWSGI_WSGI_FILE: 'app.py' };

const LINES: readonly (readonly [line: string, isUwsgi: boolean, environment?: NodeJS.ProcessEnv])[] = [
  ['--wsgi-file app.py --threads 2', true],
  ['--wsgi-file app.py --master', true],
  ['--ini app.ini', true],
  ['app.ini', true],
  ['--json app.json', true],
  ['check --json', false],
  ['--json', false],
  ['--listen 8443 8080', false],
  ['--wsgi-file app.py --http :8080 --listen 128', true],
  ['--wsgi-file app.py --listen 128', false],
  ['--wsgi-file app.py --https :8443 --listen :443', false],
  ['8080', false],
  ['--access-log', false],
  // What the environment names is served where the line names no app itself.
  ['--access-log', true, APP_ELSEWHERE],
  ['8080', false, APP_ELSEWHERE],
  ['--upstream 8080', false, APP_ELSEWHERE],
  ['--wsgi-file other.py', false, APP_ELSEWHERE],
  ['--access-log', true, { UWSGI_INI: 'app.ini' }],
  ['--access-log', true, { UWSGI_YAML: 'app.yaml' }],
  ['--access-log', true, { UWSGI_XML: 'app.xml' }],
  ['app.xml:shop', true],
  ['--xml app.xml', true],
  ['--access-log', false, { UWSGI_PROCESSES: '2' }],
];

for (const [line, isUwsgi, environment = {}] of LINES) {
  const beside = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  test(`${beside.join('')}tlsfront ${line}: ${isUwsgi ? "uWSGI's" : 'ours'}`, () => {
    assert.equal(isUwsgiLine(line.split(' '), environment), isUwsgi);
  });
}
