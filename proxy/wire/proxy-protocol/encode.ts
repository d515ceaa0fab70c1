/** Writes a PROXY protocol header for a connection that is made for one client. */
import { addressBytes, mapped } from './addresses.js';
import { SIGNATURE } from './decode.js';
import type { ProxiedConnection, ProxyVersion } from './header.js';

/** @param connection null: the connection is our own, such as a health check's */
export function encodeProxyHeader(version: ProxyVersion, connection: ProxiedConnection | null): Buffer {
  return version === 'v1' ? encodeV1(connection) : encodeV2(connection);
}

/** The ends as bytes of one family; null where an address is none. */
function endsOf(connection: ProxiedConnection | null): [source: Buffer, destination: Buffer] | null {
  if (connection === null) return null;
  const source = addressBytes(connection.sourceAddress);
  const destination = addressBytes(connection.destinationAddress);
  if (source === null || destination === null) return null;
  return source.length === destination.length ? [source, destination] : [mapped(source), mapped(destination)];
}

function encodeV1(connection: ProxiedConnection | null): Buffer {
  const ends = endsOf(connection);
  if (ends === null || connection === null) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const isIpv4 = ends[0].length === 4;
  const [source, destination] = ends.map((bytes) => (isIpv4 ? bytes.join('.') : groupsOf(bytes)));
  const ports = `${connection.sourcePort} ${connection.destinationPort}`;
  return Buffer.from(`PROXY ${isIpv4 ? 'TCP4' : 'TCP6'} ${source} ${destination} ${ports}\r\n`, 'latin1');
}

/** All eight groups: §2.1 takes every form, and this one is never mistaken. */
function groupsOf(bytes: Buffer): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return groups.join(':');
}

function encodeV2(connection: ProxiedConnection | null): Buffer {
  const ends = endsOf(connection);
  if (ends === null || connection === null) return Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])]);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(connection.sourcePort, 0);
  ports.writeUInt16BE(connection.destinationPort, 2);
  const rest = Buffer.concat([...ends, ports, ...tlvsOf(connection)]);
  const head = Buffer.from([0x21, ends[0].length === 4 ? 0x11 : 0x21, 0, 0]);
  head.writeUInt16BE(rest.length, 2);
  return Buffer.concat([SIGNATURE, head, rest]);
}

function tlvsOf({ alpn, serverName, tls }: ProxiedConnection): Buffer[] {
  const tlvs: Buffer[] = [];
  if (alpn !== '') tlvs.push(tlv(0x01, alpn));
  if (serverName !== '') tlvs.push(tlv(0x02, serverName));
  if (tls !== null) {
    const inner = [tlv(0x21, tls.version)];
    if (tls.commonName !== '') inner.push(tlv(0x22, tls.commonName));
    if (tls.cipher !== '') inner.push(tlv(0x23, tls.cipher));
    const client = Buffer.from([tls.isClientVerified ? 0x07 : 0x01, 0, 0, 0, 0]);
    // 0 says that a certificate was verified.
    if (!tls.isClientVerified) client.writeUInt32BE(1, 1);
    tlvs.push(tlv(0x20, Buffer.concat([client, ...inner])));
  }
  return tlvs;
}

function tlv(type: number, value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
