/** What a person reads when an authority does not issue, and that the front serves on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type AcmeScene, acmeScene, isServed, shakeHands, startAcmeFront } from '../support/acme-front.js';
import { issueTestAuthority } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import type { PebbleOptions } from '../support/pebble.js';
import { freePort } from '../support/ports.js';
import type { StartedFront } from '../support/started-front.js';
import { MISSING } from '../support/tools.js';

const KEY = Buffer.alloc(32, 7).toString('base64url');

interface Failure {
  readonly title: string;
  readonly options?: PebbleOptions;
  readonly more?: (scene: AcmeScene) => Promise<readonly string[]> | readonly string[];
  readonly prepare?: (scene: AcmeScene) => unknown;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const FAILURES: readonly Failure[] = [
  {
    title: 'nothing listens where the authority looks',
    options: { tlsPort: 1 },
    message: /one\.test: the authority did not see our certificate in its handshake \(it says: .*connect/,
    hint: /port 443 of one\.test must lead to this host/,
  },
  {
    title: 'the name has no address',
    prepare: ({ pebble }) => pebble.dns.absent.add('one.test'),
    message: /one\.test: the authority could not validate the name \(it says: Could not resolve/,
    hint: /give one\.test an A or AAAA record/,
  },
  {
    title: 'the authority issues not for the name',
    options: { blockedNames: ['one.test'] },
    message: /one\.test: the authority does not issue for this name/,
    hint: /take another authority with --acme-directory/,
  },
  {
    title: 'an external account is needed',
    options: { externalAccounts: { 'kid-1': KEY } },
    message: /one\.test: the authority asks for an external account/,
    hint: /give --acme-eab-kid and --acme-eab-key-file/,
  },
  {
    title: 'the key of the external account is another',
    options: { externalAccounts: { 'kid-1': KEY } },
    more: ({ pebble }) => {
      const file = pebble.folder.write('eab.key', `${Buffer.alloc(32, 8).toString('base64url')}\n`);
      return ['--acme-eab-kid', 'kid-1', '--acme-eab-key-file', file];
    },
    message: /one\.test: the authority .*external account/i,
    hint: /--acme-eab-k|fault|account/,
  },
  {
    title: 'the authority cannot be reached',
    prepare: ({ pebble }) => pebble.stop(),
    message: /one\.test: the authority 127\.0\.0\.1:\d+ cannot be reached: nothing listens there/,
    hint: /check the network/,
  },
  {
    title: 'its certificate is of an authority that is not trusted',
    more: async ({ pebble }) => {
      const { certPem } = await issueTestAuthority('Another Root');
      return ['--acme-ca', pebble.folder.write('other.pem', certPem)];
    },
    message: /one\.test: the authority 127\.0\.0\.1:\d+ shows a certificate that is not trusted/,
    hint: /give its root certificate with --acme-ca/,
  },
  {
    title: 'the URL is no directory',
    more: ({ pebble }) => ['--acme-directory', `https://127.0.0.1:${pebble.port}/nothing`],
    message: /one\.test: 127\.0\.0\.1:\d+ answers with status 404/,
    hint: /--acme-directory is the directory of an ACME authority/,
  },
  {
    title: 'the hook fails',
    more: ({ pebble }) => {
      const hook = pebble.folder.write('hook', '#!/bin/sh\necho "no such zone" >&2\nexit 3\n', 0o700);
      return ['--acme-dns-hook', hook];
    },
    message:
      /one\.test: the command of --acme-dns-hook failed with exit code 3 \(present _acme-challenge\.one\.test\); it said: no such zone/,
    hint: /try it by hand: .*hook present _acme-challenge\.one\.test/,
  },
];

for (const { title, options, more, prepare, message, hint } of FAILURES) {
  test(`${title}: said in plain words, tried again later, served on`, async (t) => {
    const scene = await acmeScene(t, options);
    if (scene === MISSING) return;
    await prepare?.(scene);
    const front = await startAcmeFront(t, scene, ['one.test'], await more?.(scene));
    const start = 'error: ACME: no certificate yet for ';
    await front.logged(
      new RegExp(
        `${start}${message.source}.*; next attempt in (a minute|\\d+ seconds)\\nhint: .*(?:${hint.source})`,
      ),
    );
    await assertServes(front);
  });
}

async function assertServes(front: StartedFront): Promise<void> {
  const { outcome, issuer } = await shakeHands(front.port(), 'one.test', '');
  assert.match(issuer, /tlsfront temporary certificate/);
  assert.match(outcome, /SELF_SIGNED|UNABLE_TO_VERIFY/);
}

/** A server that stands where the authority looks for http-01, in our place. */
async function strangerAt(t: TestContext, port: number): Promise<void> {
  const server = createServer((_request, response) => response.end('It works!'));
  server.listen(port, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
}

test('another server answers http-01: the hint names what stands in the way', async (t) => {
  const strange = await freePort();
  await strangerAt(t, strange);
  const scene = await acmeScene(t, { httpPort: strange });
  if (scene === MISSING) return;
  const front = await startAcmeFront(
    t,
    scene,
    ['one.test'],
    [...['--acme-challenge', 'http-01', '--http', `127.0.0.1:${scene.httpPort}`]],
  );
  await front.logged(
    /error: ACME: no certificate yet for one\.test: the authority got another answer than ours over HTTP/,
  );
  await front.logged(/hint: another server answers http:\/\/one\.test\//);
  await assertServes(front);
});

test('where tls-alpn-01 fails and there is a plain listener, http-01 is tried at once', async (t) => {
  const scene = await acmeScene(t, { tlsPort: 1 });
  if (scene === MISSING) return;
  const front = await startAcmeFront(
    t,
    scene,
    ['one.test'],
    [...['--http-to-https', `127.0.0.1:${scene.httpPort}`]],
  );
  await isServed(front, 'one.test', await scene.pebble.root());
  assert.match(front.log, /warning: ACME: by tls-alpn-01: one\.test: .*; trying http-01/);
});

test('one name that fails keeps no other from its certificate', async (t) => {
  const scene = await acmeScene(t, { blockedNames: ['one.test'] });
  if (scene === MISSING) return;
  const front = await startAcmeFront(t, scene, ['one.test', 'two.test']);
  await isServed(front, 'two.test', await scene.pebble.root());
  assert.match(front.log, /error: ACME: no certificate yet for one\.test/);
});

test('a front that stops in the middle of an order takes the DNS record away and ends in time', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const { dns, folder } = scene.pebble;
  const record = dns.texts.at('_acme-challenge.one.test');
  const script = `#!/bin/sh\ncase $1 in present) echo "$3" >'${record}' ;; cleanup) rm '${record}' ;; esac\n`;
  const hook = folder.write('hook', script, 0o700);
  const front = await startAcmeFront(
    t,
    scene,
    ['one.test'],
    ['--acme-dns-hook', hook, '--acme-dns-wait', '10m'],
  );
  await front.logged(/ACME: ordering a certificate for one\.test/);
  await until(() => existsSync(record), 15_000, 'the record');
  assert.equal(await front.stop(), 0);
  assert.equal(existsSync(record), false);
  assert.doesNotMatch(front.log, /error/);
});

test('a hook that hangs when the front stops keeps it for seconds only', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const { folder } = scene.pebble;
  const presented = folder.at('presented');
  const script = `#!/bin/sh\ncase $1 in present) touch '${presented}' ;; cleanup) sleep 1000 ;; esac\n`;
  const hook = folder.write('hook', script, 0o700);
  const front = await startAcmeFront(t, scene, ['one.test'], ['--acme-dns-hook', hook]);
  await until(() => existsSync(presented), 15_000, 'the call of the hook');
  assert.equal(await front.stop(), 0);
  assert.match(front.log, /warning: ACME: the command of --acme-dns-hook was ended/);
});
