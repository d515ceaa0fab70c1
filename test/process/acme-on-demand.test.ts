/** `--acme-ask`: names that nobody has given get their certificate at their first handshake, where the operator's question says yes. */
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { TestAuthority } from '../support/acme-authority.js';
import { shakeHands } from '../support/acme-front.js';
import { listenLocally } from '../support/app-behind.js';
import { testCertificates } from '../support/certificates.js';
import { runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const { root } = await testCertificates();
const afterwards = new Afterwards();
const data = makeWorkspace(afterwards);

/** What the operator says of a name: a status, or the response for later. */
const words = new Map<string, number | ((response: ServerResponse) => void)>();
/** Names that were asked about, in order. */
const asked: string[] = [];
const operator = createServer(({ url = '' }, response) => {
  const name = /^\/(?:may\?token=1&|may\?)domain=([^&]*)$/.exec(url)?.[1];
  if (name === undefined) {
    response.end('app');
    return;
  }
  asked.push(name);
  const word = words.get(name) ?? 404;
  if (typeof word === 'number') response.writeHead(word, { location: '/elsewhere' }).end();
  else word(response);
});

let httpPort = 0;
let authority: TestAuthority;
let app: number;
let front: StartedFront;

async function start(ask: string, more: readonly string[] = []): Promise<StartedFront> {
  const files = data.write('root.crt', root.certPem);
  return StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--http-to-https', '127.0.0.1:0', '--upstream', `127.0.0.1:${app}`],
      ...['--acme', 'ops@example.net', '--acme-directory', authority.directory, '--acme-ca', files],
      ...['--acme-challenge', 'http-01', '--acme-ask', ask, '--metrics', '127.0.0.1:0', ...more],
    ],
    environment: { XDG_DATA_HOME: data.path },
  });
}

before(async () => {
  app = await listenLocally(operator);
  afterwards.after(() => operator.close());
  const manner = {
    get httpPort() {
      return httpPort;
    },
  };
  authority = await TestAuthority.start(afterwards, manner);
  front = await start(`http://127.0.0.1:${app}/may?token=1`);
  httpPort = front.port('http-to-https');
});

after(async () => {
  await front.stop();
  await afterwards.run();
});

const hello = (name: string) => shakeHands(front.port(), name, root.certPem);
const askedAbout = (name: string): number => asked.filter((one) => one === name).length;
const ordersOf = (name: string): number =>
  authority.orders.filter(({ identifiers }) => identifiers.some(({ value }) => value === name)).length;

test('a name that the operator allows has its certificate at its first handshake, and is not asked about again', async () => {
  words.set('shop.first.example.com', 204);
  const [first, second] = [await hello('shop.first.example.com'), await hello('shop.first.example.com')];
  assert.deepEqual([first.outcome, first.names], ['verified', 'DNS:shop.first.example.com']);
  assert.equal(second.serialNumber, first.serialNumber);
  assert.equal(askedAbout('shop.first.example.com'), 1);
  assert.equal(ordersOf('shop.first.example.com'), 1);
});

test('handshakes of one name at once put one question and make one order', async () => {
  words.set('many.example.com', 200);
  const all = await Promise.all(Array.from({ length: 8 }, () => hello('many.example.com')));
  assert.deepEqual(new Set(all.map(({ outcome }) => outcome)), new Set(['verified']));
  assert.equal(new Set(all.map(({ serialNumber }) => serialNumber)).size, 1);
  assert.deepEqual([askedAbout('many.example.com'), ordersOf('many.example.com')], [1, 1]);
});

test('a handshake waits for an operator who thinks', async () => {
  let answer: ServerResponse | undefined;
  words.set('slow.example.com', (response) => {
    answer = response;
  });
  const waiting = hello('slow.example.com');
  await until(() => answer !== undefined, 30_000, 'the question');
  assert.equal(ordersOf('slow.example.com'), 0);
  answer?.end();
  assert.equal((await waiting).outcome, 'verified');
});

test('a client that leaves while its name is asked about takes nothing with it', async () => {
  let answer: ServerResponse | undefined;
  words.set('left.example.com', (response) => {
    answer = response;
  });
  const client = tls.connect({ host: '127.0.0.1', port: front.port(), servername: 'left.example.com' });
  client.on('error', () => undefined);
  await until(() => answer !== undefined, 30_000, 'the question');
  client.destroy();
  answer?.end();
  await front.logged(/ACME: left\.example\.com has a certificate until/);
  assert.equal((await hello('left.example.com')).outcome, 'verified');
});

test('a name that the operator refuses gets an alert, a line in the log, and no second question for a while', async () => {
  for (const _time of [1, 2]) assert.match((await hello('no.example.com')).outcome, /unrecognized name/);
  assert.deepEqual([askedAbout('no.example.com'), ordersOf('no.example.com')], [1, 0]);
  await front.logged(/warning: the question about no\.example\.com was answered with status 404/);
});

test('a redirect is no yes', async () => {
  words.set('moved.example.com', 302);
  assert.match((await hello('moved.example.com')).outcome, /unrecognized name/);
  assert.equal(ordersOf('moved.example.com'), 0);
});

test('no answer is no: the handshake ends with another alert, since the name may be right', async () => {
  words.set('broken.example.com', 500);
  words.set('reset.example.com', (response) => response.destroy());
  for (const name of ['broken.example.com', 'reset.example.com']) {
    assert.match((await hello(name)).outcome, /internal error/);
    assert.equal(ordersOf(name), 0);
  }
  await front.logged(/the question about broken\.example\.com was answered with status 500/);
});

test('names that nobody may have are refused unasked', async () => {
  const before = asked.length;
  for (const name of [
    'co.uk',
    'shop',
    'app.localhost',
    'a.test',
    'db.internal',
    'x_y.example.com',
    '*.a.com',
  ])
    assert.match((await hello(name)).outcome, /unrecognized name/, name);
  assert.equal(asked.length, before);
  await front.logged(/warning: co\.uk gets no certificate: it is a public suffix/);
});

test('a client that names nothing is shown a temporary certificate, and nobody is asked', async () => {
  const before = asked.length;
  const client = tls.connect({ host: '127.0.0.1', port: front.port(), rejectUnauthorized: false });
  client.on('error', () => undefined);
  const secure = new Promise<string>((resolve) =>
    client.once('secureConnect', () => resolve(client.getPeerX509Certificate()?.subjectAltName ?? '')),
  );
  assert.equal(await within(secure, 30_000, 'a handshake without a name'), 'DNS:no-name.invalid');
  client.destroy();
  assert.equal(asked.length, before);
});

test('a request for a name of its own reaches the app', async () => {
  words.set('whole.example.com', 200);
  await hello('whole.example.com');
  const client = tls.connect({
    ...{ host: '127.0.0.1', port: front.port(), servername: 'whole.example.com', ca: root.certPem },
    ALPNProtocols: ['http/1.1'],
  });
  client.write('GET / HTTP/1.1\r\nHost: whole.example.com\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const chunk of client) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 200 [\s\S]*app$/);
});

test('metrics count the handshakes by what became of them, and the names that are kept', async () => {
  const port = /tlsfront metrics bound on \S+:(\d+)/.exec(front.log)?.[1];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const outcome of ['served', 'denied', 'unfit', 'unanswered'])
    assert.match(
      text,
      new RegExp(`^tlsfront_on_demand_handshakes_total\\{outcome="${outcome}"\\} [1-9]`, 'm'),
    );
  assert.match(text, /^tlsfront_on_demand_certificates\{state="sound"\} [1-9]/m);
  assert.doesNotMatch(text, /example\.com/);
});

test('a restart keeps the certificates; the app itself may be asked by a path', async () => {
  const before = await hello('shop.first.example.com');
  await front.stop();
  front = await start('/may');
  httpPort = front.port('http-to-https');
  const number = asked.length;
  assert.deepEqual(await hello('shop.first.example.com'), before);
  assert.equal(asked.length, number);
  words.set('by-path.example.com', 200);
  assert.equal((await hello('by-path.example.com')).outcome, 'verified');
  assert.equal(askedAbout('by-path.example.com'), 1);
  assert.match((await hello('refused-by-path.example.com')).outcome, /unrecognized name/);
  const { stdout } = await runCommand(['acme', 'status'], { XDG_DATA_HOME: data.path });
  assert.match(stdout, /shop\.first\.example\.com: certificate until .*; ordered at its first handshake/);
});
