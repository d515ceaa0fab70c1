/** An ACME authority for tests, written from RFC 8555, 8738 and 9773 alone: it checks signatures and nonces, validates by http-01, and misbehaves on demand. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { DAY_MS, issueCertificate, type KeyPairPem } from '../../src/certificates/development/x509-issuer.js';
import { readDer, readDerChildren } from '../../src/certificates/formats/der.js';
import { derBits, derSequence } from '../../src/certificates/formats/der-write.js';
import { pemOfCertificate } from '../../src/certificates/formats/pem-text.js';
import { testCertificates } from './certificates.js';
import type { Ending } from './workspace.js';

/** How it differs from a plain authority. */
export interface AuthorityManner {
  /** Keys of accounts are not changed. */
  readonly refuseKeyChange?: boolean;
  /** Where http-01 is looked for on 127.0.0.1. */
  readonly httpPort: number;
  readonly profiles?: readonly string[];
  /** Life of its certificates. */
  readonly lifeMs?: number;
  /** Renewal information for a certificate; absent: it has none to give. */
  renewal?(id: string): { readonly startMs: number; readonly endMs: number; readonly retryAfter?: string };
  /** Answers a request by itself: true. */
  intercept?(path: string, request: IncomingMessage, response: ServerResponse): boolean;
  /** Refuses an order. @returns type and detail of the problem, or null */
  refuseOrder?(payload: Readonly<Record<string, unknown>>): readonly [type: string, detail: string] | null;
  /** The chain as it is sent. */
  chain?(leaf: string, intermediate: string, root: string): string;
  /** Kinds of challenges that it offers. */
  readonly challenges?: readonly string[];
}

interface KnownOrder {
  readonly identifiers: readonly { readonly type: string; readonly value: string }[];
  readonly token: string;
  readonly payload: Readonly<Record<string, unknown>>;
  state: 'pending' | 'ready' | 'valid' | 'invalid';
  certificate: string;
  problem: object | null;
}

const NAMESPACE = 'urn:ietf:params:acme:error:';

/** A running authority. */
export class TestAuthority {
  /** What was asked, in order: method and path. */
  readonly requests: string[] = [];
  readonly orders: KnownOrder[] = [];
  /** By the last part of their addresses. */
  readonly accounts = new Map<string, { jwk: object; status: string }>();
  private readonly nonces = new Set<string>();

  private constructor(
    private readonly server: Server,
    private readonly issuer: KeyPairPem,
    private readonly rootPem: string,
    readonly manner: AuthorityManner,
  ) {
    server.on('request', (request, response) => void this.answer(request, response));
  }

  static async start(t: Ending, manner: AuthorityManner): Promise<TestAuthority> {
    const { directLeaf, intermediate, root } = await testCertificates();
    const server = createServer({ cert: directLeaf.certPem, key: directLeaf.keyPem });
    const authority = new TestAuthority(server, intermediate, root.certPem, manner);
    server.listen(0, '127.0.0.1');
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    await once(server, 'listening');
    return authority;
  }

  get base(): string {
    const address = this.server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return `https://localhost:${address.port}`;
  }

  get directory(): string {
    return `${this.base}/directory`;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const path = request.url ?? '';
    this.requests.push(`${request.method} ${path}`);
    if (this.manner.intercept?.(path, request, response) === true) return;
    try {
      if (request.method !== 'POST') return this.answerPublic(path, response);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      assert.equal(request.headers['content-type'], 'application/jose+json', 'RFC 8555 §6.2');
      assert.match(request.headers['user-agent'] ?? '', /^tlsfront/, 'RFC 8555 §6.1');
      return await this.answerSigned(path, Buffer.concat(chunks).toString(), response);
    } catch (error) {
      return this.refuse(response, 400, 'malformed', error instanceof Error ? error.message : String(error));
    }
  }

  private answerPublic(path: string, response: ServerResponse): unknown {
    if (path === '/directory') return this.sendDirectory(response);
    if (path === '/nonce') return response.setHeader('replay-nonce', this.newNonce()).end();
    const id = /^\/renewal\/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/.exec(path)?.[1];
    if (id === undefined || this.manner.renewal === undefined) return response.writeHead(404).end();
    const { startMs, endMs, retryAfter } = this.manner.renewal(id);
    if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
    const window = { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() };
    return response.end(JSON.stringify({ suggestedWindow: window }));
  }

  private sendDirectory(response: ServerResponse): void {
    const { base } = this;
    const { profiles, renewal } = this.manner;
    response.end(
      JSON.stringify({
        newNonce: `${base}/nonce`,
        newAccount: `${base}/account`,
        newOrder: `${base}/order`,
        revokeCert: `${base}/revoke`,
        keyChange: `${base}/key`,
        ...(renewal === undefined ? {} : { renewalInfo: `${base}/renewal` }),
        ...(profiles === undefined
          ? {}
          : { meta: { profiles: Object.fromEntries(profiles.map((name) => [name, `about ${name}`])) } }),
      }),
    );
  }

  private async answerSigned(path: string, body: string, response: ServerResponse): Promise<unknown> {
    const jws: { protected: string; payload: string; signature: string } = JSON.parse(body);
    const header: { alg: string; nonce: string; url: string; kid?: string; jwk?: object } = JSON.parse(
      Buffer.from(jws.protected, 'base64url').toString(),
    );
    response.setHeader('replay-nonce', this.newNonce());
    if (!this.nonces.delete(header.nonce)) return this.refuse(response, 400, 'badNonce', 'not one of mine');
    assert.equal(header.url, `${this.base}${path}`, 'RFC 8555 §6.4');
    assert.equal(header.alg, 'ES256');
    const account = header.kid?.split('/').at(-1) ?? '';
    const known = this.accounts.get(account);
    if (header.kid !== undefined && known === undefined) {
      return this.refuse(response, 400, 'accountDoesNotExist', 'unknown');
    }
    if (known?.status === 'deactivated') {
      return this.refuse(response, 401, 'unauthorized', 'account is deactivated');
    }
    const jwk = known?.jwk ?? header.jwk;
    assert.ok(jwk !== undefined, 'neither kid nor jwk');
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    const isSigned = verify(
      'sha256',
      Buffer.from(`${jws.protected}.${jws.payload}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(jws.signature, 'base64url'),
    );
    assert.ok(isSigned, 'the signature is wrong');
    const payload: Record<string, unknown> =
      jws.payload === '' ? {} : JSON.parse(Buffer.from(jws.payload, 'base64url').toString());
    if (path === '/account') return this.makeAccount(jwk, payload, response);
    assert.ok(header.kid !== undefined, 'RFC 8555 §6.2: kid for everything but new accounts');
    if (path === `/account/${account}`) {
      if (payload.status === 'deactivated') this.accounts.set(account, { jwk, status: 'deactivated' });
      return response.end('{"status":"valid"}');
    }
    if (path === '/order') return this.makeOrder(payload, response);
    if (path === '/revoke') return response.end();
    if (path === '/key') return this.changeKey(account, jwk, payload, response);
    const [, kind = '', index = ''] = path.split('/');
    const order = this.orders[Number(index)];
    assert.ok(order !== undefined, `nothing at ${path}`);
    if (kind === 'challenge') await this.validate(order, jwk);
    if (kind === 'finalize') await this.issue(order, String(payload.csr));
    if (kind === 'certificate') return response.end(order.certificate);
    const isAuthorization = kind === 'authorization' || kind === 'challenge';
    response.end(
      JSON.stringify(isAuthorization ? this.authorization(order, index) : this.order(order, index)),
    );
  }

  private makeAccount(jwk: object, payload: Record<string, unknown>, response: ServerResponse): unknown {
    const text = JSON.stringify(jwk);
    const found = [...this.accounts].find(([, account]) => JSON.stringify(account.jwk) === text);
    const id = found?.[0] ?? createHash('sha256').update(text).digest('hex').slice(0, 12);
    const before = found?.[1];
    if (before === undefined && payload.onlyReturnExisting === true) {
      return this.refuse(response, 400, 'accountDoesNotExist', 'no account has this key');
    }
    if (before?.status === 'deactivated') {
      return this.refuse(response, 403, 'unauthorized', 'an account with this key exists but is deactivated');
    }
    this.accounts.set(id, { jwk, status: 'valid' });
    response.setHeader('location', `${this.base}/account/${id}`);
    return response.writeHead(before === undefined ? 201 : 200).end('{"status":"valid"}');
  }

  /** RFC 8555 §7.3.5: the inner signature is of the new key, over the account and the old one. */
  private changeKey(
    account: string,
    oldKey: object,
    inner: Record<string, unknown>,
    response: ServerResponse,
  ): unknown {
    if (this.manner.refuseKeyChange === true)
      return this.refuse(response, 409, 'malformed', 'the key is in use');
    const header = JSON.parse(Buffer.from(String(inner.protected), 'base64url').toString());
    assert.deepEqual(Object.keys(header).sort(), ['alg', 'jwk', 'url']);
    assert.equal(header.url, `${this.base}/key`);
    const isSigned = verify(
      'sha256',
      Buffer.from(`${inner.protected}.${inner.payload}`),
      { key: createPublicKey({ key: header.jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(String(inner.signature), 'base64url'),
    );
    assert.ok(isSigned, 'the inner signature is wrong');
    const payload = JSON.parse(Buffer.from(String(inner.payload), 'base64url').toString());
    assert.deepEqual(payload, { account: `${this.base}/account/${account}`, oldKey });
    this.accounts.set(account, { jwk: header.jwk, status: 'valid' });
    return response.end('{"status":"valid"}');
  }

  private makeOrder(payload: Record<string, unknown>, response: ServerResponse): unknown {
    const refusal = this.manner.refuseOrder?.(payload) ?? null;
    if (refusal !== null) return this.refuse(response, 409, ...refusal);
    assert.ok(Array.isArray(payload.identifiers));
    const index = this.orders.length;
    const order: KnownOrder = {
      identifiers: payload.identifiers,
      token: randomBytes(16).toString('base64url'),
      payload,
      state: 'pending',
      certificate: '',
      problem: null,
    };
    this.orders.push(order);
    response.setHeader('location', `${this.base}/order/${index}`);
    return response.writeHead(201).end(JSON.stringify(this.order(order, String(index))));
  }

  private order({ state, certificate, problem }: KnownOrder, index: string): object {
    return {
      status: state,
      authorizations: [`${this.base}/authorization/${index}`],
      finalize: `${this.base}/finalize/${index}`,
      ...(certificate === '' ? {} : { certificate: `${this.base}/certificate/${index}` }),
      ...(problem === null ? {} : { error: problem }),
    };
  }

  private authorization(
    { identifiers: [identifier], token, state, problem }: KnownOrder,
    index: string,
  ): object {
    const status = state === 'pending' || state === 'invalid' ? state : 'valid';
    const { challenges = ['http-01'] } = this.manner;
    assert.ok(identifier !== undefined);
    const isWildcard = identifier.value.startsWith('*.');
    return {
      status,
      // RFC 8555 §7.1.4: without the prefix.
      identifier: { ...identifier, value: identifier.value.replace(/^\*\./, '') },
      ...(isWildcard ? { wildcard: true } : {}),
      challenges: challenges.map((type) => ({
        type,
        url: `${this.base}/challenge/${index}`,
        status,
        ...(type === 'dns-persist-01' ? { 'issuer-domain-names': ['authority.example'] } : { token }),
        ...(problem === null ? {} : { error: problem }),
      })),
    };
  }

  /** RFC 8555 §8.3; dns-persist-01 is believed. */
  private async validate(order: KnownOrder, jwk: object): Promise<void> {
    order.state = 'ready';
    if (this.manner.challenges?.includes('dns-persist-01') === true) return;
    const { crv, kty, x, y } = Object.fromEntries(Object.entries(jwk));
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    const path = `/.well-known/acme-challenge/${order.token}`;
    const seen = await new Promise<string>((resolve) => {
      get({ host: '127.0.0.1', port: this.manner.httpPort, path }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () => resolve(text));
      }).on('error', (error) => resolve(error.message));
    });
    if (seen === `${order.token}.${thumbprint}`) return;
    order.state = 'invalid';
    order.problem = { type: `${NAMESPACE}incorrectResponse`, detail: seen };
  }

  private async issue(order: KnownOrder, csr: string): Promise<void> {
    const names = order.identifiers.map(({ value }) => value);
    const publicKey = readRequest(Buffer.from(csr, 'base64url'), names);
    const now = Date.now();
    const { certPem } = await issueCertificate(
      {
        names,
        notBefore: new Date(now - 60_000),
        notAfter: new Date(now + (this.manner.lifeMs ?? 90 * DAY_MS)),
        purposes: ['server'],
      },
      this.issuer,
    );
    const leaf = withPublicKey(new X509Certificate(certPem).raw, publicKey, this.issuer.keyPem);
    const { chain = (one: string, other: string): string => one + other } = this.manner;
    order.certificate = chain(leaf, this.issuer.certPem, this.rootPem);
    order.state = 'valid';
  }

  private newNonce(): string {
    const nonce = randomBytes(12).toString('base64url');
    this.nonces.add(nonce);
    return nonce;
  }

  private refuse(response: ServerResponse, status: number, type: string, detail: string): void {
    response.setHeader('content-type', 'application/problem+json');
    response.writeHead(status).end(JSON.stringify({ type: `${NAMESPACE}${type}`, detail }));
  }
}

/** The public key of a certificate request whose signature and names are right (RFC 2986 §4). */
function readRequest(request: Buffer, names: readonly string[]): Buffer {
  const [content, , signature] = readDerChildren(readDer(request)?.content ?? Buffer.alloc(0));
  const [, subject, publicKey, attributes] = readDerChildren(content?.content ?? Buffer.alloc(0));
  assert.ok(content !== undefined && signature !== undefined && attributes !== undefined);
  assert.ok(publicKey !== undefined && subject?.content.length === 0);
  const key = createPublicKey({ key: publicKey.whole, format: 'der', type: 'spki' });
  assert.ok(verify('sha256', content.whole, key, signature.content.subarray(1)), 'the request is not signed');
  for (const name of names) {
    const bytes = /^[\d.]+$/.test(name) ? Buffer.from(name.split('.').map(Number)) : Buffer.from(name);
    assert.ok(name.includes(':') || attributes.content.includes(bytes), `the request does not name ${name}`);
  }
  return publicKey.whole;
}

/** The certificate with another public key, signed anew. */
function withPublicKey(certificate: Buffer, publicKey: Buffer, issuerKeyPem: string): string {
  const [content, algorithm] = readDerChildren(readDer(certificate)?.content ?? Buffer.alloc(0));
  assert.ok(content !== undefined && algorithm !== undefined);
  const parts = readDerChildren(content.content).map(({ whole }, index) => (index === 6 ? publicKey : whole));
  const tbs = derSequence(...parts);
  return pemOfCertificate(derSequence(tbs, algorithm.whole, derBits(sign('sha256', tbs, issuerKeyPem))));
}
