/** A client whose certificate is refused, or missing, is answered with 400 and reaches nothing; the log and a counter say why. */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { issueCertificate } from '../../src/certificates/development/x509-issuer.js';
import { readFields } from '../../src/certificates/formats/certificate.js';
import { listenLocally } from '../support/app-behind.js';
import {
  daysFromNow,
  issueClient,
  issueTestAuthority,
  type KeyPairPem,
  testCertificates,
  writeTestCertificates,
} from '../support/certificates.js';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { writeRevocationList } from '../support/raw-certificates.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const { root, strangerClient } = await testCertificates();
const authority = await issueTestAuthority('Clients');
const friend = await issueClient('Friend', authority);
const revoked = await issueClient('Revoked', authority);
const past = { notBefore: daysFromNow(-40), notAfter: daysFromNow(-2) };
const now = { notBefore: daysFromNow(-1), notAfter: daysFromNow(9) };
const expired = await issueCertificate({ commonName: 'Expired', purposes: ['client'], ...past }, authority);
const later = { notBefore: daysFromNow(1), notAfter: daysFromNow(9) };
const tooEarly = await issueCertificate(
  { commonName: 'Too Early', purposes: ['client'], ...later },
  authority,
);
const server = await issueCertificate({ commonName: 'A Server', purposes: ['server'], ...now }, authority);
const list = writeRevocationList({
  issuer: readFields(new X509Certificate(authority.certPem).raw)?.subject ?? '',
  signer: createPrivateKey(authority.keyPem),
  thisUpdate: daysFromNow(-30),
  nextUpdate: daysFromNow(30),
  revoked: [new X509Certificate(revoked.certPem).serialNumber],
});

const REQUIRED = 0;
const OPTIONAL = 1;

/** Who comes, what the counter calls it, and what the log says. */
const REFUSED: readonly (readonly [who: string, pair: KeyPairPem, kind: string, line: RegExp])[] = [
  [
    'a stranger',
    strangerClient,
    'foreign',
    /of CN=Stranger, issued by .*Unknown Root.*: it is of an authority that/,
  ],
  ['an expired one', expired, 'expired', /of CN=Expired, issued by .*Clients.*: it has expired/],
  ['a revoked one', revoked, 'revoked', /of CN=Revoked, issued by .*Clients.*: it is revoked/],
  ['one for servers', server, 'purpose', /of CN=A Server, issued by .*Clients.*: it is not for clients/],
];

/** What a client read until the front closed the connection. */
async function ask1(port: number, request: string, pair?: KeyPairPem): Promise<string> {
  const identity = pair === undefined ? {} : { cert: pair.certPem, key: pair.keyPem };
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: root.certPem, ...identity });
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.write(request);
  // Nothing of ours closes it.
  await within(
    new Promise((resolve) => socket.once('close', resolve)),
    PATIENCE_MS,
    'the end of the connection',
  );
  return answer;
}

/** Statuses of so many requests of one HTTP/2 connection, which must be closed after them, and the text of the first answer. */
async function ask2(port: number, pair: KeyPairPem | undefined, count: number): Promise<[number[], string]> {
  const identity = pair === undefined ? {} : { cert: pair.certPem, key: pair.keyPem };
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    servername: 'localhost',
    ca: root.certPem,
    ...identity,
  });
  session.on('error', () => undefined);
  const closed = new Promise((resolve) => session.once('close', resolve));
  let text = '';
  const answers = Array.from({ length: count }, (_, index) => {
    const stream = session.request({ ':path': `/${index}`, ':method': 'POST' }, { endStream: false });
    stream.end('a body');
    return new Promise<number>((resolve) => {
      stream.on('response', (fields) => resolve(Number(fields[':status'])));
      stream.on('data', (chunk: Buffer) => {
        if (index === 0) text += chunk.toString();
      });
      stream.on('error', () => resolve(0));
    });
  });
  const statuses = await within(Promise.all(answers), PATIENCE_MS, 'the answers over h2');
  await within(closed, PATIENCE_MS, 'the end of the connection');
  return [statuses, text];
}

const GET = 'GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n';

for (const engine of ENGINES) {
  describe(`clients that are refused (${engine})`, () => {
    const asked: string[] = [];
    const app = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('the app');
    });
    app.on('upgrade', (request, socket) => {
      asked.push(request.url ?? '');
      socket.destroy();
    });
    let front: StartedFront;
    let silent: Promise<string>;
    const ending = new Afterwards();
    before(async () => {
      const files = makeWorkspace(ending);
      const { chainFile, keyFile } = await writeTestCertificates(files.path);
      const ca = files.write('clients.pem', authority.certPem);
      front = await StartedFront.start({
        arguments: [
          ...['--https', `127.0.0.1:0,${chainFile},${keyFile},,!${ca}`],
          ...['--https', `127.0.0.1:0,${chainFile},${keyFile},,${ca}`],
          ...['--client-crl', files.write('crl.pem', list), '--health-answer', '/healthz'],
          ...['--upstream', String(await listenLocally(app)), '--engine', engine, '--metrics', '127.0.0.1:0'],
        ],
      });
      // The other tests go on meanwhile.
      if (engine === 'direct') silent = ask1(front.port('https', REQUIRED), '', tooEarly);
    });
    after(async () => {
      app.closeAllConnections();
      app.close();
      await front?.stop().finally(() => ending.run());
    });

    for (const [who, pair, kind, line] of REFUSED) {
      test(`${who} gets 400 and a closed connection over both protocols, and one line`, async () => {
        for (const listener of [REQUIRED, OPTIONAL]) {
          const port = front.port('https', listener);
          // The second request stands right behind the first.
          const answer = await ask1(port, GET + GET, pair);
          assert.match(answer, /^HTTP\/1\.1 400 .*The client certificate is not accepted here/s);
          assert.equal(answer.split('HTTP/1.1 ').length, 2, 'one answer');
          const [statuses, text] = await ask2(port, pair, 3);
          assert.deepEqual(statuses, [400, 400, 400]);
          assert.match(text, /The client certificate is not accepted here/);
        }
        await front.logged(line);
        assert.equal(front.log.match(new RegExp(line, 'g'))?.length, 1, 'one line for four connections');
        assert.deepEqual(asked, []);
        assert.equal(await counted(kind), 4);
      });
    }

    test('no certificate where one is required gets 400 that says so, nowhere else', async () => {
      const answer = await ask1(front.port('https', REQUIRED), GET);
      assert.match(answer, /^HTTP\/1\.1 400 .*A client certificate is needed here/s);
      assert.deepEqual((await ask2(front.port('https', REQUIRED), undefined, 1))[0], [400]);
      await front.logged(/a client without a certificate was refused/);
      assert.deepEqual(asked, []);
      assert.equal(await counted('absent'), 2);
      assert.match(
        await ask1(front.port('https', OPTIONAL), `${CLOSING}\r\n`),
        /^HTTP\/1\.1 200 .*the app$/s,
      );
      assert.deepEqual(asked.splice(0), ['/']);
    });

    test('a friend is served, and neither counted nor told', async () => {
      for (const listener of [REQUIRED, OPTIONAL]) {
        const answer = await ask1(front.port('https', listener), `${CLOSING}\r\n`, friend);
        assert.match(answer, /^HTTP\/1\.1 200 .*the app$/s);
      }
      assert.deepEqual(asked.splice(0), ['/', '/']);
      assert.doesNotMatch(front.log, /CN=Friend/);
    });

    test('no kind of request of a refused client is anything but refused', async () => {
      for (const request of [
        'GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
        'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
        // What the front answers itself.
        'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
      ]) {
        const answer = await ask1(front.port('https', REQUIRED), request, strangerClient);
        assert.match(answer, /^HTTP\/1\.1 400 .*The client certificate is not accepted here/s, request);
      }
      assert.deepEqual(asked, []);
    });

    // For both engines: the listener ends it, and five seconds are waited for once.
    if (engine === 'direct') {
      test('one that asks for nothing does not keep its place', async () => {
        assert.equal(await silent, '');
      });
    }

    test('when the revocation lists run out stands in the metrics', async () => {
      const [, seconds] =
        /^tlsfront_client_crl_next_update_timestamp_seconds\{file=".*crl\.pem"\} (\d+)/m.exec(
          await metrics(),
        ) ?? ['', ''];
      assert.ok(Math.abs(Number(seconds) * 1000 - daysFromNow(30).getTime()) < 120_000);
    });

    async function metrics(): Promise<string> {
      const [, port] = /^tlsfront metrics bound on 127\.0\.0\.1:(\d+)$/m.exec(front.log) ?? [];
      return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    }

    /** How many were refused for a reason. */
    async function counted(kind: string): Promise<number> {
      const name = `tlsfront_client_certificates_refused_total{reason="${kind}"} `;
      const line = (await metrics()).split('\n').find((one) => one.startsWith(name)) ?? '';
      return Number(line.slice(name.length));
    }
  });
}

const CLOSING = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
