/** A front that gets its certificates from Pebble, and what its clients see. */
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { until, within } from './deadline.js';
import { Pebble, type PebbleOptions } from './pebble.js';
import { plainApp } from './plain-app.js';
import { freePort } from './ports.js';
import { StartedFront } from './started-front.js';
import { MISSING, type Missing } from './tools.js';
import { makeWorkspace, type Workspace } from './workspace.js';

/** Ports that Pebble is told of before the front has them. */
export interface AcmeScene {
  readonly pebble: Pebble;
  readonly httpsPort: number;
  readonly httpPort: number;
  /** Data folder that outlives a front. */
  readonly data: Workspace;
}

/** Pebble, and ports for a front; MISSING where the test was skipped. */
export async function acmeScene(t: TestContext, options: PebbleOptions = {}): Promise<AcmeScene | Missing> {
  const httpsPort = await freePort();
  const httpPort = await freePort();
  const pebble = await Pebble.start(t, { tlsPort: httpsPort, httpPort, ...options });
  return pebble === MISSING ? MISSING : { pebble, httpsPort, httpPort, data: makeWorkspace(t) };
}

/** Starts a front that asks Pebble for certificates of the names. */
export async function startAcmeFront(
  t: TestContext,
  { pebble, httpsPort, data }: AcmeScene,
  names: readonly string[],
  more: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<StartedFront> {
  const front = await StartedFront.start({
    arguments: [
      ...['--listen', `127.0.0.1:${httpsPort}`, '--acme', 'ops@example.net'],
      // Another given with the rest would be a second one.
      ...(more.includes('--acme-directory') ? [] : ['--acme-directory', pebble.directory]),
      ...['--acme-ca', pebble.caFile],
      ...names.flatMap((name) => ['--host', name]),
      ...(await plainApp()),
      ...more,
    ],
    environment: { XDG_DATA_HOME: data.path, ...environment },
  });
  t.after(() => front.stop());
  return front;
}

/** What a client of one name gets. */
export interface Handshake {
  /** `verified`, or why the certificate is refused. */
  readonly outcome: string;
  readonly serialNumber: string;
  readonly issuer: string;
  readonly names: string;
}

/** A handshake that verifies chain and name against one root, and a request when it is verified. */
export function shakeHands(port: number, servername: string, ca: string): Promise<Handshake> {
  const done = new Promise<Handshake>((resolve) => {
    const client = tls.connect({ host: '127.0.0.1', port, servername, ca, rejectUnauthorized: false });
    client.on('error', (error) =>
      resolve({ outcome: error.message, serialNumber: '', issuer: '', names: '' }),
    );
    client.on('secureConnect', () => {
      const certificate = client.getPeerX509Certificate();
      resolve({
        outcome: client.authorized ? 'verified' : String(client.authorizationError),
        serialNumber: certificate?.serialNumber ?? '',
        issuer: certificate?.issuer ?? '',
        names: certificate?.subjectAltName ?? '',
      });
      client.destroy();
    });
  });
  return within(done, 30_000, `a handshake for ${servername}`);
}

const ISSUE_MS = 40_000;

/** Waits until the name's certificate is one of the root's, and gives that handshake. */
export async function isServed(front: StartedFront, name: string, root: string): Promise<Handshake> {
  const handshake = until(
    async () => {
      const seen = await shakeHands(front.port(), name, root);
      return seen.outcome === 'verified' && seen;
    },
    ISSUE_MS,
    `a verified handshake for ${name}`,
  );
  return handshake.catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${front.log}`);
  });
}
