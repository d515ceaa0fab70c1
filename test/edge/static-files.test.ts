/** `--root`: the files of a folder with their fields, conditions, ranges and compressed neighbours; nothing that lies outside or is hidden. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { until, within } from '../support/deadline.js';
import { eachProtocol } from '../support/fronted.js';
import type { Reply } from '../support/https-client.js';
import { PATIENCE_MS } from '../support/started-front.js';

const CSS = 'body { color: black }\n'.repeat(200);
const TEXT = '0123456789';
const LARGE = Buffer.from(Array.from({ length: 700_000 }, (_one, index) => (index * 7919) % 251));
const SPARSE_BYTES = 3 * 1024 ** 3;
const MODIFIED = new Date('2024-05-06T07:08:09Z');

const base = mkdtempSync(join(tmpdir(), 'tlsfront-static-'));
after(() => rmSync(base, { recursive: true, force: true }));
const root = join(base, 'root');

before(() => {
  for (const folder of ['root/sub', 'root/bare', 'root/.git', 'root/.well-known', 'rootless'])
    mkdirSync(join(base, folder), { recursive: true });
  const files: Readonly<Record<string, string | Buffer>> = {
    'root/index.html': '<h1>home</h1>',
    'root/sub/index.html': '<h1>sub</h1>',
    'root/a.css': CSS,
    'root/a.css.br': brotliCompressSync(CSS),
    'root/ten.txt': TEXT,
    'root/empty.txt': '',
    'root/large.bin': LARGE,
    'root/sparse.bin': '',
    'root/per%cent ü.txt': 'odd',
    'root/.env': 'secret',
    'root/.git/config': 'secret',
    'root/.well-known/security.txt': 'contact',
    'rootless/secret.txt': 'secret',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(base, name), text);
    utimesSync(join(base, name), MODIFIED, MODIFIED);
  }
  truncateSync(join(root, 'sparse.bin'), SPARSE_BYTES);
  symlinkSync('ten.txt', join(root, 'inside.txt'));
  symlinkSync('../rootless', join(root, 'outside'));
  symlinkSync('../rootless/secret.txt', join(root, 'outside.txt'));
  symlinkSync('/dev/zero', join(root, 'zero.bin'));
  symlinkSync('loop', join(root, 'loop'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
});

const options = { arguments: ['--listen', '127.0.0.1:0', '--root', root, '--access-log'] };
eachProtocol('--root', options, (running, protocol, engine) => {
  const mark = `${engine}-${protocol.slice(0, 2)}`;
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> =>
    running().client.request(path, { method, headers });

  test('a file has type, length, tag and date', async () => {
    const { status, headers, text } = await get('/ten.txt?v=1');
    assert.deepEqual([status, text], [200, TEXT]);
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(headers['content-length'], '10');
    assert.equal(headers['last-modified'], MODIFIED.toUTCString());
    assert.equal(headers['accept-ranges'], 'bytes');
    assert.match(String(headers.etag), /^"[^"]+"$/);
  });

  test('HEAD has the same fields and no body, also with a Range', async () => {
    const whole = await get('/ten.txt');
    const { status, headers, text } = await get('/ten.txt', { range: 'bytes=0-1' }, 'HEAD');
    assert.deepEqual([status, text, headers['content-length']], [200, '', '10']);
    assert.equal(headers.etag, whole.headers.etag);
  });

  test('a large file comes whole', async () => {
    assert.ok((await get('/large.bin')).body.equals(LARGE));
  });

  test('a folder is its index, after a redirect to the slash; without an index it is nothing', async () => {
    assert.equal((await get('/')).text, '<h1>home</h1>');
    assert.equal((await get('/sub/')).text, '<h1>sub</h1>');
    const { status, headers } = await get('//sub?x=1');
    assert.deepEqual([status, headers.location], [301, '/sub/?x=1']);
    for (const path of ['/bare/', '/bare', '/none/']) assert.equal((await get(path)).status, 404, path);
  });

  for (const path of [
    ...['/.env', '/.git/config', '/sub/../.env', '/%2e%2e/rootless/secret.txt', '/../rootless/secret.txt'],
    ...[
      '/sub/%2e%2e/ten.txt',
      '/..%2frootless/secret.txt',
      '/%2e%2e%5crootless%5csecret.txt',
      '/sub%2findex.html',
    ],
    ...[
      '/ten.txt%00',
      '/ten.txt%00.css',
      '/ten.txt/',
      '/ten.txt.',
      '/%ff',
      '/%',
      '/%252e%252e/rootless/secret.txt',
    ],
    ...['/outside/secret.txt', '/outside.txt', '/zero.bin', '/fifo', '/loop', '/sub/./index.html'],
    `/${'n'.repeat(300)}`,
    `/${'deep/'.repeat(1200)}`,
  ]) {
    test(`${path.slice(0, 60)} is nothing`, async () => {
      const { status, text } = await get(path);
      assert.equal(status, 404);
      assert.doesNotMatch(text, /secret|home/);
    });
  }

  test('names are decoded once, slashes joined, and links inside followed', async () => {
    assert.equal((await get('/per%25cent%20%C3%BC.txt')).text, 'odd');
    assert.equal((await get('//ten.txt')).text, TEXT);
    assert.equal((await get('/inside.txt')).text, TEXT);
    assert.equal((await get('/.well-known/security.txt')).text, 'contact');
  });

  test('only GET and HEAD are answered', async () => {
    const { status, headers } = await running().client.request('/ten.txt', { method: 'POST', body: 'x' });
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
  });

  const conditions: readonly (readonly [(tag: string) => Record<string, string>, number])[] = [
    [(tag) => ({ 'if-none-match': tag }), 304],
    [(tag) => ({ 'if-none-match': `"x", W/${tag}` }), 304],
    [() => ({ 'if-none-match': '*' }), 304],
    [() => ({ 'if-none-match': '"x"', 'if-modified-since': MODIFIED.toUTCString() }), 200],
    [() => ({ 'if-modified-since': MODIFIED.toUTCString() }), 304],
    [() => ({ 'if-modified-since': 'Mon, 01 Jan 2024 00:00:00 GMT' }), 200],
    [() => ({ 'if-modified-since': 'yesterday' }), 200],
    [() => ({ 'if-match': '*' }), 200],
    [(tag) => ({ 'if-match': tag }), 200],
    [(tag) => ({ 'if-match': `W/${tag}` }), 412],
    [() => ({ 'if-match': '"x"' }), 412],
    [() => ({ 'if-unmodified-since': 'Mon, 01 Jan 2024 00:00:00 GMT' }), 412],
    [() => ({ 'if-unmodified-since': MODIFIED.toUTCString() }), 200],
  ];
  test('conditions are held in the order of RFC 9110', async () => {
    const tag = String((await get('/ten.txt')).headers.etag);
    for (const [fieldsOf, wanted] of conditions) {
      const fields = fieldsOf(tag);
      const { status, headers, text } = await get('/ten.txt', fields);
      assert.equal(status, wanted, JSON.stringify(fields));
      assert.equal(headers.etag, wanted === 412 ? undefined : tag);
      assert.equal(text, wanted === 200 ? TEXT : '');
    }
  });

  const ranges: readonly (readonly [
    range: string,
    status: number,
    text: string,
    field: string | undefined,
  ])[] = [
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=0-', 206, TEXT, 'bytes 0-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, TEXT, 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=1-4, 3-6', 206, '123456', 'bytes 1-6/10'],
    ['bytes=5-6,20-30', 206, '56', 'bytes 5-6/10'],
    ['bytes=0-1,5-6', 200, TEXT, undefined],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=5-2', 200, TEXT, undefined],
    ['bytes=', 200, TEXT, undefined],
    ['bytes=a-b', 200, TEXT, undefined],
    ['lines=0-1', 200, TEXT, undefined],
    [`bytes=${Array.from({ length: 900 }, () => '0-0').join()}`, 200, TEXT, undefined],
  ];
  test('ranges', async () => {
    for (const [range, wanted, part, field] of ranges) {
      const { status, text, headers } = await get('/ten.txt', { range });
      assert.deepEqual([status, text, headers['content-range']], [wanted, part, field], range.slice(0, 40));
    }
  });

  test('If-Range must be the very same tag or date', async () => {
    const tag = String((await get('/ten.txt')).headers.etag);
    const range = 'bytes=0-0';
    for (const value of [tag, MODIFIED.toUTCString()])
      assert.equal((await get('/ten.txt', { range, 'if-range': value })).status, 206, value);
    for (const value of [`W/${tag}`, '"x"', 'Mon, 01 Jan 2024 00:00:00 GMT', 'no date'])
      assert.equal((await get('/ten.txt', { range, 'if-range': value })).status, 200, value);
  });

  test('an empty file is whole, and has no range', async () => {
    assert.deepEqual([(await get('/empty.txt')).status, (await get('/empty.txt')).text], [200, '']);
    assert.equal((await get('/empty.txt', { range: 'bytes=0-' })).status, 416);
    assert.equal((await get('/empty.txt', { range: 'bytes=-5' })).status, 200);
  });

  test('a file of 3 GiB has its length, and its last bytes', async () => {
    assert.equal((await get('/sparse.bin', {}, 'HEAD')).headers['content-length'], String(SPARSE_BYTES));
    const { headers, body } = await get('/sparse.bin', { range: 'bytes=-2' });
    assert.equal(headers['content-range'], `bytes ${SPARSE_BYTES - 2}-${SPARSE_BYTES - 1}/${SPARSE_BYTES}`);
    assert.deepEqual([...body], [0, 0]);
  });

  test('a compressed neighbour is taken by who accepts it', async () => {
    const plain = await get('/a.css');
    const coded = await get('/a.css', { 'accept-encoding': 'gzip, br' });
    assert.deepEqual([plain.text, plain.headers.vary], [CSS, 'accept-encoding']);
    assert.ok(coded.body.equals(brotliCompressSync(CSS)));
    assert.deepEqual([coded.headers['content-encoding'], coded.headers.vary], ['br', 'accept-encoding']);
    assert.equal(coded.headers['content-type'], 'text/css; charset=utf-8');
    assert.notEqual(coded.headers.etag, plain.headers.etag);
  });

  test('a neighbour that is older than its file is not taken', async () => {
    writeFileSync(join(root, `old-${mark}.css`), 'new');
    writeFileSync(join(root, `old-${mark}.css.br`), 'stale');
    utimesSync(join(root, `old-${mark}.css.br`), MODIFIED, MODIFIED);
    assert.equal((await get(`/old-${mark}.css`, { 'accept-encoding': 'br' })).text, 'new');
  });

  test('a client that takes nothing holds neither memory nor, once gone, the file', async () => {
    const { front } = running();
    const router = front.pid('http');
    const { stream } = await running().client.open('/sparse.bin');
    stream.on('error', () => {});
    for (let turn = 0; turn < 20; turn += 1) assert.equal((await get('/ten.txt')).status, 200);
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${router}/status`, 'utf8'));
    assert.ok(Number(rss?.[1]) < 400_000, `${rss?.[1]} kB`);
    stream.destroy();
    await until(() => !openFilesOf(router).includes(join(root, 'sparse.bin')), PATIENCE_MS, 'its close');
  });

  test('an answer whose file becomes shorter meanwhile is cut', async () => {
    const name = `cut-${mark}.bin`;
    writeFileSync(join(root, name), '');
    truncateSync(join(root, name), 64 * 1024 * 1024);
    const { stream, status } = await running().client.open(`/${name}`);
    assert.equal(status, 200);
    truncateSync(join(root, name), 1000);
    const outcome = new Promise<string>((resolve) => {
      stream.on('error', () => resolve('cut'));
      stream.on('aborted', () => resolve('cut'));
      stream.on('end', () => resolve('whole'));
    });
    stream.resume();
    assert.equal(await within(outcome, PATIENCE_MS, 'the end of the answer'), 'cut');
  });
});

function openFilesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return '';
    }
  });
}
