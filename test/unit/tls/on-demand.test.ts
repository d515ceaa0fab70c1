/** Handshakes for names whose certificate the master is asked for (`--acme-ask`): one question, the certificate or the fitting alert. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { LeafRequests, MAX_CUSTOMERS_ASKED } from '../../../proxy/tls/leaf-requests.js';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import type { LeafRefusalKind } from '../../../src/shared/messages/router-messages.js';
import { testCertificates } from '../../support/certificates.js';
import { within } from '../../support/deadline.js';
import { materialOf, plainMaterial, serveTlsFront } from '../../support/tls-front.js';

const { root } = await testCertificates();
const given = materialOf([await issueLeaf(root, ['given.example.com'])], ['given.example.com']);
const other = materialOf([await issueLeaf(root, ['new.example.com'])], ['new.example.com']);

/** The first name of the certificate that a client is shown, or why there is none. */
function shown(port: number, servername: string): Promise<string> {
  const done = new Promise<string>((resolve) => {
    const client = tls.connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
    client.on('error', (error) => resolve(String(Reflect.get(error, 'code'))));
    client.once('secureConnect', () => {
      resolve(client.getPeerX509Certificate()?.subjectAltName ?? 'none');
      client.destroy();
    });
  });
  return within(done, 30_000, `a handshake for ${servername}`);
}

test('a name that has no certificate is asked for once; one that has, and none at all, never', async (t) => {
  const { port, asked, front, namesAsked } = await serveTlsFront(t, {
    material: { ...plainMaterial(given), asksForNames: true },
    issue: () => other,
  });
  for (const _time of [1, 2]) assert.equal(await shown(port, 'new.example.com'), 'DNS:new.example.com');
  assert.equal(await shown(port, 'given.example.com'), 'DNS:given.example.com');
  assert.equal(await shown(port, ''), 'DNS:given.example.com');
  assert.deepEqual([asked, namesAsked], [['new.example.com'], ['served']]);
  front.forgetName('new.example.com');
  await shown(port, 'new.example.com');
  assert.equal(asked.length, 2);
});

const WORDS: Readonly<Record<LeafRefusalKind, string>> = {
  unfit: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  denied: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  unanswered: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
  limited: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
  failed: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
  pending: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR',
};

test('each refusal has its alert, and another name\u2019s certificate is never shown', async (t) => {
  let kind: LeafRefusalKind = 'denied';
  const { port, namesAsked } = await serveTlsFront(t, {
    material: { ...plainMaterial(given), asksForNames: true },
    issue: () => ({ kind, text: 'no' }),
  });
  for (const one of ['unfit', 'denied', 'unanswered', 'limited', 'failed', 'pending'] as const) {
    kind = one;
    assert.match(await shown(port, 'new.example.com'), new RegExp(`^${WORDS[one]}`), one);
  }
  assert.deepEqual(namesAsked, Object.keys(WORDS));
});

test('what is no host name does not reach the master, and is not repeated in its words', async () => {
  const asked: string[] = [];
  const requests = new LeafRequests((name) => asked.push(name));
  for (const name of [
    'shop',
    'a b.example.com',
    'a\n.example.com',
    '*.example.com',
    'a.',
    '.a',
    'é.example.com',
  ]) {
    const { refusal } = await requests.obtain(name);
    assert.deepEqual(refusal, { kind: 'unfit', text: 'a client asks for what is no host name' });
  }
  assert.deepEqual(asked, []);
});

test('so many names are asked for at a time; who waits for the same name is not one more', async () => {
  const asked: string[] = [];
  const requests = new LeafRequests((name) => asked.push(name));
  const all = Array.from({ length: MAX_CUSTOMERS_ASKED }, (_one, index) =>
    requests.obtain(`n${index}.example.com`),
  );
  assert.equal((await requests.obtain('late.example.com')).refusal?.kind, 'limited');
  const again = requests.obtain('n0.example.com');
  assert.equal(asked.length, MAX_CUSTOMERS_ASKED);
  for (const name of asked) requests.settle(name, { certificate: other, refusal: null });
  for (const { certificate } of await Promise.all([...all, again])) assert.equal(certificate, other);
  void requests.obtain('late.example.com');
  assert.equal(asked.at(-1), 'late.example.com');
});

test('beneath one suffix each name is asked for once, though the listener has a single certificate', async (t) => {
  const names = ['app.localhost'];
  const development = materialOf([await issueLeaf(root, names)], names);
  const { port, asked } = await serveTlsFront(t, {
    material: { ...plainMaterial(given), issueBeneath: ['localhost'] },
    issue: (name) => (name === 'app.localhost' ? development : null),
  });
  for (const _time of [1, 2]) assert.equal(await shown(port, 'app.localhost'), 'DNS:app.localhost');
  for (const name of ['localhost', 'given.example.com', 'other.localhost'])
    assert.equal(await shown(port, name), 'DNS:given.example.com', name);
  assert.deepEqual(asked, ['app.localhost', 'other.localhost']);
});

test('the secrets of a session are told to who listens for them', async (t) => {
  const lines: string[] = [];
  const { port } = await serveTlsFront(t, {
    material: plainMaterial(given),
    onKeyLog: (line) => lines.push(String(line)),
  });
  await shown(port, 'given.example.com');
  assert.ok(lines.length > 0);
  for (const line of lines) assert.match(line, /^[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]+\n$/);
});
