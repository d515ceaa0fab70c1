/** The HTTPS server that clients are tried with: it notes who came, and who took its certificate and asked for a page. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { KeyPairPem } from '../development/x509-issuer.js';

/** What each page says, so that a client's output shows whether it was read. */
export const PROBE_PAGE = 'tlsfront-trust-trial';

/** OpenSSL's names of the alerts 42, 46 and 48 (RFC 8446 section 6.2). */
const CERTIFICATE_ALERT = /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNKNOWN_CA)$/;

export interface ProbeServer {
  /** Address of a page; each client is given a path of its own. */
  url(path: string): string;
  /** Whether somebody took the certificate and asked for this path. */
  wasOpened(path: string): boolean;
  /** How many clients said by an alert that they do not believe the certificate. */
  refusals(): number;
  /** Calls back at each request and each such alert; the last to ask is told. */
  onDecision(tell: () => void): void;
  close(): void;
}

/** @param leaf a certificate for localhost and its key @returns the server, which listens on loopback */
export async function startProbeServer(leaf: KeyPairPem): Promise<ProbeServer> {
  const opened = new Set<string>();
  let refusals = 0;
  let decided = (): void => undefined;
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (request, response) => {
    const path = request.url ?? '';
    opened.add(path);
    response.setHeader('Content-Type', 'text/html');
    response.end(PROBE_PAGE);
    decided();
  });
  server.on('tlsClientError', ({ code = '' }: NodeJS.ErrnoException) => {
    if (!CERTIFICATE_ALERT.test(code)) return;
    refusals += 1;
    decided();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: (path) => `https://localhost:${port}${path}`,
    wasOpened: (path) => opened.has(path),
    refusals: () => refusals,
    onDecision: (tell) => {
      decided = tell;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
