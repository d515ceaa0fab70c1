/** `--allow`, `--deny` and `--rate-limit` for all requests and for some, with lists from files, through a real front, over both engines and protocols. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { until } from '../support/deadline.js';
import { PATIENCE_MS } from '../support/started-front.js';

const folder = mkdtempSync(join(tmpdir(), 'tlsfront-access-'));
after(() => rmSync(folder, { recursive: true }));
const list = join(folder, 'blocked');
writeFileSync(list, '# nobody yet\n');

const HASTY_WATCH = new URL('../support/hasty-watch.js', import.meta.url).href;

const LIMIT = [
  '--rate-limit',
  '2/m,path=/login,key=header:X-Test',
  '--trusted-proxies',
  '127.0.0.1',
  '--deny',
  '203.0.113.0/24',
  '--deny',
  `/closed=198.51.100.7,@${list}`,
];

appBehind(
  'access',
  {
    arguments: LIMIT,
    environment: { NODE_OPTIONS: `--import ${HASTY_WATCH}` },
    app: (_request, response) => response.end('app'),
  },
  (running, protocol, engine) => {
    test('who is denied gets 403, by the address that a trusted proxy names', async () => {
      const { client, front } = running();
      const denied = await client.request('/', { headers: { 'x-forwarded-for': '203.0.113.9' } });
      assert.deepEqual([denied.status, /not served/.test(denied.text)], [403, true]);
      await front.logged(/warning: requests of 203\.0\.113\.9 are refused: --deny or --allow keeps it out/);
      const other = await client.request('/', {
        headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.1' },
      });
      assert.deepEqual([other.status, other.text], [200, 'app']);
    });

    test('too many requests get 429 with when to come again, and other paths and clients are served', async () => {
      const { client } = running();
      const ask = (path: string, who: string) =>
        client.request(path, { headers: { 'x-test': `${protocol} ${engine} ${who}` } });
      const statuses = [(await ask('/login', 'a')).status, (await ask('/login', 'a')).status];
      const refused = await ask('/login', 'a');
      assert.deepEqual([...statuses, refused.status], [200, 200, 429]);
      assert.match(String(refused.headers['retry-after']), /^\d+$/);
      assert.equal(refused.headers['ratelimit-policy'], '"front";q=2;w=60');
      assert.deepEqual([(await ask('/login', 'b')).status, (await ask('/', 'a')).status], [200, 200]);
      const hidden = await ask('/x/..%2flogin', 'a');
      assert.equal(hidden.status, 429, 'the same path, written in another way');
    });

    test('a rule for a path holds there alone, however the path is written, and follows its file', async () => {
      const { client, front } = running();
      const statusOf = async (path: string, from: string): Promise<number> =>
        (await client.request(path, { headers: { 'x-forwarded-for': from } })).status;
      assert.equal(await statusOf('/', '198.51.100.7'), 200);
      for (const path of ['/closed', '/closed/x', '/%63losed', '//closed', '/x/%2e%2e/closed'])
        assert.equal(await statusOf(path, '198.51.100.7'), 403, path);
      const newcomer = `192.0.2.${protocol === 'http/1.1' ? 1 : 2}`;
      assert.equal(await statusOf('/closed', newcomer), 200);
      writeFileSync(list, `${newcomer}\n`);
      await until(
        async () => ((await statusOf('/closed', newcomer)) === 403 ? true : undefined),
        PATIENCE_MS,
        'the new list',
      );
      assert.equal(await statusOf('/', newcomer), 200);
      const from = front.log.length;
      writeFileSync(list, 'not a network\n');
      await front.logged(
        /blocked:1: "not a network" is no address block; what it held before still counts/,
        from,
      );
      assert.equal(await statusOf('/closed', newcomer), 403);
      // Another front starts with it.
      writeFileSync(list, '');
    });
  },
);
