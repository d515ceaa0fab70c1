/** `--static-map`, `--static-map2`, `--check-static`, `--root --spa` and `--static-expires` beside an app: files first, then the app, pages of the single-page app last. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { runCommands } from '../support/command.js';
import { ENGINES } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace, type Workspace } from '../support/workspace.js';

const ends = new Afterwards();
after(() => ends.run());

const CHANGED = new Date('2024-05-06T07:08:09Z');
const HOUR_MS = 3_600_000;

let workspace: Workspace;
let appPort = 0;

before(async () => {
  workspace = makeWorkspace(ends);
  for (const folder of [
    'maps/deep',
    'whole/app/docs',
    'checked/app',
    'spa',
    'releases',
    'releases/1',
    'releases/2',
  ])
    mkdirSync(join(workspace.path, folder), { recursive: true });
  workspace.write('maps/deep/a.js', 'let a');
  workspace.write('maps/deep/db.inc', 'secret');
  workspace.write('checked/app/robots.txt', 'checked');
  workspace.write('spa/index.html', 'the page');
  workspace.write('spa/main.js', 'main');
  workspace.write('icon.ico', 'icon');
  workspace.write('whole/app/docs/a b.txt', 'docs');
  workspace.write('whole/app/docs/old.txt', 'old');
  utimesSync(join(workspace.path, 'whole/app/docs/old.txt'), CHANGED, CHANGED);
  for (const name of ['kept.txt', 'marked.txt']) {
    workspace.write(`whole/app/docs/${name}`, name);
    utimesSync(join(workspace.path, 'whole/app/docs', name), CHANGED, CHANGED);
  }
  workspace.write('whole/app/docs/style.css', 'css');
  workspace.write('secret.txt', 'secret');
  workspace.write('releases/1/v.txt', 'one');
  workspace.write('releases/2/v.txt', 'two');
  symlinkSync('../secret.txt', join(workspace.path, 'maps/outside.txt'));
  const server = createServer((request, response) => {
    response.end(`app ${request.method} ${request.url}`);
  });
  ends.after(() => server.close().closeAllConnections());
  appPort = await listenLocally(server);
});

const cases: readonly (readonly [method: string, path: string, status: number, text: string])[] = [
  ['GET', '/app/static/deep/a.js', 200, 'let a'],
  ['GET', '/app/static/deep/a.js?v=2', 200, 'let a'],
  ['GET', '/app/icon.ico', 200, 'icon'],
  ['GET', '/app/robots.txt', 200, 'checked'],
  ['GET', '/app/docs/style.css', 200, 'css'],
  ['GET', '/app/icon2.ico', 200, 'icon'],
  ['GET', '/app/docs/', 200, 'app GET /app/docs/'],
  ['GET', '/app/docs/app/docs/style.css', 200, 'app GET /app/docs/app/docs/style.css'],
  ['GET', '/app/docs/../../../secret.txt', 200, 'app GET /app/docs/../../../secret.txt'],
  ['GET', '/app/icon.ico/', 200, 'app GET /app/icon.ico/'],
  ['GET', '/app/icon.ico/x', 200, 'app GET /app/icon.ico/x'],
  ['GET', '/app/static/none.js', 200, 'app GET /app/static/none.js'],
  ['GET', '/app/static/deep/db.inc', 200, 'app GET /app/static/deep/db.inc'],
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

const expiries: readonly (readonly [path: string, from: 'request' | 'change', afterMs: number])[] = [
  ['/app/static/deep/a.js', 'request', HOUR_MS],
  ['/app/docs/old.txt', 'change', 60_000],
  ['/app/docs/a%20b.txt', 'request', 2 * HOUR_MS],
  ['/v/v.txt?long', 'request', 3 * HOUR_MS],
  ['/app/docs/kept.txt', 'change', 120_000],
  ['/app/docs/marked.txt?mark', 'change', 180_000],
  // Files before types.
  ['/app/static/deep/a.js?long', 'request', HOUR_MS],
  ['/app/docs/style.css', 'request', 4 * HOUR_MS],
];

for (const engine of ENGINES) {
  describe(`files beside an app (${engine})`, () => {
    let front: StartedFront;
    let client: Client;
    before(async () => {
      symlinkSync('1', join(workspace.path, `releases/now-${engine}`));
      const at = (name: string): string => join(workspace.path, name);
      front = await StartedFront.start({
        arguments: [
          ...['--listen', '127.0.0.1:0', '--engine', engine, '--static-skip-ext', '.inc'],
          ...['--upstream', `/app=${appPort}`, '--root', at('spa'), '--spa'],
          ...['--static-map', `/app/static=${at('maps')}`, '--static-map', `/app/icon.ico=${at('icon.ico')}`],
          ...[
            '--static-map2',
            `/app/docs=${at('whole')}`,
            '--static-map2',
            `/app/icon2.ico=${at('icon.ico')}`,
          ],
          ...['--static-expires', 'deep/.*\\.js$ 1h', '--static-expires-mtime', '/old\\.txt$ 60'],
          ...['--static-expires-path-info', '^/app/docs/a\\sb 2h', '--static-expires-uri', '[?]long 3h'],
          ...[
            '--static-expires-path-info-mtime',
            '^/app/docs/kept 120',
            '--static-expires-uri-mtime',
            '[?]mark 180',
          ],
          ...['--static-expires-type', 'text/css=4h', '--static-expires-type-mtime', 'text/html=0'],
          ...['--static-map', `/v=${at(`releases/now-${engine}`)}`, '--check-static', at('checked')],
        ],
      });
      client = new Client({ port: front.port(), ca: front.ca }, 'h2');
    });

    after(async () => {
      client.close();
      await front.stop();
    });
    for (const [method, path, status, text] of cases) {
      test(`${method} ${path} is ${status} ${text}`, async () => {
        const reply = await client.request(path, { method });
        assert.equal(reply.status, status);
        if (status === 200) assert.equal(reply.text, text);
        else assert.doesNotMatch(reply.text, /secret|the page/);
      });
    }

    for (const [path, from, afterMs] of expiries) {
      test(`${path} expires ${afterMs / 1000} s after the ${from}`, async () => {
        const reply = await client.request(path);
        const again = await client.request(path, {
          headers: { 'if-none-match': String(reply.headers.etag) },
        });
        assert.equal(again.status, 304);
        for (const { headers } of [reply, again]) {
          const found = Date.parse(String(headers.expires));
          const wanted = (from === 'change' ? CHANGED.getTime() : Date.parse(String(headers.date))) + afterMs;
          assert.ok(Math.abs(found - wanted) <= (from === 'change' ? 0 : 1000), String(headers.expires));
        }
      });
    }

    test('other files have no Expires', async () => {
      for (const path of ['/main.js', '/app/robots.txt', '/v/v.txt'])
        assert.equal((await client.request(path)).headers.expires, undefined, path);
    });

    test('a folder that is a link leads to another release at once', async () => {
      assert.equal((await client.request('/v/v.txt')).text, 'one');
      symlinkSync('2', join(workspace.path, `releases/next-${engine}`));
      renameSync(
        join(workspace.path, `releases/next-${engine}`),
        join(workspace.path, `releases/now-${engine}`),
      );
      assert.equal((await client.request('/v/v.txt')).text, 'two');
    });
  });
}

const refused: readonly (readonly [line: string, error: RegExp])[] = [
  ['--root DIR/none', /^error: --root \S+none: no such folder\nhint: name a folder/],
  ['--root DIR/icon.ico', /^error: --root \S+icon.ico: not a folder\n/],
  ['--root DIR --upstream 3000', /^error: --upstream and --root both name an app\n/],
  [
    '--static-map static --upstream 3000',
    /^error: --static-map static: not a path and a folder\nhint: write \/static=public/,
  ],
  ['--static-map2 /a=DIR/none --upstream 3000', /^error: --static-map2 \S+none: no such folder\n/],
  [
    '--root DIR --static-expires .*',
    /^error: --static-expires \.\*: not a pattern and a time\nhint: write '/,
  ],
  [
    '--root DIR --static-expires-uri (_1h',
    /^error: --static-expires-uri \( 1h: '\(' is not a regular expression\n/,
  ],
  ['--root DIR --static-expires-type text/css=soon', /^error: .*text\/css=soon: 'soon' is not a time\n/],
  ['--root DIR --static-expires-type text/css=9999999h', /^error: .*: too long\nhint: the most is 24855d/],
  ['--static-expires-uri .*_1h --upstream 3000', /^error: --static-expires-uri has no effect without --root/],
  ['--spa --upstream 3000', /^error: --spa has no effect without --root\n/],
  ['--root DIR --static-index ../x', /^error: --static-index ..\/x: not the name of a file\n/],
  ['--upstream file:/srv', /^error: --upstream file:\/srv: a folder is no server\nhint: write --root/],
  ['--upstream file://srv/www', /^error: --upstream file:\/\/srv\/www: a folder is no server\n/],
  ['--upstream dns+file://x:1', /'file' is spoken by no app/],
];

test('what cannot be served is refused with the reason', async () => {
  const lines = refused.map(([line]) => [
    'check',
    ...line
      .replace('DIR', workspace.path)
      .split(' ')
      .map((word) => word.replace('_', ' ')),
  ]);
  const results = await runCommands(lines);
  for (const [index, [line, error]] of refused.entries()) {
    assert.equal(results[index]?.code, 2, line);
    assert.match(results[index]?.stderr ?? '', error);
  }
});
