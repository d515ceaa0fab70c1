/** The PROXY protocol's header, versions 1 and 2 (haproxy doc/proxy-protocol.txt): who the client behind a front is. */

/** TLS as a front ended it for its client (§2.2.5). */
export interface ProxiedTls {
  /** As the front writes it, such as `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name; empty when it was not told. */
  readonly cipher: string;
  /** A client certificate was shown, and the front had verified it. */
  readonly isClientVerified: boolean;
  /** Common name of that certificate; empty when it was not told. */
  readonly commonName: string;
}

/** Both ends of the client's connection, and what its front knows of it. */
export interface ProxiedConnection {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
  /** Server name of the client's handshake (PP2_TYPE_AUTHORITY); empty when it was not told. */
  readonly serverName: string;
  /** Protocol that the front had chosen by ALPN; empty when it was not told. */
  readonly alpn: string;
  /** null: the client came without TLS, or nothing is told of it. */
  readonly tls: ProxiedTls | null;
}

/** What stands at the beginning of a connection. */
export interface ProxyHeader {
  /** The bytes that it takes. */
  readonly length: number;
  /** null: the connection is the front's own (LOCAL, as of a health check) or of an unknown family (UNKNOWN): its real ends count. */
  readonly connection: ProxiedConnection | null;
}

export type ProxyVersion = 'v1' | 'v2';
