/** Writes a host and its port as one text: IPv6 addresses stand in brackets (RFC 3986 §3.2.2). */

/** The host as it stands before a port. */
export function bracketHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** `host:port`, `[::1]:port`. */
export function formatHostPort(host: string, port: number): string {
  return `${bracketHost(host)}:${port}`;
}

/** The same of a listener, where no host means every address: `*:port`. */
export function formatListenAddress(host: string, port: number): string {
  return formatHostPort(host === '' ? '*' : host, port);
}

/** Whether an address is this machine's own, which nobody else can reach. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
