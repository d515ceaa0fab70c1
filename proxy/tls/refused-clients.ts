/** Says whose certificate a client showed that is not let in, and why: node:tls ends the connection without a word. */
import type { X509Certificate } from 'node:crypto';
import { type Server, TLSSocket } from 'node:tls';

/** OpenSSL's codes in plain words. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it is revoked',
  INVALID_PURPOSE: 'it is not for clients (extendedKeyUsage clientAuth)',
  UNABLE_TO_GET_CRL: 'there is no revocation list of its authority',
  CRL_HAS_EXPIRED: 'the revocation list of its authority has run out',
  CRL_NOT_YET_VALID: 'the revocation list of its authority is not valid yet',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  UNABLE_TO_GET_ISSUER_CERT: 'it is of an authority that is not accepted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is of an authority that is not accepted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is of an authority that is not accepted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is of an authority that is not accepted here',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed and not accepted here',
};

/** Takes one line for each client that is refused. @param kind one of OpenSSL's codes, or `absent` */
export type RefusedClientLog = (kind: string, text: string) => void;

/**
 * Watches the handshakes of a server that asks for certificates. Where one is required node:tls destroys the socket before anybody
 * is told; the key log event is the one place that hands out the socket before that. Nothing of the secrets is kept.
 */
export function watchRefusedClients(server: Server, log: RefusedClientLog): void {
  const shown = new WeakMap<TLSSocket, X509Certificate | null>();
  server.on('keylog', (_line: Buffer, socket: unknown) => {
    if (!(socket instanceof TLSSocket) || shown.has(socket)) return;
    shown.set(socket, null);
    socket.prependOnceListener('secure', () => shown.set(socket, socket.getPeerX509Certificate() ?? null));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') {
      log('absent', 'a client without a certificate was refused');
      return;
    }
    const certificate = shown.get(socket) ?? null;
    if (certificate !== null && socket.authorizationError) {
      log(String(socket.authorizationError), refusedText(certificate, String(socket.authorizationError)));
    }
  });
}

/** The line about a certificate that an optional listener refuses. */
export function logRefusedClient(socket: TLSSocket, log: RefusedClientLog): void {
  const certificate = socket.getPeerX509Certificate();
  const code = String(socket.authorizationError || 'a resumed session');
  if (certificate !== undefined) log(code, refusedText(certificate, code));
}

function refusedText({ subject, issuer }: X509Certificate, code: string): string {
  return `the client certificate of ${oneLine(subject)}, issued by ${oneLine(issuer)}, was refused: ${REASONS[code] ?? code}`;
}

/** A stranger's text in a log line: no line ends, no control characters, no end of it. */
function oneLine(name: string | undefined): string {
  const text = (name ?? '').replaceAll('\n', ', ').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return text === '' ? '(no name)' : text.slice(0, 200);
}
