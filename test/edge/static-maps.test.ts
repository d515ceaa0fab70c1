/** `--static-map`, `--check-static` and `--root --spa` beside an app: files first, then the app, pages of the single-page app last. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { runCommands } from '../support/command.js';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace, type Workspace } from '../support/workspace.js';

const ends = new Afterwards();
after(() => ends.run());

let workspace: Workspace;
let client: Client;

before(async () => {
  workspace = makeWorkspace(ends);
  for (const folder of ['maps/deep', 'checked/app', 'spa', 'releases', 'releases/1', 'releases/2'])
    mkdirSync(join(workspace.path, folder), { recursive: true });
  workspace.write('maps/deep/a.js', 'let a');
  workspace.write('checked/app/robots.txt', 'checked');
  workspace.write('spa/index.html', 'the page');
  workspace.write('spa/main.js', 'main');
  workspace.write('icon.ico', 'icon');
  workspace.write('secret.txt', 'secret');
  workspace.write('releases/1/v.txt', 'one');
  workspace.write('releases/2/v.txt', 'two');
  symlinkSync('1', join(workspace.path, 'releases/now'));
  symlinkSync('../secret.txt', join(workspace.path, 'maps/outside.txt'));
  const server = createServer((request, response) => {
    response.end(`app ${request.method} ${request.url}`);
  });
  ends.after(() => server.close().closeAllConnections());
  const port = await listenLocally(server);
  const at = (name: string): string => join(workspace.path, name);
  const front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--upstream', `/app=${port}`, '--root', at('spa'), '--spa'],
      ...['--static-map', `/app/static=${at('maps')}`, '--static-map', `/app/icon.ico=${at('icon.ico')}`],
      ...['--static-map', `/v=${at('releases/now')}`, '--check-static', at('checked')],
    ],
  });
  ends.after(() => front.stop());
  client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  ends.after(() => client.close());
});

const cases: readonly (readonly [method: string, path: string, status: number, text: string])[] = [
  ['GET', '/app/static/deep/a.js', 200, 'let a'],
  ['GET', '/app/static/deep/a.js?v=2', 200, 'let a'],
  ['GET', '/app/icon.ico', 200, 'icon'],
  ['GET', '/app/robots.txt', 200, 'checked'],
  ['GET', '/app/icon.ico/', 200, 'app GET /app/icon.ico/'],
  ['GET', '/app/icon.ico/x', 200, 'app GET /app/icon.ico/x'],
  ['GET', '/app/static/none.js', 200, 'app GET /app/static/none.js'],
  ['GET', '/app/staticdeep/a.js', 200, 'app GET /app/staticdeep/a.js'],
  ['GET', '/app/static/deep/', 200, 'app GET /app/static/deep/'],
  ['GET', '/app/static/outside.txt', 200, 'app GET /app/static/outside.txt'],
  ['GET', '/app/static/../../secret.txt', 200, 'app GET /app/static/../../secret.txt'],
  ['GET', '/app/static/%2e%2e/secret.txt', 200, 'app GET /app/static/%2e%2e/secret.txt'],
  ['POST', '/app/static/deep/a.js', 200, 'app POST /app/static/deep/a.js'],
  ['GET', '/', 200, 'the page'],
  ['GET', '/main.js', 200, 'main'],
  ['GET', '/users/7?tab=1', 200, 'the page'],
  ['GET', '/users/', 200, 'the page'],
  ['GET', '/none.js', 404, ''],
  ['GET', '/%2e%2e/secret', 404, ''],
  ['POST', '/users/7', 405, ''],
];
for (const [method, path, status, text] of cases) {
  test(`${method} ${path} is ${status} ${text}`, async () => {
    const reply = await client.request(path, { method });
    assert.equal(reply.status, status);
    if (status === 200) assert.equal(reply.text, text);
    else assert.doesNotMatch(reply.text, /secret|the page/);
  });
}

test('a folder that is a link leads to another release at once', async () => {
  assert.equal((await client.request('/v/v.txt')).text, 'one');
  symlinkSync('2', join(workspace.path, 'releases/next'));
  renameSync(join(workspace.path, 'releases/next'), join(workspace.path, 'releases/now'));
  assert.equal((await client.request('/v/v.txt')).text, 'two');
});

const refused: readonly (readonly [line: string, error: RegExp])[] = [
  ['--root DIR/none', /^error: --root \S+none: no such folder\nhint: name a folder/],
  ['--root DIR/icon.ico', /^error: --root \S+icon.ico: not a folder\n/],
  ['--root DIR --upstream 3000', /^error: --upstream and --root both name an app\n/],
  [
    '--static-map static --upstream 3000',
    /^error: --static-map static: not a path and a folder\nhint: write \/static=public/,
  ],
  ['--spa --upstream 3000', /^error: --spa has no effect without --root\n/],
  ['--root DIR --static-index ../x', /^error: --static-index ..\/x: not the name of a file\n/],
  [
    '--root DIR --engine library',
    /^error: the library engine cannot reach file:.*\nhint: leave --engine library out/,
  ],
  ['--upstream file:/srv', /^error: --upstream file:\/srv: a folder is no server\nhint: write --root/],
  ['--upstream file://srv/www', /^error: --upstream file:\/\/srv\/www: a folder is no server\n/],
  ['--upstream dns+file://x:1', /'file' is spoken by no app/],
];

test('what cannot be served is refused with the reason', async () => {
  const lines = refused.map(([line]) => ['check', ...line.replace('DIR', workspace.path).split(' ')]);
  const results = await runCommands(lines);
  for (const [index, [line, error]] of refused.entries()) {
    assert.equal(results[index]?.code, 2, line);
    assert.match(results[index]?.stderr ?? '', error);
  }
});
