/** Reads the addresses of listeners as users write them, and the parts of any address. Resolves no names. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { ListenAddress } from '../../shared/config/listeners.js';
import { invalid, misused } from '../read-setting.js';

const LISTEN_HINT = 'write port, host:port, [IPv6]:port, or :port for every address';

/** The port a text names, 0 to 65535; null when it names none. */
export function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 65_536;
  return port <= 65_535 ? port : null;
}

/** True for a name that DNS or /etc/hosts could know: labels of letters, digits, hyphens, underscores. */
export function isHostName(text: string): boolean {
  const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
  const labels = text.replace(/\.$/, '').split('.');
  // A name whose last label is a number is a broken IPv4 address (RFC 1123 §2.1).
  return text.length <= 253 && labels.every((part) => label.test(part)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

export interface HostAndPort {
  /** Null when the text had none, '' when it was empty or `*`. */
  readonly host: string | null;
  readonly port: string;
}

/** Cuts `port`, `host:port`, `[v6]:port`, `:port`, `*:port` apart; null when brackets or colons do not fit. */
export function cutAddress(text: string): HostAndPort | null {
  if (text.startsWith('[')) {
    const end = text.indexOf(']:');
    const host = text.slice(1, end);
    return end > 0 && ipFamily(host) === 6 ? { host, port: text.slice(end + 2) } : null;
  }
  const colon = text.indexOf(':');
  if (colon === -1) return { host: null, port: text };
  if (text.includes(':', colon + 1)) return null;
  const host = text.slice(0, colon);
  return { host: host === '*' ? '' : host, port: text.slice(colon + 1) };
}

/** @throws FrontError config_invalid when it is neither a name nor an address */
export function readHost(label: string, text: string, host: string, hint: string): string {
  if (ipFamily(host) !== 0 || isHostName(host)) return host.toLowerCase();
  throw invalid(label, text, `'${host}' is neither a name nor an IP address`, hint);
}

/** @throws FrontError config_invalid when it is no port */
export function readPort(label: string, text: string, port: string, hint: string): number {
  const number = parsePort(port);
  if (number !== null) return number;
  const reason = /^\d+$/.test(port)
    ? `port ${port} is out of range, 65535 is the last`
    : `'${port}' is not a port`;
  throw invalid(label, text, port === '' ? 'the port is missing' : reason, hint);
}

/** A listen address that names a scheme, a socket file or a shared socket gets a sentence of its own. */
function refuseOtherSockets(label: string, text: string): void {
  if (text.startsWith('=')) {
    throw invalid(label, text, 'shared sockets are not supported', `give the address itself: ${LISTEN_HINT}`);
  }
  if (text.includes('/')) {
    throw invalid(label, text, 'neither URLs nor socket files can be listened on', LISTEN_HINT);
  }
}

/**
 * The addresses that a listener option stands for. Without a host (or with `localhost`) that is loopback in both
 * families, but IPv4 alone for port 0: each family would get another port.
 * @param loopback the machine's loopback addresses, IPv4 first
 * @throws FrontError config_invalid
 */
export function readListenAddress(
  label: string,
  text: string,
  loopback: readonly string[],
): readonly ListenAddress[] {
  refuseOtherSockets(label, text);
  const parts = cutAddress(text);
  if (parts === null) throw invalid(label, text, 'not an address', LISTEN_HINT);
  const port = readPort(label, text, parts.port, LISTEN_HINT);
  if (parts.host === '') return [{ host: '', port }];
  if (parts.host !== null && parts.host.toLowerCase() !== 'localhost') {
    return [{ host: readHost(label, text, parts.host, LISTEN_HINT), port }];
  }
  return (port === 0 ? loopback.slice(0, 1) : loopback).map((host) => ({ host, port }));
}

/** `--http-to-https`'s second field. */
export function readHttpsPort(label: string, text: string, field: string | undefined): number | null {
  if (field === undefined) return null;
  const port = readPort(label, text, field, 'write [host:]port,https-port');
  if (port === 0)
    throw misused(`${label} ${text}: nobody can be redirected to port 0`, 'name the HTTPS port');
  return port;
}
