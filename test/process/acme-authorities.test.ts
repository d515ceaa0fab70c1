/** Orders at an authority that knows renewal information, profiles and addresses, and at ones that misbehave. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { AcmeOrders } from '../../src/certificates/acme/acme-orders.js';
import { validationName } from '../../src/certificates/acme/challenge-board.js';
import { requestRenewal } from '../../src/certificates/acme/name-memory.js';
import { AccountKey } from '../../src/certificates/acme/protocol/jws.js';
import {
  certificateId,
  keysOf,
  readNewestCertificate,
} from '../../src/certificates/acme/stored-certificate.js';
import { issueLeaf, newEcdsaKey } from '../../src/certificates/development/x509-issuer.js';
import { pemOfKey } from '../../src/certificates/formats/pem-text.js';
import { openFileStore } from '../../src/certificates/store/file-store.js';
import type { AcmeConfig, ChallengeAnswers } from '../../src/shared/config/acme.js';
import { type AuthorityManner, TestAuthority } from '../support/acme-authority.js';
import { NO_OTHER_NAMES } from '../support/acme-user.js';
import { testCertificates } from '../support/certificates.js';
import { runCommand } from '../support/command.js';
import { until } from '../support/deadline.js';
import { makeWorkspace } from '../support/workspace.js';

const DAY_MS = 86_400_000;
const { root } = await testCertificates();

/** The plain listener of a front, and what is published on it. */
async function startAnswering(t: TestContext) {
  let answers = new Map<string, string>();
  const server = createServer((request, response) =>
    response.end(answers.get(request.url?.split('/').at(-1) ?? '') ?? 'unknown'),
  );
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    publish({ http }: Pick<ChallengeAnswers, 'http'>) {
      answers = new Map(http.map(({ token, keyAuthorization }) => [token, keyAuthorization]));
      return Promise.resolve();
    },
    certificatesChanged: () => undefined,
    ...NO_OTHER_NAMES,
  };
}

type User = Awaited<ReturnType<typeof startAnswering>>;

/** A scene of one name: authorities, a store, and orders by a clock that the test turns. */
async function scene(t: TestContext, ...manners: readonly Omit<AuthorityManner, 'httpPort'>[]) {
  const user = await startAnswering(t);
  const authorities: TestAuthority[] = [];
  for (const manner of manners) {
    authorities.push(await TestAuthority.start(t, { ...manner, httpPort: user.port }));
  }
  const data = makeWorkspace(t);
  const store = openFileStore(data.path);
  const directories = authorities.map(({ directory }) => directory);
  const log: string[] = [];
  const [first] = authorities;
  assert.ok(first !== undefined);
  return {
    first,
    authorities,
    data,
    store,
    directories,
    log,
    user,
    /** Starts orders; they end with the test. */
    orders(name: string, config: Partial<AcmeConfig> = {}, clock = { ms: Date.now() }) {
      const wake: (() => void)[] = [];
      const keep = (text: string): void => void log.push(text);
      const orders = new AcmeOrders({
        config: {
          email: 'ops@example.net',
          directories,
          profile: null,
          ask: null,
          caFile: null,
          names: [name],
          challenges: ['http-01'],
          dnsHook: null,
          dnsWaitMs: 0,
          accountBinding: null,
          ...config,
        },
        secrets: { caPem: root.certPem, accountBinding: null },
        environment: {},
        store,
        log: { line: keep, warning: keep, error: keep, hint: keep },
        userAgent: 'tlsfront/test',
        now: () => clock.ms,
        random: () => 0.5,
        sleep: (_ms, signal) =>
          new Promise((resolve) => {
            if (signal.aborted) return resolve();
            wake.push(resolve);
            signal.addEventListener('abort', () => resolve());
          }),
      });
      orders.start(user satisfies User);
      t.after(() => orders.stop());
      return {
        orders,
        /** Turns the clock and lets the orders look again. */
        async pass(ms: number) {
          await until(() => wake.length > 0, 30_000, 'orders that wait');
          clock.ms += ms;
          wake.shift()?.();
        },
        idle: () => until(() => wake.length > 0, 30_000, 'orders that wait'),
      };
    },
    async held(name: string) {
      const newest = await readNewestCertificate(store, directories, name);
      assert.ok(newest !== undefined, log.join('\n'));
      return { ...newest, x509: new X509Certificate(newest.certificate.chainPem) };
    },
  };
}

test('a certificate is renewed in the window that its authority wants, with the word of which it replaces', async (t) => {
  const plan = { startMs: 0, endMs: 0 };
  const asked: string[] = [];
  const at = await scene(t, {
    renewal(id) {
      asked.push(id);
      return { ...plan, retryAfter: '3600' };
    },
  });
  const clock = { ms: Date.now() };
  Object.assign(plan, { startMs: clock.ms + 20 * DAY_MS, endMs: clock.ms + 22 * DAY_MS });
  const { pass, idle } = at.orders('one.test', {}, clock);
  await idle();
  const before = await at.held('one.test');
  await pass(DAY_MS);
  await idle();
  assert.deepEqual(asked, [certificateId(before.x509.raw)]);
  await pass(19.9 * DAY_MS);
  await idle();
  assert.equal(at.first.orders.length, 1, 'before the moment in the window nothing is ordered');
  await pass(DAY_MS);
  await until(() => at.first.orders.length === 2, 30_000, 'the renewal');
  assert.equal(at.first.orders[1]?.payload.replaces, certificateId(before.x509.raw));
});

test('a window that has passed, as after a mass revocation, renews at once and not again and again', async (t) => {
  const passed = { startMs: 1_000, endMs: 2_000 };
  const at = await scene(t, { renewal: () => passed });
  const { pass, idle } = at.orders('one.test');
  await idle();
  await pass(DAY_MS);
  await until(() => at.first.orders.length === 2, 30_000, 'the renewal');
  await pass(3_600_000);
  await idle();
  assert.equal(at.first.orders.length, 2);
});

test('an authority that does not want to hear of the old certificate gets an order without it', async (t) => {
  const at = await scene(t, {
    renewal: () => ({ startMs: 1_000, endMs: 2_000 }),
    refuseOrder: ({ replaces }) => (replaces === undefined ? null : ['alreadyReplaced', 'it was replaced']),
  });
  const { pass, idle } = at.orders('one.test');
  await idle();
  const before = await at.held('one.test');
  await pass(DAY_MS);
  await until(
    async () => (await at.held('one.test')).x509.serialNumber !== before.x509.serialNumber,
    30_000,
    'a new one',
  );
});

test('renewal information that is broken leaves renewal at two thirds of the life', async (t) => {
  const at = await scene(t, {
    renewal: () => ({ startMs: 2_000, endMs: 1_000 }),
  });
  const clock = { ms: Date.now() };
  const { pass, idle } = at.orders('one.test', {}, clock);
  await idle();
  await pass(50 * DAY_MS);
  await idle();
  assert.equal(at.first.orders.length, 1);
  await pass(12 * DAY_MS);
  await until(() => at.first.orders.length === 2, 30_000, 'the renewal');
});

test('an address gets a certificate of the short-lived profile', async (t) => {
  const at = await scene(t, { profiles: ['classic', 'shortlived'], lifeMs: 6 * DAY_MS });
  await at.orders('203.0.113.5').idle();
  const { x509 } = await at.held('203.0.113.5');
  assert.equal(x509.subjectAltName, 'IP Address:203.0.113.5');
  assert.deepEqual(at.first.orders[0]?.payload, {
    identifiers: [{ type: 'ip', value: '203.0.113.5' }],
    profile: 'shortlived',
  });
});

test('an IPv6 address gets a certificate, and its files have a name that every file system takes', async (t) => {
  const at = await scene(t, { profiles: ['shortlived'] });
  await at.orders('2001:db8::5').idle();
  assert.match((await at.held('2001:db8::5')).x509.subjectAltName ?? '', /^IP Address:2001:DB8:0:0:0:0:0:5$/);
  assert.match(keysOf(at.first.directory).certificate('2001:db8::5'), /\/2001-db8--5\.pem$/);
});

test('the profile that is asked for is ordered', async (t) => {
  const at = await scene(t, { profiles: ['classic', 'tlsserver'] });
  await at.orders('one.test', { profile: 'tlsserver' }).idle();
  assert.equal(at.first.orders[0]?.payload.profile, 'tlsserver');
});

test('a profile that is not offered is an error that names those that are', async (t) => {
  const at = await scene(t, { profiles: ['classic', 'tlsserver'] });
  await at.orders('one.test', { profile: 'tlsservre' }).idle();
  assert.match(at.log.join('\n'), /offers no profile tlsservre[\s\S]*it offers: classic, tlsserver/);
});

test('the second authority is asked when the first has failed', async (t) => {
  const at = await scene(t, { refuseOrder: () => ['rateLimited', 'too many'] }, {});
  await at.orders('one.test').idle();
  assert.equal((await at.held('one.test')).directory, at.directories[1]);
  assert.match(at.log.join('\n'), /localhost:\d+: .*limit.*; trying localhost:\d+/);
});

test('a deactivated account is replaced by one with a new key', async (t) => {
  const at = await scene(t, {});
  await at.orders('one.test').idle();
  const [[id, account] = ['', { jwk: {}, status: '' }]] = [...at.first.accounts];
  at.first.accounts.set(id, { ...account, status: 'deactivated' });
  const second = at.orders('two.test');
  await second.idle();
  await at.held('two.test');
  assert.equal(at.first.accounts.size, 2);
  assert.match(at.log.join('\n'), /has been deactivated: a new one is made with a new key/);
});

test('failures are remembered over a restart, so that an authority is not asked in a loop of starts', async (t) => {
  const at = await scene(t, { refuseOrder: () => ['rateLimited', 'too many'] });
  const clock = { ms: Date.now() };
  const first = at.orders('one.test', {}, clock);
  await first.idle();
  await first.orders.stop();
  const asked = at.first.requests.length;
  const second = at.orders('one.test', {}, clock);
  await second.idle();
  assert.equal(at.first.requests.length, asked);
  await second.pass(2 * 60_000);
  await until(() => at.first.requests.length > asked, 30_000, 'the next attempt');
});

test('dns-persist-01 asks for its one record and orders', async (t) => {
  const at = await scene(t, { challenges: ['dns-persist-01'] });
  await at.orders('*.one.test', { challenges: ['dns-persist-01'] }).idle();
  assert.match(
    at.log.join('\n'),
    /_validation-persist\.one\.test\. TXT "authority\.example; accounturi=https:\/\/localhost:\d+\/account\/[0-9a-f]+; policy=wildcard"/,
  );
  await at.held('*.one.test');
});

test('handshakes that validate an address name its reverse name', () => {
  assert.equal(validationName('192.0.2.1'), '1.2.0.192.in-addr.arpa');
  assert.equal(
    validationName('2001:db8::1'),
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  );
  assert.equal(validationName('one.test'), 'one.test');
});

for (const [what, answer, words] of [
  ['a page of HTML', (body: string) => `<html>${body}</html>`, /no JSON object/],
  [
    'an order of an unknown state',
    (body: string) => body.replace('"pending"', '"dreaming"'),
    /unknown state dreaming/,
  ],
  [
    'an order without a place to finish it',
    (body: string) => body.replace('"finalize"', '"finalise"'),
    /finalize is missing/,
  ],
  ['a list instead of an object', (body: string) => `[${body}]`, /no JSON object/],
] as const) {
  test(`${what} is told, and tried again later`, async (t) => {
    let spoilt = 0;
    const at = await scene(t, {
      intercept(path, _request, response) {
        if (path !== '/order') return false;
        const end = response.end.bind(response);
        spoilt += 1;
        response.end = (body: unknown) => end(answer(String(body)));
        return false;
      },
    });
    await at.orders('one.test').idle();
    assert.match(at.log.join('\n'), words);
    assert.match(at.log.join('\n'), /next attempt in a minute/);
    assert.equal(spoilt, 1);
  });
}

test('a limit for longer than anybody waits is waited for eight days', async (t) => {
  const at = await scene(t, {
    intercept(path, _request, response) {
      if (path !== '/order') return false;
      response.writeHead(503, { 'retry-after': '99999999999' }).end('busy');
      return true;
    },
  });
  await at.orders('one.test').idle();
  assert.match(at.log.join('\n'), /answers with status 503; next attempt in 8 days/);
});

const stray = await issueLeaf(root, ['one.test']);
for (const [what, manner, words] of [
  [
    'a certificate of another key',
    { chain: () => stray.certPem },
    /one\.test: the authority sent a certificate of another key/,
  ],
  ['no certificate', { chain: () => 'soon' }, /one\.test: the authority sent no certificate/],
  [
    'an expired certificate',
    { lifeMs: -1_000 },
    /one\.test: the authority sent a certificate that has expired on \d{4}-/,
  ],
  ['no challenge', { challenges: [] }, /one\.test: the authority offers no way to prove the name/],
  ['another challenge', { challenges: ['dns-01'] }, /does not offer http-01, but dns-01/],
  [
    'a directory without newOrder',
    {
      intercept(path: string, _request: unknown, response: { end: (body: string) => unknown }) {
        if (path !== '/directory') return false;
        const end = response.end.bind(response);
        response.end = (body: string) => end(body.replace('newOrder', 'oldOrder'));
        return false;
      },
    },
    /newOrder is missing/,
  ],
] as const) {
  test(`an authority that sends ${what} is told in words`, async (t) => {
    const at = await scene(t, manner);
    await at.orders('one.test').idle();
    assert.match(at.log.join('\n'), words);
    assert.match(at.log.join('\n'), /next attempt in a minute/);
  });
}

for (const [form, field] of [
  ['seconds', '10900'],
  ['a date', new Date(Date.now() + 10_900_000).toUTCString()],
] as const) {
  test(`503 with Retry-After as ${form} is waited for`, async (t) => {
    const at = await scene(t, {
      intercept(path, _request, response) {
        if (path !== '/order') return false;
        response.writeHead(503, { 'retry-after': field }).end('busy');
        return true;
      },
    });
    await at.orders('one.test').idle();
    assert.match(at.log.join('\n'), /answers with status 503; next attempt in 3 hours/);
  });
}

for (const [what, chain, complaint] of [
  ['without its intermediate', (leaf: string) => leaf, /certificate between|intermediate/],
  ['in reverse', (leaf: string, intermediate: string) => intermediate + leaf, /./],
  ['twice', (leaf: string, intermediate: string) => leaf + leaf + intermediate, /twice|again|duplicate/],
  [
    'with the root behind it',
    (leaf: string, intermediate: string, top: string) => leaf + intermediate + top,
    null,
  ],
  [
    'with line ends of Windows',
    (leaf: string, intermediate: string) => (leaf + intermediate).replaceAll('\n', '\r\n'),
    null,
  ],
] as const) {
  test(`a chain that the authority sends ${what} is mended, or told`, async (t) => {
    const at = await scene(t, { chain });
    await at.orders('one.test').idle();
    const { certificate, x509 } = await at.held('one.test');
    assert.match(x509.subjectAltName ?? '', /one\.test/, 'the leaf stands first');
    assert.doesNotMatch(certificate.chainPem, /\r/);
    const blocks = certificate.chainPem.match(/BEGIN CERTIFICATE/g) ?? [];
    assert.equal(blocks.length, what === 'without its intermediate' ? 1 : 2);
    const said = at.log.filter((line) => line.includes('of what the authority sent')).join('\n');
    if (complaint !== null) assert.match(said, complaint);
  });
}

test('what a person asks for with acme renew is ordered at the next look', async (t) => {
  const at = await scene(t, {});
  const { pass, idle } = at.orders('one.test');
  await idle();
  await requestRenewal(at.store, keysOf(at.first.directory), 'one.test');
  await pass(60_000);
  await until(() => at.first.orders.length === 2, 30_000, 'the order');
  await pass(60_000);
  await idle();
  assert.equal(at.first.orders.length, 2);
});

/** What is left of a front that has ordered, and `tlsfront acme` on it. */
async function afterOrder(t: TestContext, manner: Omit<AuthorityManner, 'httpPort'>) {
  const at = await scene(t, manner);
  const running = at.orders('one.test');
  await running.idle();
  await running.orders.stop();
  const folder = makeWorkspace(t);
  cpSync(at.data.path, folder.at('tlsfront'), { recursive: true });
  const choice = [
    '--acme-directory',
    at.first.directory,
    '--acme-ca',
    folder.write('root.pem', root.certPem),
  ];
  const keys = keysOf(at.first.directory);
  return {
    authority: at.first,
    store: openFileStore(folder.at('tlsfront')),
    keys,
    tell: (...words: readonly string[]) =>
      runCommand(['acme', ...words, ...(words[0] === 'status' || words[0] === 'renew' ? [] : choice)], {
        XDG_DATA_HOME: folder.path,
      }),
  };
}

/** Whether the key that is stored is the one that the authority holds. */
async function agrees({ store, keys, authority }: Awaited<ReturnType<typeof afterOrder>>): Promise<boolean> {
  const key = new AccountKey(String(await store.get(keys.accountKey)));
  return [...authority.accounts.values()].every(({ jwk }) => isDeepStrictEqual(jwk, key.publicJwk));
}

test('acme status, revoke and deactivate tell and do what they say', async (t) => {
  const { authority, tell } = await afterOrder(t, {});
  const status = await tell('status');
  assert.match(
    status.stdout,
    /account https:\/\/localhost:\d+\/account\/\w+ of ops@example\.net: \S+account\.json, \S+account\.key/,
  );
  assert.match(status.stdout, /one\.test: certificate until \d{4}-\d\d-\d\d: \S+one\.test\.pem/);
  const wrong = await tell('renew', 'tow.test');
  assert.deepEqual(
    [wrong.code, /tow\.test: there is no certificate[\s\S]*hint: there are: one\.test/.test(wrong.stderr)],
    [2, true],
  );
  const revoked = await tell('revoke', 'one.test');
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.ok(authority.requests.includes('POST /revoke'));
  const ended = await tell('deactivate');
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(
    [...authority.accounts.values()].map((account) => account.status),
    ['deactivated'],
  );
  const again = await tell('deactivate');
  assert.deepEqual([again.code, /there is no account at localhost/.test(again.stderr)], [2, true]);
});

test('acme rollover gives the account another key, and orders go on with it', async (t) => {
  const left = await afterOrder(t, {});
  const before = String(await left.store.get(left.keys.accountKey));
  const { code, stdout, stderr } = await left.tell('rollover');
  assert.deepEqual([code, /^the account has a new key: \S+account\.key$/m.test(stdout)], [0, true], stderr);
  assert.notEqual(String(await left.store.get(left.keys.accountKey)), before);
  assert.ok(await agrees(left));
  assert.equal(await left.store.get(left.keys.nextAccountKey), undefined);
  assert.equal((await left.tell('revoke', 'one.test')).code, 0);
});

test('a refused rollover leaves the old key in force', async (t) => {
  const left = await afterOrder(t, { refuseKeyChange: true });
  const { code, stderr } = await left.tell('rollover');
  assert.deepEqual([code, /^error: .*the key is in use/m.test(stderr)], [1, true], stderr);
  assert.ok(await agrees(left));
  assert.equal((await left.tell('revoke', 'one.test')).code, 0);
});

test('a rollover that was cut short is finished by the next, whether the authority had agreed or not', async (t) => {
  const left = await afterOrder(t, {});
  const { store, keys, authority } = left;
  const next = String(await store.get(keys.accountKey));
  await store.put(keys.nextAccountKey, pemOfKey(newEcdsaKey()));
  assert.equal((await left.tell('rollover')).code, 0);
  assert.ok(await agrees(left), 'before it had');
  assert.notEqual(String(await store.get(keys.accountKey)), next);

  const asked = pemOfKey(newEcdsaKey());
  await store.put(keys.nextAccountKey, asked);
  for (const [id, account] of authority.accounts) {
    authority.accounts.set(id, { ...account, jwk: new AccountKey(asked).publicJwk });
  }
  assert.equal((await left.tell('rollover')).code, 0);
  assert.ok(await agrees(left), 'after it had');
  assert.equal(String(await store.get(keys.accountKey)), asked);
});
