/** Shows that a chain and its key serve: real TLS handshakes with a server of this process that sends them. */

import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { ipFamily } from '../../shared/addresses/ip-family.js';

/** What to serve, and whom the client trusts. */
export interface ChainProof {
  readonly chainPem: string;
  readonly keyPem: string;
  /** The roots that the client knows, PEM; Node's own when absent. */
  readonly trusted: readonly string[] | undefined;
  /** The name the client asks for and checks; the certificate's names are not checked without it. */
  readonly name: string | undefined;
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const TIMEOUT_MS = 5_000;

/** @returns undefined when both TLS versions succeed, else why not, in OpenSSL's words */
export async function proveChain(proof: ChainProof): Promise<string | undefined> {
  const { chainPem, keyPem } = proof;
  let server: Server;
  try {
    server = createServer({ cert: chainPem, key: keyPem });
  } catch (cause) {
    return reasonOf(cause);
  }
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => socket.on('error', () => undefined));
  try {
    const port = await listen(server);
    for (const version of VERSIONS) await handshake(port, version, proof);
    return undefined;
  } catch (cause) {
    return reasonOf(cause);
  } finally {
    server.close();
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
}

function handshake(port: number, version: (typeof VERSIONS)[number], proof: ChainProof): Promise<void> {
  const { trusted, name } = proof;
  return new Promise((resolve, reject) => {
    const client: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      minVersion: version,
      maxVersion: version,
      ...(trusted === undefined ? {} : { ca: [...trusted] }),
      ...(name !== undefined && ipFamily(name) === 0 ? { servername: name } : {}),
      // Without a host name to check (an IP address, no names at all) the chain alone is proven.
      ...(name === undefined || ipFamily(name) !== 0 ? { checkServerIdentity: () => undefined } : {}),
    });
    client.setTimeout(TIMEOUT_MS, () => client.destroy(new Error('the handshake took too long')));
    client.once('error', reject);
    client.once('secureConnect', () => {
      client.destroy();
      resolve();
    });
  });
}
