/** Judges the clients of a listener that asks for certificates, and says whose certificate is not let in, and why. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isLetIn } from './client-rules.js';

/** Why a client is let in nowhere: its handshake is done, and its requests are answered with 400, as nginx does. */
export type ClientRefusal = 'certificate_missing' | 'certificate_refused';

/** A reason for the counter, which is one of a few, and for people. */
interface Reason {
  readonly kind: string;
  readonly words: string;
}

const FOREIGN: Reason = { kind: 'foreign', words: 'it is of an authority that is not accepted here' };
const RESUMED: Reason = { kind: 'resumed', words: 'its session was made on another connection' };
const WRONG_SIGNATURE: Reason = { kind: 'signature', words: 'its signature is wrong' };
const WRONG_LIST: Reason = {
  kind: 'revocation_list',
  words: 'the revocation list of its authority cannot be relied on: its signature or dates are wrong',
};
const DAMAGED: Reason = { kind: 'other', words: 'its dates cannot be read' };

/** OpenSSL's codes in plain words. */
const REASONS: Readonly<Record<string, Reason>> = {
  CERT_HAS_EXPIRED: { kind: 'expired', words: 'it has expired' },
  CERT_NOT_YET_VALID: { kind: 'not_yet_valid', words: 'it is not valid yet' },
  CERT_REVOKED: { kind: 'revoked', words: 'it is revoked' },
  INVALID_PURPOSE: {
    kind: 'purpose',
    words: 'it is not for clients (extendedKeyUsage clientAuth), or what signed it is not',
  },
  UNABLE_TO_GET_CRL: { kind: 'revocation_list', words: 'there is no revocation list of its authority' },
  CRL_HAS_EXPIRED: { kind: 'revocation_list', words: 'the revocation list of its authority has run out' },
  CRL_NOT_YET_VALID: {
    kind: 'revocation_list',
    words: 'the revocation list of its authority is not valid yet',
  },
  CRL_SIGNATURE_FAILURE: WRONG_LIST,
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: WRONG_LIST,
  ERROR_IN_CRL_LAST_UPDATE_FIELD: WRONG_LIST,
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: WRONG_LIST,
  CERT_SIGNATURE_FAILURE: WRONG_SIGNATURE,
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: WRONG_SIGNATURE,
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: { kind: 'signature', words: 'the key of its issuer cannot be read' },
  ERROR_IN_CERT_NOT_BEFORE_FIELD: DAMAGED,
  ERROR_IN_CERT_NOT_AFTER_FIELD: DAMAGED,
  INVALID_CA: { kind: 'chain', words: 'what signed it, or something above, is no authority' },
  PATH_LENGTH_EXCEEDED: {
    kind: 'chain',
    words: 'an authority above it allows fewer intermediates (pathlen)',
  },
  CERT_CHAIN_TOO_LONG: { kind: 'chain', words: 'its chain is too long' },
  CERT_UNTRUSTED: FOREIGN,
  CERT_REJECTED: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT: FOREIGN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: FOREIGN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: FOREIGN,
  SELF_SIGNED_CERT_IN_CHAIN: FOREIGN,
  // What node:tls has no word for.
  UNSPECIFIED: {
    kind: 'other',
    words:
      'OpenSSL does not accept it, and Node does not say why: look for a critical extension that it does not know, or a name that its authority may not vouch for (openssl verify says which)',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: { kind: 'foreign', words: 'it is self-signed and not accepted here' },
};

/** Takes one line for each client that is refused. @param kind one of a few words, for the counter */
export type RefusedClientLog = (kind: string, text: string) => void;

/** Whether a client whose handshake is done is refused; null: it is let in. */
export function judgeClient(
  socket: TLSSocket,
  required: boolean,
  log: RefusedClientLog,
): ClientRefusal | null {
  if (isLetIn(socket, required)) return null;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined && !socket.isSessionReused()) {
    log('absent', 'a client without a certificate was refused');
    return 'certificate_missing';
  }
  const code = String(socket.authorizationError);
  const { kind, words } = socket.isSessionReused()
    ? RESUMED
    : (REASONS[code] ?? { kind: 'other', words: code });
  log(kind, `the client certificate of ${whose(certificate)}, was refused: ${words}`);
  return 'certificate_refused';
}

function whose(certificate: X509Certificate | undefined): string {
  return `${oneLine(certificate?.subject)}, issued by ${oneLine(certificate?.issuer)}`;
}

/** A stranger's text in a log line: no line ends, no control characters, no end of it. */
function oneLine(name: string | undefined): string {
  const text = (name ?? '').replaceAll('\n', ', ').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return text === '' ? '(no name)' : text.slice(0, 200);
}
