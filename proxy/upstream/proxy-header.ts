/** The PROXY protocol header of a connection to an app that is made for one client. */
import type { ConnectionFacts } from '../exchange/types.js';
import { encodeProxyHeader } from '../wire/proxy-protocol/encode.js';
import type { ProxyVersion } from '../wire/proxy-protocol/header.js';

/** Its bytes as latin1 text. Without a client (a health check) it says that the connection is our own. */
export function proxyHeaderFor(version: ProxyVersion, facts: ConnectionFacts): string {
  const { remoteAddress, remotePort, localAddress, localPort, tlsVersion, cipher, serverName } = facts;
  // A port 0: there is no client.
  if (remotePort === 0) return encodeProxyHeader(version, null).toString('latin1');
  const isClientVerified = facts.clientFields.length > 0;
  const header = encodeProxyHeader(version, {
    sourceAddress: remoteAddress,
    sourcePort: remotePort,
    destinationAddress: localAddress,
    destinationPort: localPort,
    serverName,
    alpn: '',
    tls: tlsVersion === '' ? null : { version: tlsVersion, cipher, isClientVerified, commonName: '' },
  });
  return header.toString('latin1');
}
