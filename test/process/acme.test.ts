/** Certificates from a real ACME authority (Pebble), by each challenge, served by a front that runs. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { acmeScene, shakeHands, startAcmeFront } from '../support/acme-front.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';

const ISSUE_MS = 30_000;

test('tls-alpn-01: a front starts at once, and serves the certificate as soon as it has come', async (t) => {
  const scene = await acmeScene(t);
  if (scene === undefined) return;
  const front = await startAcmeFront(t, scene, ['one.test', 'two.test']);
  const root = await scene.pebble.root();
  for (const name of ['one.test', 'two.test']) {
    await until(
      async () => (await shakeHands(front.port(), name, root)).outcome === 'verified',
      ISSUE_MS,
      `a verified handshake for ${name}`,
    ).catch((error: unknown) => assert.fail(`${error}\n${front.log}\n${scene.pebble.log}`));
  }
  assert.match(front.log, /no certificate yet for one\.test, two\.test/);
  assert.match(
    front.log,
    /ACME: made an account for ops@example\.net at 127\.0\.0\.1:\d+; .*terms of service: \S+/,
  );
  const client = new Client({ port: front.port(), ca: root, serverName: 'one.test' }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  const folder = join(scene.data.path, 'tlsfront/acme');
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(folder, name),
  );
  assert.ok(
    entries.some((name) => name.endsWith('certificates/one.test.pem')),
    entries.join('\n'),
  );
  for (const entry of entries) {
    const status = statSync(entry);
    assert.equal(status.mode & 0o777, status.isDirectory() ? 0o700 : 0o600, entry);
  }
});
