/** Reads what decides about a TLS connection from its first bytes: the server name, the tickets and the protocols (RFC 8446 §4.1.2, RFC 6066 §3, RFC 5077 §3.2, RFC 7301). */

/** What a client asks for. */
export interface ClientHello {
  /** In lower case; empty when none was sent. */
  readonly serverName: string;
  /** Names of the keys that the offered tickets were made with. */
  readonly ticketKeyNames: readonly Buffer[];
  /** Protocols that the client offers (ALPN, RFC 7301); empty when none was sent. */
  readonly protocols: readonly string[];
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const PROTOCOLS = 16;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
/** Bytes at the start of a ticket that name the key it was made with (RFC 5077 §4). */
const KEY_NAME_BYTES = 16;
/** Hellos with post-quantum keys have about 1.8 KB; more than this is nobody's. */
export const MAX_HELLO_BYTES = 16 * 1024;

/** The ClientHello at the start of the bytes; `more`: it is not complete yet; `none`: there is none. */
export function readClientHello(bytes: Buffer): ClientHello | 'more' | 'none' {
  if (bytes.length >= 1 && bytes[0] !== HANDSHAKE_RECORD) return 'none';
  const message = joinRecords(bytes);
  if (message === null) return 'none';
  if (message.length < 4) return 'more';
  if (message[0] !== CLIENT_HELLO) return 'none';
  const end = 4 + message.readUIntBE(1, 3);
  if (end > MAX_HELLO_BYTES) return 'none';
  if (message.length < end) return 'more';
  return readExtensions(message.subarray(4, end));
}

/** The handshake bytes of all complete records; null when something else comes between. */
function joinRecords(bytes: Buffer): Buffer | null {
  const fragments: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    if (bytes[at] !== HANDSHAKE_RECORD) return null;
    const length = bytes.readUInt16BE(at + 3);
    fragments.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return fragments.length === 1 ? (fragments[0] ?? null) : Buffer.concat(fragments);
}

function readExtensions(hello: Buffer): ClientHello | 'none' {
  // legacy_version and random, then session id, cipher suites, compression methods.
  let at = 34;
  at += 1 + (hello[at] ?? 0);
  if (at + 2 > hello.length) return 'none';
  at += 2 + hello.readUInt16BE(at);
  at += 1 + (hello[at] ?? 0);
  const ticketKeyNames: Buffer[] = [];
  let serverName = '';
  let protocols: string[] = [];
  for (at += 2; at + 4 <= hello.length; ) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    const body = hello.subarray(at + 4, at + 4 + length);
    if (type === SERVER_NAME) serverName = readServerName(body);
    else if (type === PROTOCOLS) protocols = readProtocols(body);
    else if (type === SESSION_TICKET && length > KEY_NAME_BYTES) {
      ticketKeyNames.push(body.subarray(0, KEY_NAME_BYTES));
    } else if (type === PRE_SHARED_KEY) ticketKeyNames.push(...readIdentities(body));
    at += 4 + length;
  }
  return { serverName, ticketKeyNames, protocols };
}

/** The one host_name of a ServerNameList. */
function readServerName(body: Buffer): string {
  if (body.length < 5 || body[2] !== 0) return '';
  return body.toString('latin1', 5, 5 + body.readUInt16BE(3)).toLowerCase();
}

/** Names of a ProtocolNameList (RFC 7301 §3.1). */
function readProtocols(body: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; at < body.length; ) {
    const length = body[at] ?? 0;
    names.push(body.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return names;
}

/** Identities of OfferedPsks (RFC 8446 §4.2.11). */
function readIdentities(body: Buffer): Buffer[] {
  const names: Buffer[] = [];
  if (body.length < 2) return names;
  const end = Math.min(body.length, 2 + body.readUInt16BE(0));
  for (let at = 2; at + 2 <= end; ) {
    const length = body.readUInt16BE(at);
    if (length > KEY_NAME_BYTES && at + 2 + length <= end) {
      names.push(body.subarray(at + 2, at + 2 + KEY_NAME_BYTES));
    }
    // obfuscated_ticket_age follows each identity.
    at += 2 + length + 4;
  }
  return names;
}
