/** What the app is told of client certificates (RFC 9440), and that no client can tell it the same by a field. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { listenLocally } from '../support/app-behind.js';
import {
  issueClient,
  issueTestAuthority,
  testCertificates,
  writeTestCertificates,
} from '../support/certificates.js';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { PROTOCOLS, type Protocol } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

const { root, client } = await testCertificates();
const between = await issueTestAuthority('Between', root);
const deep = await issueClient('Deep Client', between);

const SPOOFED = {
  'client-cert': ':c3Bvb2ZlZA==:',
  'client-cert-chain': ':c3Bvb2ZlZA==:',
  client_cert: ':c3Bvb2ZlZA==:',
};

interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Whether this Node tells a server the certificates above a client's. */
async function nodeGivesChain(identity: Identity): Promise<boolean> {
  const { directLeaf } = await testCertificates();
  const server = createTlsServer({
    cert: directLeaf.certPem,
    key: directLeaf.keyPem,
    ca: root.certPem,
    requestCert: true,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = once(server, 'secureConnection');
  const visitor = connectTls({
    port,
    host: '127.0.0.1',
    ca: root.certPem,
    servername: 'localhost',
    ...identity,
  });
  try {
    const [socket]: TLSSocket[] = await within(accepted, 30_000, 'the handshake with Node itself');
    return socket?.getPeerCertificate(true).issuerCertificate !== undefined;
  } finally {
    visitor.destroy();
    server.close();
  }
}

/** What the app received. */
async function seen(front: StartedFront, ca: string, protocol: Protocol, nth: number, identity?: Identity) {
  const target = { ca, servername: 'localhost', ...identity };
  const port = front.port('https', nth);
  const chunks: Buffer[] = [];
  if (protocol === 'h2') {
    const session = connectHttp2(`https://127.0.0.1:${port}`, target);
    try {
      const stream = session.request({ ':path': '/', ...SPOOFED });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      await within(once(stream, 'end'), 30_000, 'the answer over h2');
    } finally {
      session.destroy();
    }
  } else {
    const request = requestHttps({ host: '127.0.0.1', port, ...target, headers: SPOOFED, agent: false });
    request.end();
    const [response] = await within(once(request, 'response'), 30_000, 'the answer over http/1.1');
    for await (const chunk of response) chunks.push(Buffer.from(chunk));
  }
  const headers: IncomingHttpHeaders = JSON.parse(Buffer.concat(chunks).toString());
  return headers;
}

function field(certPem: string): string {
  return `:${new X509Certificate(certPem).raw.toString('base64')}:`;
}

for (const engine of ENGINES) {
  describe(`client certificates (${engine})`, () => {
    const app = createServer((request, response) => response.end(JSON.stringify(request.headers)));
    let front: StartedFront | undefined;
    const running = (): StartedFront => {
      if (front === undefined) throw new Error('the front did not start');
      return front;
    };
    const folder = mkdtempSync(join(tmpdir(), 'tlsfront-test-'));
    before(async () => {
      const { chainFile, keyFile, rootFile } = await writeTestCertificates(folder);
      const listener = (ca: string): string => `127.0.0.1:0,${chainFile},${keyFile}${ca}`;
      front = await StartedFront.start({
        arguments: [
          ...[
            '--https',
            listener(`,,!${rootFile}`),
            '--https',
            listener(`,,${rootFile}`),
            '--https',
            listener(''),
          ],
          ...['--upstream', String(await listenLocally(app)), '--engine', engine],
        ],
      });
    });
    after(async () => {
      app.closeAllConnections();
      app.close();
      await front?.stop().finally(() => rmSync(folder, { recursive: true, force: true }));
    });

    for (const protocol of PROTOCOLS) {
      test(`a required one is told over ${protocol}`, async () => {
        const identity = { cert: client.certPem, key: client.keyPem };
        const headers = await seen(running(), root.certPem, protocol, 0, identity);
        assert.equal(headers['client-cert'], field(client.certPem));
        assert.equal(headers['client-cert-chain'], undefined, 'only the root stands above it');
        assert.equal(headers.client_cert, undefined);
      });

      test(`the certificates between it and the root are told over ${protocol}`, async () => {
        const identity = { cert: deep.certPem + between.certPem, key: deep.keyPem };
        const headers = await seen(running(), root.certPem, protocol, 1, identity);
        assert.equal(headers['client-cert'], field(deep.certPem));
        // Some releases of Node 24 give the certificates above the client's to nobody; the field is optional (RFC 9440 §2.3).
        const isGiven = await nodeGivesChain(identity);
        assert.equal(headers['client-cert-chain'], isGiven ? field(between.certPem) : undefined);
      });

      test(`without one the client's own words are gone over ${protocol}`, async () => {
        for (const nth of [1, 2]) {
          const headers = await seen(running(), root.certPem, protocol, nth);
          assert.equal(headers['client-cert'], undefined);
          assert.equal(headers['client-cert-chain'], undefined);
          assert.equal(headers.client_cert, undefined);
        }
      });
    }
  });
}
