/** Renewal of ACME certificates beneath a front that serves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { keysOf } from '../../src/certificates/acme/stored-certificate.js';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { type AcmeScene, acmeScene, isServed, shakeHands, startAcmeFront } from '../support/acme-front.js';
import { daysFromNow, testCertificates } from '../support/certificates.js';
import { Client } from '../support/https-client.js';
import { MISSING } from '../support/tools.js';

const { root: testRoot } = await testCertificates();

/** Puts a certificate of the test authority where the front keeps those of Pebble. */
async function store(
  { pebble, data }: AcmeScene,
  name: string,
  startDays: number,
  validDays: number,
): Promise<void> {
  const now = daysFromNow(startDays);
  const { certPem, keyPem } = await issueLeaf(testRoot, [name], { now, validDays });
  data.write(`tlsfront/${keysOf(pebble.directory).certificate(name)}`, certPem + keyPem);
}

test('renewal happens while the front runs: no request fails, and the connection of before goes on', async (t) => {
  const scene = await acmeScene(t, { validitySeconds: 24 });
  if (scene === MISSING) return;
  const front = await startAcmeFront(t, scene, ['one.test'], ['--http-processes', '2']);
  const root = await scene.pebble.root();
  const first = await isServed(front, 'one.test', root);
  const client = new Client({ port: front.port(), ca: root, serverName: 'one.test' }, 'h2');
  t.after(() => client.close());
  let requests = 0;
  for (;;) {
    assert.equal((await client.request('/hello')).status, 200);
    const { outcome, serialNumber } = await shakeHands(front.port(), 'one.test', root);
    assert.equal(outcome, 'verified', front.log);
    requests += 1;
    if (serialNumber !== first.serialNumber) break;
    assert.ok(requests < 10_000, front.log);
    await pause(100);
  }
  assert.equal((await client.request('/hello')).status, 200);
  assert.match(front.log, /ACME: ordering a new certificate for one\.test/);
});

test('a stored certificate past two thirds of its life is served and renewed', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  await store(scene, 'one.test', -65, 90);
  const front = await startAcmeFront(t, scene, ['one.test']);
  assert.match(front.log, /certificate of one\.test valid until \S+ \(24 days\), from ACME/);
  await isServed(front, 'one.test', await scene.pebble.root());
});

test('a stored certificate goes on serving when its renewal fails, and the warning says until when', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  await store(scene, 'one.test', -65, 90);
  await scene.pebble.stop();
  const front = await startAcmeFront(t, scene, ['one.test']);
  await front.logged(
    /warning: ACME: no new certificate for one\.test: the authority 127\.0\.0\.1:\d+ cannot be reached: nothing listens there; the old one holds, it ends in 2\d days; next attempt in (a|\d+) (minute|seconds)/,
  );
  assert.equal((await shakeHands(front.port(), 'one.test', testRoot.certPem)).outcome, 'verified');
});

test('near the end of the certificate a failed renewal is an error, and an expired one is still served', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  await store(scene, 'near.test', -85, 90);
  await store(scene, 'past.test', -95, 90);
  await scene.pebble.stop();
  const front = await startAcmeFront(t, scene, ['near.test', 'past.test']);
  await front.logged(/error: ACME: no new certificate for near\.test: .*it ends in 4|5 days/);
  await front.logged(/error: ACME: no new certificate for past\.test: .*the old one has run out/);
  assert.match(front.log, /warning: the certificate of past\.test has expired on/);
  assert.equal((await shakeHands(front.port(), 'past.test', testRoot.certPem)).outcome, 'CERT_HAS_EXPIRED');
});

test('a SIGHUP in the middle of orders: the new generation answers the authority and gets the certificates', async (t) => {
  const scene = await acmeScene(t);
  if (scene === MISSING) return;
  const names = ['one.test', 'two.test', 'three.test'];
  const front = await startAcmeFront(t, scene, names, ['--http-processes', '2']);
  await front.logged(/ACME: ordering a certificate for one\.test/);
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves/);
  const root = await scene.pebble.root();
  for (const name of names) await isServed(front, name, root);
  assert.doesNotMatch(front.log, /^error:/m);
});
