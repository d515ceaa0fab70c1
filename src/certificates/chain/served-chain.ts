/** Reads the certificates that a running server sends, exactly as it sends them. */
import { connect as connectPlain, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import { FrontError } from '../../shared/errors.js';

/** Where to connect, and the server name to ask for. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
}

/** What the server sent. */
export interface ServedChain {
  /** DER, in the server's order. */
  readonly certificates: readonly Buffer[];
  /** False where only TLS 1.3 was spoken: it encrypts the certificates, and OpenSSL shows them in its own order. */
  readonly inServersOrder: boolean;
}

const TIMEOUT_MS = 10_000;
const HANDSHAKE_RECORD = 22;
const CERTIFICATE_MESSAGE = 11;

/**
 * Makes a TLS 1.2 handshake, whose certificate message is readable on the wire; TLS 1.3 where 1.2 is refused.
 * @throws FrontError internal when nothing answers or no handshake succeeds
 */
export async function readServedChain(address: ServerAddress): Promise<ServedChain> {
  const certificates = await tapHandshake(address);
  if (certificates.length > 0) return { certificates, inServersOrder: true };
  return { certificates: await readByTls13(address), inServersOrder: false };
}

/** The certificates of a TLS 1.2 handshake; empty when the server refuses it. */
async function tapHandshake(address: ServerAddress): Promise<Buffer[]> {
  const socket = await open(address);
  const tap = new Tap(socket);
  try {
    await handshake(
      connect({ ...tlsOptions(address), socket: tap, maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' }),
    );
  } catch {
    // What matters is what was sent before the handshake failed.
  } finally {
    socket.destroy();
  }
  return readCertificateMessage(Buffer.concat(tap.received));
}

async function readByTls13(address: ServerAddress): Promise<Buffer[]> {
  const socket = await open(address);
  try {
    const secure = connect({ ...tlsOptions(address), socket });
    await handshake(secure);
    return flatten(secure.getPeerCertificate(true));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FrontError('internal', `no TLS handshake with ${address.host}:${address.port}: ${reason}`, {
      hint: 'check that the port speaks TLS, and the name with --host',
      cause,
    });
  } finally {
    socket.destroy();
  }
}

function tlsOptions({ serverName }: ServerAddress) {
  // The chain is to be examined, above all where it would be refused; nothing is sent over this connection.
  return { rejectUnauthorized: false, ...(ipFamily(serverName) === 0 ? { servername: serverName } : {}) };
}

function open({ host, port }: ServerAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectPlain({ host, port });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(
        new FrontError('internal', `cannot connect to ${host}:${port}: ${reason}`, {
          hint: 'check host and port, and that the server runs',
        }),
      );
    };
    socket.setTimeout(TIMEOUT_MS, () => fail('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.once('connect', () => resolve(socket));
  });
}

function handshake(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the handshake takes too long')), TIMEOUT_MS);
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      done();
    };
    socket.once('secureConnect', () => settle(resolve));
    socket.on('error', (error) => settle(() => reject(error)));
    socket.once('close', () => settle(() => reject(new Error('the server closed the connection'))));
  });
}

function flatten(leaf: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  for (let one = leaf; one?.raw !== undefined; one = one.issuerCertificate) {
    if (chain.some((other) => other.equals(one.raw))) break;
    chain.push(one.raw);
  }
  return chain;
}

/** The Certificate message among the plain handshake records (RFC 5246 §6.2.1, §7.4.2). */
export function readCertificateMessage(wire: Buffer): Buffer[] {
  const fragments: Buffer[] = [];
  for (let at = 0; at + 5 <= wire.length && wire[at] === HANDSHAKE_RECORD; ) {
    const length = wire.readUInt16BE(at + 3);
    fragments.push(wire.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  const messages = Buffer.concat(fragments);
  for (let at = 0; at + 4 <= messages.length; ) {
    const length = messages.readUIntBE(at + 1, 3);
    if (messages[at] === CERTIFICATE_MESSAGE) return cutList(messages.subarray(at + 7, at + 4 + length));
    at += 4 + length;
  }
  return [];
}

function cutList(list: Buffer): Buffer[] {
  const certificates: Buffer[] = [];
  for (let at = 0; at + 3 <= list.length; ) {
    const length = list.readUIntBE(at, 3);
    certificates.push(list.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  return certificates;
}

/** Passes bytes on and keeps what was received. */
class Tap extends Duplex {
  readonly received: Buffer[] = [];
  private readonly socket: Socket;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk);
      this.push(chunk);
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', () => this.destroy());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }
}
