/** Reads the addresses of listeners and upstreams as users write them. Resolves no names. */
import { isIP } from 'node:net';
import type { ListenAddress, UpstreamAddress } from './config.js';
import { invalid, misused } from './reading.js';

const LISTEN_HINT = 'write port, host:port, [IPv6]:port, or :port for every address';
const UPSTREAM_HINT = 'write 8080, localhost:8080 or http://localhost:8080';

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

interface HostAndPort {
  /** Null when the text had none, '' when it was empty or `*`. */
  readonly host: string | null;
  readonly port: string;
}

/** Cuts `port`, `host:port`, `[v6]:port`, `:port`, `*:port` apart; null when brackets or colons do not fit. */
function cutAddress(text: string): HostAndPort | null {
  if (text.startsWith('[')) {
    const end = text.indexOf(']:');
    const host = text.slice(1, end);
    return end > 0 && isIP(host) === 6 ? { host, port: text.slice(end + 2) } : null;
  }
  const colon = text.indexOf(':');
  if (colon === -1) return { host: null, port: text };
  if (text.includes(':', colon + 1)) return null;
  const host = text.slice(0, colon);
  return { host: host === '*' ? '' : host, port: text.slice(colon + 1) };
}

function readHost(label: string, text: string, host: string, hint: string): string {
  if (isIP(host) !== 0 || isHostName(host)) return host.toLowerCase();
  throw invalid(label, text, `'${host}' is neither a name nor an IP address`, hint);
}

function readPort(label: string, text: string, port: string, hint: string): number {
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

/** Schemes that another tool would take. Each has its reason for not being taken here. */
const OTHER_SCHEMES: ReadonlySet<string> = new Set([
  'https',
  'h2',
  'h2c',
  'unix',
  'uwsgi',
  'fastcgi',
  'scgi',
  'ws',
  'wss',
  'tcp',
]);

function refuseScheme(label: string, text: string, scheme: string): never {
  if (scheme === 'ws' || scheme === 'wss') {
    throw invalid(
      label,
      text,
      'WebSockets need no upstream of their own',
      'give the http:// address of the app',
    );
  }
  if (OTHER_SCHEMES.has(scheme)) {
    throw invalid(label, text, `${scheme} upstreams come later`, `what works now: ${UPSTREAM_HINT.slice(6)}`);
  }
  throw invalid(label, text, `${scheme}: is not a scheme of an app`, UPSTREAM_HINT);
}

/** Host and port of an `http://` URL. Read as text: a URL parser would normalise what the user should correct. */
function cutHttpUrl(label: string, text: string): string {
  const rest = text.slice('http://'.length);
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  if (end !== -1 && rest.slice(end) !== '/') {
    throw invalid(
      label,
      text,
      'a path or query cannot be given',
      `paths reach the app unchanged; write http://${authority}`,
    );
  }
  if (authority === '') throw invalid(label, text, 'the host is missing', UPSTREAM_HINT);
  if (authority.includes('@')) {
    throw invalid(
      label,
      text,
      'a user name cannot be given',
      'the client sends its own Authorization to the app',
    );
  }
  const hasPort = authority.startsWith('[') ? authority.includes(']:') : authority.includes(':');
  return hasPort ? authority : `${authority}:80`;
}

/** An app that listens on every address is reached on loopback; not every system connects to 0.0.0.0. */
const REACHED_AT: ReadonlyMap<string, string> = new Map([
  ['', 'localhost'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/**
 * One `--upstream`. Without a host it is `localhost`, which is tried in both families.
 * @throws FrontError config_invalid
 */
export function readUpstream(label: string, text: string): UpstreamAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):(?:\/\/|\/)/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http') refuseScheme(label, text, scheme);
  if (/^unix:/i.test(text) || text.startsWith('/')) refuseScheme(label, text, 'unix');
  const address = scheme === 'http' ? cutHttpUrl(label, text) : text;
  const parts = cutAddress(address);
  if (parts === null) throw invalid(label, text, 'not an address', `${UPSTREAM_HINT}; IPv6 goes in brackets`);
  if (parts.host === null && isHostName(address)) {
    throw invalid(label, text, 'the port is missing', `write ${address}:8080 with the port of the app`);
  }
  const port = readPort(label, text, parts.port, UPSTREAM_HINT);
  if (port === 0) throw invalid(label, text, 'nothing can be reached on port 0', UPSTREAM_HINT);
  const host = parts.host ?? '';
  return { scheme: 'http', host: REACHED_AT.get(host) ?? readHost(label, text, host, UPSTREAM_HINT), port };
}

/** `--http-to-https`'s second field. */
export function readHttpsPort(label: string, text: string, field: string | undefined): number | null {
  if (field === undefined) return null;
  const port = readPort(label, text, field, 'write [host:]port,https-port');
  if (port === 0)
    throw misused(`${label} ${text}: nobody can be redirected to port 0`, 'name the HTTPS port');
  return port;
}
