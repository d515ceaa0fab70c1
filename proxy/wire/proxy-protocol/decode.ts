/** Reads a PROXY protocol header from the first bytes of a connection. */
import { isIPv4, isIPv6 } from 'node:net';
import { addressText, canonicalIpv6 } from './addresses.js';
import { crc32c } from './crc32c.js';
import type { ProxiedConnection, ProxiedTls, ProxyHeader } from './header.js';

/** §2.2. */
export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V1_START = Buffer.from('PROXY ', 'latin1');
/** §2.1: the longest line of version 1, with its line end. */
const MAX_V1_BYTES = 107;
/** Fixed part of version 2. */
const V2_BYTES = 16;
/** Longest header of version 2 that is read: addresses and all TLVs that anybody sends are within it. */
export const MAX_V2_BYTES = V2_BYTES + 4096;

/**
 * The header at the start of the bytes; `more`: it is not whole yet; `invalid`: there is none, or one that must not be believed.
 * Whoever waits must bound the time: the bytes are bounded here.
 */
export function decodeProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  if (startsAlike(bytes, SIGNATURE)) return bytes.length < V2_BYTES ? 'more' : decodeV2(bytes);
  if (startsAlike(bytes, V1_START)) return decodeV1(bytes);
  return 'invalid';
}

/** Whether as many bytes as there are agree. */
function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function decodeV1(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf('\r\n');
  if (end === -1) return bytes.length < MAX_V1_BYTES ? 'more' : 'invalid';
  const length = end + 2;
  const line = bytes.toString('latin1', 0, end);
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { length, connection: null };
  const [, family, source = '', destination = '', ...ports] = line.split(' ');
  const [sourcePort, destinationPort, ...rest] = ports.map(readPort);
  const isFamily = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIpv6 : null;
  if (isFamily === null || rest.length > 0 || !isFamily(source) || !isFamily(destination)) return 'invalid';
  if (typeof sourcePort !== 'number' || typeof destinationPort !== 'number') return 'invalid';
  return { length, connection: untold(plain(source), sourcePort, plain(destination), destinationPort) };
}

/** Without a zone, which means something on the machine that wrote it only. */
function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

/** As sockets write it: IPv4 within IPv6 in its own form. */
function plain(address: string): string {
  if (isIPv4(address)) return address;
  return unmapped(canonicalIpv6(address));
}

function unmapped(address: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  const number = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** §2.1: decimal, 0 to 65535, without leading zeros. */
function readPort(text: string): number | null {
  if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return null;
  const port = Number(text);
  return port <= 0xffff ? port : null;
}

function untold(
  sourceAddress: string,
  sourcePort: number,
  destinationAddress: string,
  destinationPort: number,
): ProxiedConnection {
  const addresses = { sourceAddress, sourcePort, destinationAddress, destinationPort };
  return { ...addresses, serverName: '', alpn: '', tls: null };
}

const LOCAL = 0x20;
const PROXY = 0x21;
/** Address family and transport (§2.2): bytes of one address. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
]);

function decodeV2(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const command = bytes[12];
  if (command !== LOCAL && command !== PROXY) return 'invalid';
  const length = V2_BYTES + bytes.readUInt16BE(14);
  if (length > MAX_V2_BYTES) return 'invalid';
  if (bytes.length < length) return 'more';
  // LOCAL's addresses are to be passed over, whatever they are.
  if (command === LOCAL) return { length, connection: null };
  const size = ADDRESS_BYTES.get(bytes[13] ?? 0);
  // Sockets of files, datagrams and what is not specified: real ends count (§2.2).
  if (size === undefined) return (bytes[13] ?? 0) <= 0x32 ? { length, connection: null } : 'invalid';
  const end = V2_BYTES + 2 * size + 4;
  if (end > length) return 'invalid';
  const told = readTlvs(bytes, end, length);
  if (told === null) return 'invalid';
  const at = V2_BYTES;
  return {
    length,
    connection: {
      ...untold(
        unmapped(addressText(bytes.subarray(at, at + size))),
        bytes.readUInt16BE(at + 2 * size),
        unmapped(addressText(bytes.subarray(at + size, at + 2 * size))),
        bytes.readUInt16BE(at + 2 * size + 2),
      ),
      ...told,
    },
  };
}

const ALPN = 0x01;
const AUTHORITY = 0x02;
const CRC32C = 0x03;
const SSL = 0x20;
const SSL_VERSION = 0x21;
const SSL_COMMON_NAME = 0x22;
const SSL_CIPHER = 0x23;
const CLIENT_SSL = 0x01;
const CLIENT_CERT_CONNECTION = 0x02;

type Told = Pick<ProxiedConnection, 'serverName' | 'alpn' | 'tls'>;

/** What the TLVs in `[from, to)` tell (§2.2.1 and after); null when they are not well-formed or their checksum is wrong. */
function readTlvs(bytes: Buffer, from: number, to: number): Told | null {
  let told: Told = { serverName: '', alpn: '', tls: null };
  for (let at = from; at < to; ) {
    if (at + 3 > to) return null;
    const start = at + 3;
    const end = start + bytes.readUInt16BE(at + 1);
    if (end > to) return null;
    const value = bytes.subarray(start, end);
    switch (bytes[at]) {
      case ALPN:
        told = { ...told, alpn: printable(value) };
        break;
      case AUTHORITY:
        told = { ...told, serverName: printable(value).toLowerCase() };
        break;
      case CRC32C:
        if (value.length !== 4 || crc32c(bytes.subarray(0, to), start, end) !== value.readUInt32BE(0))
          return null;
        break;
      case SSL: {
        const tls = readTls(value);
        if (tls === undefined) return null;
        told = { ...told, tls };
        break;
      }
      // NOOP, UNIQUE_ID, NETNS and what others have made up (§2.2.7) say nothing to us.
      default:
    }
    at = end;
  }
  return told;
}

/** §2.2.5; null: no TLS, undefined: not well-formed. */
function readTls(value: Buffer): ProxiedTls | null | undefined {
  if (value.length < 5) return undefined;
  const client = value[0] ?? 0;
  const tls = { version: '', cipher: '', commonName: '' };
  for (let at = 5; at < value.length; ) {
    if (at + 3 > value.length) return undefined;
    const end = at + 3 + value.readUInt16BE(at + 1);
    if (end > value.length) return undefined;
    const text = printable(value.subarray(at + 3, end));
    if (value[at] === SSL_VERSION) tls.version = text;
    else if (value[at] === SSL_COMMON_NAME) tls.commonName = text;
    else if (value[at] === SSL_CIPHER) tls.cipher = text;
    at = end;
  }
  if ((client & CLIENT_SSL) === 0) return null;
  // 0: the certificate was verified.
  const isClientVerified = (client & CLIENT_CERT_CONNECTION) !== 0 && value.readUInt32BE(1) === 0;
  return { ...tls, version: tls.version || 'TLS', isClientVerified };
}

/** Visible ASCII as it is; anything else is no name or number that we would pass on. */
function printable(value: Buffer): string {
  const text = value.toString('latin1');
  return /^[!-~]*$/.test(text) && text.length <= 255 ? text : '';
}
