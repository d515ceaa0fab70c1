/** `--basic-auth` through a real front: who comes in, what the app learns, what is logged and what is not. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { appBehind } from '../support/app-behind.js';
import { runCommand } from '../support/command.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS } from '../support/started-front.js';

const HASTY_WATCH = new URL('../support/hasty-watch.js', import.meta.url).href;
/** `a`. */
const BCRYPT = '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe';
/** `secret`. */
const SCRYPT = '$scrypt$ln=10,r=1,p=1$c2FsdHNhbHRzYWx0$PTJplfulJV9Q0LQ249eKtDHwK3OM+5j9lDmODRTQKMc';

const folder = mkdtempSync(join(tmpdir(), 'tlsfront-users-'));
after(() => rmSync(folder, { recursive: true }));
const users = join(folder, 'users');
const admins = join(folder, 'admins');
const changing = join(folder, 'changing');
const ANNA = `anna:${SCRYPT}\n`;
writeFileSync(users, `${ANNA}béla:${BCRYPT}\n`);
writeFileSync(admins, `root:${BCRYPT}\n`);
writeFileSync(changing, ANNA);

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const OPTIONS = [
  ...['--basic-auth', `/private=${users}`, '--basic-auth', `/private/admin=${admins}`],
  ...['--basic-auth', `/changing=${changing}`, '--access-log', '--trusted-proxies', '127.0.0.1'],
];

const app = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    const { authorization = '-', 'x-remote-user': user = '-', 'remote-user': other = '-' } = request.headers;
    response.end(JSON.stringify({ url: request.url, authorization, user, other, bytes }));
  });
});

appBehind(
  'basic auth',
  { arguments: OPTIONS, environment: { NODE_OPTIONS: `--import ${HASTY_WATCH}` }, app },
  (running) => {
    const ask = (path: string, authorization: string | null, more: Record<string, string> = {}) =>
      running().client.request(path, {
        headers: {
          'x-forwarded-proto': 'https',
          ...(authorization === null ? {} : { authorization }),
          ...more,
        },
      });

    test('without a password: 401 with a challenge, elsewhere nothing is asked', async () => {
      const refused = await ask('/private/x', null);
      assert.equal(refused.status, 401);
      assert.equal(refused.headers['www-authenticate'], 'Basic realm="restricted /private", charset="UTF-8"');
      assert.equal((await ask('/', null)).status, 200);
    });

    for (const [user, password] of [
      ['anna', 'secret'],
      ['béla', 'a'],
    ] as const) {
      test(`${user} comes in; the app learns who it is and not the password`, async () => {
        const answer = await ask('/private', basic(user, password), {
          'x-remote-user': 'root',
          'remote-user': 'root',
        });
        assert.equal(answer.status, 200);
        const { authorization, user: told, other } = JSON.parse(answer.text);
        assert.deepEqual([authorization, Buffer.from(told, 'latin1').toString(), other], ['-', user, '-']);
      });
    }

    test('a body that comes with the password arrives whole, small and large', async () => {
      for (const bytes of [1, 70_000, 3_000_000]) {
        const answer = await running().client.request('/private', {
          method: 'POST',
          headers: { authorization: basic('béla', 'a'), 'x-forwarded-proto': 'https' },
          body: Buffer.alloc(bytes, 'x'),
        });
        assert.deepEqual([answer.status, JSON.parse(answer.text).bytes], [200, bytes]);
      }
    });

    for (const [name, authorization] of [
      ['a wrong password', basic('anna', 'Secret')],
      ['a user that is not there', basic('nobody', 'secret')],
      ['no password', basic('anna', '')],
      ['another scheme', 'Bearer secret'],
      ['no base 64', 'Basic anna:secret'],
      ['no colon', `Basic ${Buffer.from('annasecret').toString('base64')}`],
      ['two at once', `${basic('anna', 'secret')}, ${basic('anna', 'secret')}`],
      ['a password of 4 KB', basic('anna', 'secret'.repeat(700))],
    ] as const) {
      test(`${name}: 401`, async () => assert.equal((await ask('/private', authorization)).status, 401));
    }

    test('the narrowest rule counts, however the path is written', async () => {
      const statusOf = async (path: string, user: string, password: string) =>
        (await ask(path, basic(user, password))).status;
      assert.equal(await statusOf('/private/admin', 'root', 'a'), 200);
      assert.equal(await statusOf('/private/admin', 'anna', 'secret'), 401);
      for (const path of ['/private/%61dmin', '/private//admin', '/private/x/..%2fadmin'])
        assert.equal(await statusOf(path, 'anna', 'secret'), 401, path);
      assert.equal((await ask('/x/%2e%2e/private', null)).status, 401);
    });

    test('the log has the user of those who came in and nobody’s password', async () => {
      const { front } = running();
      const from = front.log.length;
      await ask('/private/mine', basic('anna', 'secret'));
      await ask('/private/guess', basic('anna', 'guess1'));
      await front.logged(/127\.0\.0\.1 - anna \[[^\]]+\] "GET \/private\/mine HTTP/, from);
      await front.logged(
        /127\.0\.0\.1 - - \[[^\]]+\] "GET \/private\/guess HTTP.* 401 .*error=password_wrong/,
        from,
      );
      await front.logged(/warning: a wrong user or password came from 127\.0\.0\.1/);
      assert.doesNotMatch(front.log, /guess1|c2FsdH|YW5uYTpzZWNyZXQ|\$scrypt/);
    });

    test('a change of the file counts without a restart, for those who were known too', async () => {
      const { front } = running();
      assert.equal((await ask('/changing', basic('anna', 'secret'))).status, 200);
      writeFileSync(changing, `anna:${BCRYPT}\n`);
      const settled = async () =>
        (await ask('/changing', basic('anna', 'secret'))).status === 401 ? true : undefined;
      await until(settled, PATIENCE_MS, 'the old password refused');
      assert.equal((await ask('/changing', basic('anna', 'a'))).status, 200);
      const from = front.log.length;
      writeFileSync(changing, 'anna:plain\n');
      await front.logged(/kept as plain text, which is not taken; what it held before still counts/, from);
      assert.equal((await ask('/changing', basic('anna', 'a'))).status, 200);
      writeFileSync(changing, ANNA);
      await until(
        async () => ((await ask('/changing', basic('anna', 'secret'))).status === 200 ? true : undefined),
        PATIENCE_MS,
        'the first file',
      );
    });
  },
);

appBehind(
  'basic auth over plain HTTP',
  {
    arguments: [
      '--http',
      '127.0.0.1:0',
      '--basic-auth',
      users,
      '--trusted-proxies',
      '127.0.0.1',
      '--basic-auth-pass',
    ],
    app,
  },
  (running, protocol) => {
    test('a password is asked for on loopback or behind TLS of a trusted front alone; --basic-auth-pass passes it on', async (t) => {
      if (protocol === 'h2') return;
      const client = new Client({ port: running().front.port('http'), ca: undefined }, 'http/1.1');
      t.after(() => client.close());
      const ask = (proto: string) =>
        client.request('/', {
          headers: { authorization: basic('anna', 'secret'), 'x-forwarded-proto': proto },
        });
      const refused = await ask('http');
      assert.deepEqual([refused.status, /https:\/\//.test(refused.text)], [403, true]);
      const passed = await ask('https');
      assert.equal(passed.status, 200);
      assert.equal(JSON.parse(passed.text).authorization, basic('anna', 'secret'));
    });
  },
);

test('tlsfront password prints a line that --basic-auth takes', async () => {
  const made = await runCommand(['password', 'carla'], {}, PATIENCE_MS, 'correct horse\n');
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^carla:\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/);
  const other = await runCommand(['password', 'carla'], {}, PATIENCE_MS, 'correct horse\n');
  assert.notEqual(other.stdout, made.stdout, 'salted');
  for (const [args, input] of [
    [['password'], 'x\n'],
    [['password', 'a:b'], 'x\n'],
    [['password', 'a'], '\n'],
  ] as const) {
    const failed = await runCommand([...args], {}, PATIENCE_MS, input);
    assert.equal(failed.code, 2);
    assert.match(failed.stderr, /^error: .*\nhint: /);
  }
});
