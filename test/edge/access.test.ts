/** `--allow`, `--deny` and `--rate-limit` through a real front, over both engines and protocols. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';

const LIMIT = [
  '--rate-limit',
  '2/m,path=/login,key=header:X-Test',
  '--trusted-proxies',
  '127.0.0.1',
  '--deny',
  '203.0.113.0/24',
];

appBehind(
  'access',
  { arguments: LIMIT, app: (_request, response) => response.end('app') },
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
    });
  },
);
