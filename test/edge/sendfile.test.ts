/** `--sendfile`: an app names a file in X-Sendfile or X-Accel-Redirect, and the front sends it in place of the app's body. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { runCommands } from '../support/command.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS, type Reply } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const ends = new Afterwards();
after(() => ends.run());

const LARGE = Buffer.from(Array.from({ length: 700_000 }, (_one, index) => (index * 7919) % 251));
const MODIFIED = new Date('2024-05-06T07:08:09Z');

const workspace = makeWorkspace(ends);
const at = (name: string): string => join(workspace.path, name);
for (const folder of ['media', 'media/.kept', 'private', 'private/deep', 'media-not'])
  mkdirSync(at(folder), { recursive: true });
workspace.write('media/ten.txt', '0123456789');
workspace.write('media/per%20cent.txt', 'percent');
workspace.write('media/a b ü.txt', 'blank');
workspace.write('media/.kept/hidden.txt', 'hidden');
workspace.write('media/large.bin', LARGE);
workspace.write('private/deep/a b.pdf', 'pdf');
workspace.write('media-not/secret.txt', 'secret');
workspace.write('secret.txt', 'secret');
utimesSync(at('media/ten.txt'), MODIFIED, MODIFIED);
symlinkSync('../secret.txt', at('media/link.txt'));

/** Connections of the front to the app. */
let sockets = 0;
const OWN = {
  'content-type': 'application/x-own',
  'cache-control': 'private, max-age=60',
  'content-disposition': 'attachment; filename="x"',
  etag: '"of the app"',
  'set-cookie': 'a=b',
};

/** Answers as the query says: the field, its value, the status, the body. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const query = new URL(request.url ?? '', 'http://x').searchParams;
  const value = Buffer.from(query.get('value') ?? '', 'utf8').toString('latin1');
  const own = query.get('bare') === null ? OWN : {};
  const asked = JSON.stringify([request.headers['x-sendfile-type'], request.headers['x-accel-mapping']]);
  const fields = { ...own, [query.get('field') ?? 'X-Sendfile']: value, 'x-asked': asked };
  const status = Number(query.get('status') ?? 200);
  response.writeHead(status, fields);
  request.resume();
  response.end(status === 304 ? undefined : 'y'.repeat(Number(query.get('body') ?? 0)));
}

let upstream = '';
let plain: StartedFront;
before(async () => {
  const server = createServer(answer);
  server.on('connection', () => {
    sockets += 1;
  });
  ends.after(() => server.close().closeAllConnections());
  upstream = `127.0.0.1:${await listenLocally(server)}`;
  plain = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream] });
  ends.after(() => plain.stop());
});

interface Asked {
  readonly value: string;
  readonly field?: string;
  readonly status?: number;
  readonly bare?: boolean;
  readonly body?: number;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

function ask(client: Client, { method = 'GET', headers = {}, bare, ...asked }: Asked): Promise<Reply> {
  const query = new URLSearchParams(
    Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)]),
  );
  if (bare === true) query.set('bare', '');
  const body = method === 'POST' ? { body: 'x' } : {};
  return client.request(`/?${query}`, { method, headers, ...body });
}

for (const engine of ENGINES) {
  describe(`--sendfile (${engine})`, () => {
    let front: StartedFront;
    before(async () => {
      front = await StartedFront.start({
        arguments: [
          ...['--listen', '127.0.0.1:0', '--upstream', upstream, '--engine', engine],
          ...['--sendfile', at('media'), '--sendfile', `/protected=${at('private')}`],
        ],
      });
    });
    after(() => front.stop());
    for (const protocol of PROTOCOLS) {
      describe(`over ${protocol}`, () => {
        let client: Client;
        before(() => {
          client = new Client({ port: front.port(), ca: front.ca }, protocol);
        });
        after(() => client.close());
        const get = (asked: Asked): Promise<Reply> => ask(client, asked);

        test('the file comes with the fields of the app; its own name, tag and length are the front’s', async () => {
          const { status, headers, text } = await get({ value: at('media/ten.txt'), body: 40 });
          assert.deepEqual([status, text, headers['content-length']], [200, '0123456789', '10']);
          for (const name of ['content-type', 'cache-control', 'content-disposition'] as const)
            assert.equal(headers[name], OWN[name]);
          assert.deepEqual(headers['set-cookie'], [OWN['set-cookie']]);
          assert.notEqual(headers.etag, OWN.etag);
          assert.equal(headers['last-modified'], MODIFIED.toUTCString());
          assert.equal(headers['x-sendfile'], undefined);
        });

        const found: readonly (readonly [field: string, value: string, text: string])[] = [
          ['X-Sendfile', at('media/a b ü.txt'), 'blank'],
          ['X-Sendfile', at('media/a%20b%20%C3%BC.txt'), 'blank'],
          ['X-Sendfile', at('media/per%20cent.txt'), 'percent'],
          ['X-Sendfile', 'ten.txt', '0123456789'],
          ['X-Sendfile', at('media/../media/ten.txt'), '0123456789'],
          ['X-Sendfile', at('media/.kept/hidden.txt'), 'hidden'],
          ['X-Sendfile', at('private/deep/a b.pdf'), 'pdf'],
          ['X-Accel-Redirect', '/protected/deep/a%20b.pdf?x=1', 'pdf'],
          ['X-Accel-Redirect', '/ten.txt', '0123456789'],
        ];
        for (const [field, value, text] of found) {
          test(`${field}: ${value.replace(workspace.path, '')} is found`, async () => {
            const reply = await get({ field, value });
            assert.deepEqual([reply.status, reply.text], [200, text]);
            assert.equal(reply.headers['x-accel-redirect'], undefined);
          });
        }

        const refused: readonly (readonly [field: string, value: string, status: number])[] = [
          ['X-Sendfile', at('secret.txt'), 502],
          ['X-Sendfile', at('media/link.txt'), 502],
          ['X-Sendfile', at('media/../secret.txt'), 502],
          ['X-Sendfile', '../secret.txt', 502],
          ['X-Sendfile', '%2e%2e/secret.txt', 502],
          ['X-Sendfile', at('media-not/secret.txt'), 502],
          ['X-Sendfile', '/etc/passwd', 502],
          ['X-Sendfile', at('media/none.txt'), 404],
          ['X-Sendfile', at('media'), 404],
          ['X-Sendfile', '', 404],
          ['X-Accel-Redirect', '/protected/../secret.txt', 502],
          ['X-Accel-Redirect', '/protected/%2e%2e/secret.txt', 502],
          ['X-Accel-Redirect', '/protected/none.pdf', 404],
          ['X-Accel-Redirect', 'http://other.test/x', 502],
          ['X-Accel-Redirect', '/%ff', 502],
          ['X-Accel-Redirect', '@named', 502],
        ];
        for (const [field, value, status] of refused) {
          test(`${field}: ${value.replace(workspace.path, '')} is ${status}`, async () => {
            const reply = await get({ field, value, body: 10 });
            assert.equal(reply.status, status);
            assert.doesNotMatch(reply.text, /secret|root:|yyy/);
            for (const name of ['x-sendfile', 'x-accel-redirect', 'set-cookie'])
              assert.equal(reply.headers[name], undefined);
          });
        }

        test('conditions, ranges and HEAD are those of the file', async () => {
          const value = at('media/ten.txt');
          const tag = String((await get({ value })).headers.etag);
          const same = await get({ value, headers: { 'if-none-match': tag } });
          assert.deepEqual(
            [same.status, same.text, same.headers['cache-control']],
            [304, '', OWN['cache-control']],
          );
          const part = await get({ value, headers: { range: 'bytes=2-4', 'if-range': tag } });
          assert.deepEqual([part.status, part.text], [206, '234']);
          assert.equal(part.headers['content-range'], 'bytes 2-4/10');
          assert.equal((await get({ value, headers: { range: 'bytes=10-' } })).status, 416);
          const head = await get({ value, method: 'HEAD' });
          assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '10']);
          assert.equal(head.headers['x-sendfile'], undefined);
        });

        test('another status stays, with the whole file, and so does the answer to a POST', async () => {
          const value = at('media/ten.txt');
          const headers = { range: 'bytes=2-4', 'if-none-match': '*' };
          for (const asked of [{ status: 404 }, { status: 201 }, { method: 'POST' }]) {
            const reply = await get({ value, headers, ...asked });
            assert.deepEqual([reply.status, reply.text], [asked.status ?? 200, '0123456789']);
          }
        });

        test('an answer without content stays one, without the name', async () => {
          for (const status of [204, 304]) {
            const reply = await get({ value: at('media/ten.txt'), status });
            assert.deepEqual([reply.status, reply.text], [status, '']);
            assert.equal(reply.headers['x-sendfile'], undefined);
            assert.equal(reply.headers.etag, OWN.etag);
          }
        });

        test('a type that the app does not say is that of the name', async () => {
          const { headers } = await get({ value: at('media/ten.txt'), bare: true });
          assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
        });

        test('a large file comes whole, also beside a large body of the app', async () => {
          for (const body of [0, 300_000])
            assert.ok((await get({ value: at('media/large.bin'), body })).body.equals(LARGE));
        });

        test('the connection to the app serves on', async () => {
          await get({ value: at('media/ten.txt') });
          const before = sockets;
          for (let turn = 0; turn < 5; turn += 1) await get({ value: at('media/ten.txt'), body: turn });
          assert.equal(sockets, before);
        });

        test('what a client says of names does not reach the app', async () => {
          const headers = { 'x-sendfile-type': 'X-Accel-Redirect', 'x-accel-mapping': '/=/etc/' };
          const reply = await get({ value: at('media/ten.txt'), headers });
          assert.equal(reply.headers['x-asked'], '[null,null]');
        });
      });
    }

    test('the log names what is refused, and the next step', async () => {
      await front.logged(
        /warning: 127\.0\.0\.1:\d+ names the file "[^"]+", which lies in no folder of --sendfile/,
      );
      await front.logged(/hint: add --sendfile with its folder/);
      await front.logged(/names the file "[^"]+", which is not there, or may not be read/);
    });
  });
}

for (const protocol of PROTOCOLS) {
  test(`without the option the fields pass as any other over ${protocol}`, async () => {
    const other = new Client({ port: plain.port(), ca: plain.ca }, protocol);
    const reply = await ask(other, { value: at('media/ten.txt'), body: 3 });
    other.close();
    assert.deepEqual([reply.status, reply.text], [200, 'yyy']);
    assert.equal(reply.headers['x-sendfile'], at('media/ten.txt'));
    assert.equal(reply.headers.etag, OWN.etag);
  });
}

test('what cannot be a folder for it is refused with the reason', async () => {
  const lines: readonly (readonly [string, RegExp])[] = [
    [`--sendfile ${at('none')}`, /^error: --sendfile \S+none: no such folder\nhint: write --sendfile /],
    [`--sendfile ${at('secret.txt')}`, /^error: --sendfile \S+secret.txt: not a folder\n/],
    [`--sendfile /a//b=${at('media')}`, /^error: --sendfile \S+: '\/a\/\/b' is no path of a route\n/],
  ];
  const results = await runCommands(
    lines.map(([line]) => ['check', '--upstream', '3000', ...line.split(' ')]),
  );
  for (const [index, [line, error]] of lines.entries()) {
    assert.equal(results[index]?.code, 2, line);
    assert.match(results[index]?.stderr ?? '', error);
  }
});
