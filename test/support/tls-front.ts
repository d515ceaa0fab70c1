/** A TLS listener of the proxy on a port of its own, which answers with what it knows of the connection; and clients for it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { connectionOf } from '../../proxy/listen/client-connection.js';
import { LeafRequests } from '../../proxy/tls/leaf-requests.js';
import type { ClientRefusal } from '../../proxy/tls/refused-clients.js';
import { TlsFront } from '../../proxy/tls/tls-front.js';
import type { HttpsListener } from '../../src/shared/config/listeners.js';
import type {
  CertificateMaterial,
  LeafAnswer,
  LeafRefusal,
  TicketKeyPair,
  TlsMaterial,
} from '../../src/shared/messages/router-messages.js';
import type { KeyPairPem } from './certificates.js';
import { within } from './deadline.js';
import { resolveGiven } from './settings.js';

export interface FrontGiven {
  readonly material: TlsMaterial;
  readonly clientCa?: HttpsListener['clientCa'];
  readonly sniStrict?: boolean;
  readonly minTls?: '1.2' | '1.3';
  readonly ticketKeys?: TicketKeyPair;
  readonly listenerIndex?: number;
  /** What the master has for a name; left out: nothing. */
  readonly issue?: (name: string) => CertificateMaterial | LeafRefusal | null;
  readonly onKeyLog?: (line: Buffer) => void;
  /** Leave connections open after the answer. */
  readonly isEndless?: boolean;
}

export interface ServedFront {
  readonly port: number;
  readonly front: TlsFront;
  /** Names the front asked certificates for. */
  readonly asked: readonly string[];
  /** The clients' ports, as their connections were accepted. */
  readonly remotes: readonly number[];
  /** Why clients' certificates were refused: kind and line. */
  readonly refused: readonly (readonly [kind: string, text: string])[];
  /** As what the connections of refused clients were handed on; they are ended without an answer here. */
  readonly refusals: readonly ClientRefusal[];
  /** What became of handshakes for names that the master was asked about. */
  readonly namesAsked: readonly string[];
}

function answerOf(issued: CertificateMaterial | LeafRefusal | null): LeafAnswer {
  if (issued === null) return { certificate: null, refusal: null };
  return 'kind' in issued ? { certificate: null, refusal: issued } : { certificate: issued, refusal: null };
}

/** A certificate with these names, as the master hands it out. */
export function materialOf(chain: readonly KeyPairPem[], names: readonly string[]): CertificateMaterial {
  const [leaf] = chain;
  if (leaf === undefined) throw new Error('no leaf');
  return { chainPem: chain.map(({ certPem }) => certPem).join(''), keyPem: leaf.keyPem, names };
}

/** Material without client certificates and issuing. */
export function plainMaterial(...certificates: readonly CertificateMaterial[]): TlsMaterial {
  return {
    certificates,
    clientAuthority: null,
    clientCrls: [],
    issueBeneath: [],
    expectedNames: [],
    asksForNames: false,
  };
}

export function newTicketKeys(): string {
  return randomBytes(48).toString('base64');
}

/** Starts it; it ends after the test. Each connection gets one line: the names of the certificate used, whether the client was verified, whether the session was resumed. */
export async function serveTlsFront(t: TestContext, given: FrontGiven): Promise<ServedFront> {
  const flags = {
    ...(given.sniStrict === true ? { sniStrict: ['true'], cert: ['c'], key: ['k'] } : {}),
    ...(given.minTls === undefined ? {} : { minTls: [given.minTls] }),
  };
  const config = resolveGiven({ flags });
  const base = config.listeners.find((listener) => listener.kind === 'https');
  if (base === undefined) throw new Error('no listener');
  const asked: string[] = [];
  const remotes: number[] = [];
  const refused: [string, string][] = [];
  const refusals: ClientRefusal[] = [];
  const namesAsked: string[] = [];
  const leafRequests: LeafRequests = new LeafRequests((name) => {
    asked.push(name);
    setImmediate(() => leafRequests.settle(name, answerOf(given.issue?.(name) ?? null)));
  });
  const front = new TlsFront({
    config,
    listener: { ...base, clientCa: given.clientCa ?? null },
    listenerIndex: given.listenerIndex ?? 0,
    material: given.material,
    ticketKeys: given.ticketKeys ?? { current: newTicketKeys(), previous: null },
    leafRequests,
    onPlain: ({ socket }) => socket.end('plain'),
    onSecure: (accepted, socket, certificate, refusal) => {
      if (refusal !== null) {
        refusals.push(refusal);
        socket.end();
        return;
      }
      const client = socket.authorized ? 'verified' : 'anonymous';
      remotes.push(accepted.remote.port);
      const answer = `${certificate.names.join(' ')}|${client}|${socket.isSessionReused()}`;
      if (given.isEndless === true) socket.write(answer);
      else socket.end(answer);
    },
    onFailed: () => {},
    onKeyLog: given.onKeyLog ?? null,
    onRefusedClient: (...line) => refused.push(line),
    onNameAsked: (refusal) => namesAsked.push(refusal?.kind ?? 'served'),
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    front.accept(connectionOf(socket, 0));
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return { port: address.port, front, asked, remotes, refused, refusals, namesAsked };
}

/** What a client saw. */
export interface Visit {
  /** Names of the certificate the front says it used; empty when nothing was answered. */
  readonly names: string;
  readonly client: string;
  readonly resumed: boolean;
  /** The certificate as the client received it; empty where the session was resumed. */
  readonly peerNames: string;
  readonly keyType: string | undefined;
  readonly session: Buffer | undefined;
  /** Why there was no answer. */
  readonly failure: string | undefined;
}

/** Connects, reads the answer to its end, and keeps the newest session. Never checks names: what is served is looked at. */
export async function visit(port: number, options: tls.ConnectionOptions): Promise<Visit> {
  const client = tls.connect({
    port,
    host: '127.0.0.1',
    checkServerIdentity: () => undefined,
    ...options,
  });
  let text = '';
  let session: Buffer | undefined;
  let failure: string | undefined;
  let peerNames = '';
  let keyType: string | undefined;
  client.on('session', (newest) => {
    session = newest;
  });
  client.on('secureConnect', () => {
    const certificate = client.getPeerX509Certificate();
    peerNames = certificate?.subjectAltName ?? '';
    keyType = certificate?.publicKey.asymmetricKeyType;
  });
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.message;
  });
  await within(
    new Promise((resolve) => client.once('close', resolve)),
    30_000,
    `the answer for ${options.servername ?? 'no name'}`,
  );
  const [names = '', who = '', resumed = ''] = text.split('|');
  if (text === '') failure ??= 'closed without an answer';
  return { names, client: who, resumed: resumed === 'true', peerNames, keyType, session, failure };
}
