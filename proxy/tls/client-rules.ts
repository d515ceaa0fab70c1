/** Which clients a certificate lets in: its own rule before the listener's, and never by a session of another time. */
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type TLSSocket, type TlsOptions } from 'node:tls';
import { isWithoutRoot } from '../../src/shared/config/client-authority.js';
import type { HttpsListener } from '../../src/shared/config/listeners.js';
import type { ClientRule, TlsMaterial } from '../../src/shared/messages/router-messages.js';

/** Whom a certificate lets in: its own rule before the listener's. @throws Error when client certificates are asked for and nobody says whose */
export function clientsOf(
  { clientCa }: HttpsListener,
  { clientAuthority }: TlsMaterial,
  { clients }: { readonly clients: ClientRule | null },
): ClientRule | null {
  if ((clientCa === null) !== (clientAuthority === null) || clients?.authority === '') {
    throw new Error('the authority of the client certificates is missing');
  }
  if (clients !== null) return clients;
  if (clientCa === null || clientAuthority === null) return null;
  return { authority: clientAuthority, required: clientCa.required };
}

/** What node:tls has to ask. */
export function clientOptions(clients: ClientRule | null, { clientCrls }: TlsMaterial): TlsOptions {
  if (clients === null) return {};
  return {
    requestCert: true,
    // node:tls would end the connection without a word (TLS 1.3: when the client takes it for open): it is told why in HTTP.
    rejectUnauthorized: false,
    ca: clients.authority,
    ...(clientCrls.length === 0 ? {} : { crl: [...clientCrls] }),
    // No resumption: it would carry a certificate past a newer revocation list or authority.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
  };
}

/**
 * Where a rule has no root: chains of clients may end in an intermediate of it. node:tls has that of no server's options,
 * only of a context that is chosen by the server name.
 */
export function partialChains(clients: ClientRule | null, options: SecureContextOptions): TlsOptions {
  if (clients === null || !isWithoutRoot(clients.authority)) return {};
  const context = createSecureContext({ ...options, allowPartialTrustChain: true });
  return { SNICallback: (_name, done) => done(null, context) };
}

/** Whether a client may stay whose handshake is done: an optional certificate may be absent, not wrong. */
export function isLetIn(socket: TLSSocket, required: boolean): boolean {
  if (socket.authorized) return !socket.isSessionReused();
  return socket.getPeerX509Certificate() === undefined && !required && !socket.isSessionReused();
}

/** Whether two rules let in the same clients. */
export function isSameRule(one: ClientRule | null, other: ClientRule | null): boolean {
  return one?.authority === other?.authority && one?.required === other?.required;
}
