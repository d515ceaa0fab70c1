/** `--error-pages`: pages of one's own for the errors that the front itself tells, to clients that are sent a page. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { runCommands } from '../support/command.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS, type Reply } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const ends = new Afterwards();
after(() => ends.run());

const workspace = makeWorkspace(ends);
const at = (name: string): string => join(workspace.path, name);
for (const folder of ['pages', 'empty', 'large', 'wrong/404.html', 'named'])
  mkdirSync(at(folder), { recursive: true });
workspace.write('pages/404.html', '<h1>nicht da ü</h1>');
workspace.write('pages/50x.html', '<h1>kaputt</h1>');
workspace.write('pages/4xx.html', '<h1>so nicht</h1>');
workspace.write('pages/notes.txt', 'not a page');
workspace.write('pages/200.html', 'not an error');
workspace.write('large/404.html', 'x'.repeat(256 * 1024 + 1));

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let appPort = 0;
let deadPort = 0;
before(async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url === '/app/404' ? 404 : 200).end(`the app's ${request.url}`);
  });
  ends.after(() => server.close().closeAllConnections());
  appPort = await listenLocally(server);
  deadPort = await freePort();
});

for (const engine of ENGINES) {
  describe(`--error-pages (${engine})`, () => {
    let front: StartedFront;
    before(async () => {
      front = await StartedFront.start({
        arguments: [
          ...['--listen', '127.0.0.1:0', '--engine', engine, '--error-pages', at('pages')],
          ...['--upstream', `/app=${appPort}`, '--upstream', `/dead=${deadPort}`, '--hold', '0'],
          ...['--max-body-bytes', '10'],
        ],
      });
    });
    after(() => front.stop());

    for (const protocol of PROTOCOLS) {
      describe(protocol, () => {
        let client: Client;
        before(() => {
          client = new Client({ port: front.port(), ca: front.ca }, protocol);
        });
        after(() => client.close());
        const get = (path: string, headers: Record<string, string> = HTML, method = 'GET'): Promise<Reply> =>
          client.request(path, { method, headers });

        test('the page for the status comes whole, with the fields of an answer of the front', async () => {
          const { status, headers, text } = await get('/none');
          assert.deepEqual([status, text], [404, '<h1>nicht da ü</h1>']);
          assert.equal(headers['content-type'], 'text/html; charset=utf-8');
          assert.equal(headers['content-length'], String(Buffer.byteLength(text)));
          assert.equal(headers['cache-control'], 'no-store');
          assert.match(String(headers['x-request-id']), /./);
        });

        test('HEAD has the length and no body', async () => {
          const { status, headers, text } = await get('/none', HTML, 'HEAD');
          assert.deepEqual([status, text, headers['content-length']], [404, '', '20']);
        });

        test('a name with an x is for several statuses', async () => {
          const reply = await client.request('/app/x', {
            method: 'POST',
            headers: HTML,
            body: 'more than ten',
          });
          assert.deepEqual([reply.status, reply.text], [413, '<h1>so nicht</h1>']);
        });

        test('who accepts no page is answered as before', async () => {
          for (const accept of ['application/json', '*/*', 'image/png'])
            assert.doesNotMatch((await get('/none', { accept })).text, /nicht da/);
          assert.equal(
            JSON.parse((await get('/none', { accept: 'application/json' })).text).error.status,
            404,
          );
        });

        test("an error of the app is the app's", async () => {
          const { status, text } = await get('/app/404');
          assert.deepEqual([status, text], [404, "the app's /app/404"]);
        });

        test('an app that is down is told by the page, with its status and Retry-After', async () => {
          // A person who looks is shown the page of development; this is somebody else.
          const { status, headers, text } = await get('/dead', { ...HTML, 'sec-fetch-dest': 'iframe' });
          assert.deepEqual([status, text], [503, '<h1>kaputt</h1>']);
          assert.match(String(headers['retry-after']), /^\d+$/);
        });
      });
    }
  });
}

test('what is no folder of pages is refused with the reason', async () => {
  const lines: readonly (readonly [string, RegExp])[] = [
    [
      at('none'),
      /^error: --error-pages \S+: no such file or folder\nhint: name a folder with pages called 404/,
    ],
    [at('pages/404.html'), /^error: --error-pages \S+: not a folder\n/],
    [at('empty'), /^error: --error-pages \S+: there is no page in it\n/],
    [at('large'), /^error: --error-pages \S+404.html: too large\nhint: the most is 256k/],
    [at('wrong'), /^error: --error-pages \S+404.html: not a file\n/],
  ];
  const results = await runCommands(
    lines.map(([folder]) => ['check', '--upstream', '3000', '--error-pages', folder]),
  );
  for (const [index, [folder, error]] of lines.entries()) {
    assert.equal(results[index]?.code, 2, folder);
    assert.match(results[index]?.stderr ?? '', error);
  }
});
