/** How answers of an authority that go wrong are told: refusals, limits, junk, and addresses without TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { type TestContext, test } from 'node:test';
import { Authority } from '../../../src/certificates/acme/protocol/authority.js';
import { AcmeError } from '../../../src/certificates/acme/protocol/problem.js';
import { newEcdsaKey } from '../../../src/certificates/development/x509-issuer.js';
import { testCertificates } from '../../support/certificates.js';

const { directLeaf, root } = await testCertificates();

/** Registers at a server that answers so. */
async function register(t: TestContext, answer: RequestListener): Promise<AcmeError> {
  const server = createServer({ cert: directLeaf.certPem, key: directLeaf.keyPem }, answer);
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const authority = new Authority(
    {
      directory: `https://localhost:${port}/dir`,
      caPem: root.certPem,
      userAgent: 'tlsfront-test',
      environment: {},
      accountKeyPem: newEcdsaKey().export({ type: 'pkcs8', format: 'pem' }).toString(),
      accountUrl: null,
      accountBinding: null,
      signal: new AbortController().signal,
    },
    'me@example.com',
  );
  try {
    await authority.register('me@example.com');
  } catch (error) {
    if (error instanceof AcmeError) return error;
    throw error;
  }
  assert.fail('nothing was refused');
}

test('a limit is told with the words of its problem, and its Retry-After is kept', async (t) => {
  const { message, hint, facts } = await register(t, (_request, response) => {
    response.writeHead(429, { 'content-type': 'application/problem+json', 'retry-after': '3600' });
    response.end('{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many orders"}');
  });
  assert.equal(message, 'the authority has set a limit that is reached (it says: too many orders)');
  assert.match(hint ?? '', /staging/);
  assert.equal(facts.retryAfterMs, 3_600_000);
});

test('trouble of the authority is told at once, not after minutes of repetition', async (t) => {
  let requests = 0;
  const { message, hint } = await register(t, (_request, response) => {
    requests += 1;
    response.writeHead(503);
    response.end('<html>maintenance</html>');
  });
  assert.match(message, /^localhost:\d+ answers with status 503$/);
  assert.deepEqual([hint, requests], [null, 1]);
});

test('a page that is no directory is told so', async (t) => {
  const { message, hint } = await register(t, (_request, response) => response.end('<html>hello</html>'));
  assert.match(message, /^the answer of the authority is not understood: /);
  assert.match(hint ?? '', /--acme-directory/);
});

test('a redirect is not followed', async (t) => {
  const { message } = await register(t, (_request, response) => {
    response.writeHead(302, { location: 'https://localhost:1/' });
    response.end();
  });
  assert.match(message, /not understood/);
});

test('an address without TLS in the directory is not asked', async (t) => {
  const { message } = await register(t, (_request, response) => {
    response.end(
      '{"newNonce":"http://localhost:1/nonce","newAccount":"http://localhost:1/account","newOrder":"http://localhost:1/order"}',
    );
  });
  assert.match(message, /names an address without TLS: http:\/\/localhost:1\//);
});

test('an answer without an end is cut off', async (t) => {
  const { message } = await register(t, (_request, response) => {
    response.on('error', () => undefined);
    const send = (): void => {
      if (!response.destroyed && response.write(Buffer.alloc(65_536, ' '))) setImmediate(send);
      else response.once('drain', send);
    };
    send();
  });
  assert.match(message, /cannot be reached: its answer is too long$/);
});

test('a connection that breaks is told with its reason', async (t) => {
  const { message, hint } = await register(t, (request) => request.socket.destroy());
  assert.match(message, /^the authority localhost:\d+ cannot be reached: the connection broke$/);
  assert.match(hint ?? '', /HTTPS_PROXY/);
});

test('nonces that are refused without end are told after a while', async (t) => {
  let refused = 0;
  const { message } = await register(t, (request, response) => {
    const host = `https://${request.headers.host}`;
    response.setHeader('replay-nonce', `n${refused}`);
    if (request.method === 'GET') {
      response.end(
        JSON.stringify({
          newNonce: `${host}/nonce`,
          newAccount: `${host}/account`,
          newOrder: `${host}/order`,
        }),
      );
    } else if (request.method === 'HEAD') response.end();
    else {
      refused += 1;
      response.writeHead(400, { 'content-type': 'application/problem+json' });
      response.end('{"type":"urn:ietf:params:acme:error:badNonce","detail":"no"}');
    }
  });
  assert.match(message, /refused our anti-replay numbers again and again/);
  assert.equal(refused, 18);
});
