/** Reads the address of an upstream as users write it: scheme, then host and port or a socket file. */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import {
  DEFAULT_SCHEME,
  isScheme,
  SCHEME_NAMES,
  SCHEMES,
  type UpstreamScheme,
} from '../../shared/addresses/schemes.js';
import type { UpstreamAddress } from '../../shared/config/apps.js';
import { invalid } from '../read-setting.js';
import { cutAddress, isHostName, readHost, readPort } from './addresses.js';

const HINT = 'write 8080, localhost:8080 or http://localhost:8080';
const UNIX_HINT = 'write the whole path: unix:/run/app.sock';

/** The scheme of a socket file by what stands before its path. */
const FILE_WORDS: ReadonlyMap<string, UpstreamScheme> = new Map(
  SCHEME_NAMES.flatMap((scheme) => SCHEMES[scheme].fileWords.map((word) => [word, scheme] as const)),
);

/** How each scheme is written, for those who wrote another. */
const SPELLINGS = SCHEME_NAMES.flatMap((scheme) => {
  const { codec, defaultPort, fileWords } = SCHEMES[scheme];
  if (codec === 'files') return [];
  const [word] = fileWords;
  const url = defaultPort === null ? `${scheme}://host:port` : `${scheme}://`;
  return word === undefined ? [url] : [url, `${word}:/file`];
});

/** Schemes that another tool would take. Each has its reason for not being taken here. */
const OTHER_SCHEMES: ReadonlySet<string> = new Set([
  'h2',
  'fastcgi',
  'scgi',
  'tcp',
  'https+unix',
  'unix+https',
]);

function refuseScheme(label: string, text: string, scheme: string): never {
  if (isScheme(scheme) && SCHEMES[scheme].codec === 'files') {
    const hint = 'write --root /srv/www, or --static-map /path=/srv/www for files below a path';
    throw invalid(label, text, 'a folder is no server', hint);
  }
  if (scheme === 'ws' || scheme === 'wss') {
    const hint = 'give the http:// address of the app';
    throw invalid(label, text, 'WebSockets need no upstream of their own', hint);
  }
  if (OTHER_SCHEMES.has(scheme)) {
    const hint = `what works: ${SPELLINGS.join(', ')}`;
    throw invalid(label, text, `${scheme} upstreams are not supported`, hint);
  }
  throw invalid(label, text, `${scheme}: is not a scheme of an app`, HINT);
}

/** Host and port of a URL. Read as text: a URL parser would normalise what the user should correct. */
function cutUrl(label: string, text: string, scheme: string, defaultPort: string): string {
  const rest = text.slice(scheme.length + '://'.length);
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  if (end !== -1 && rest.slice(end) !== '/') {
    const hint = `paths reach the app unchanged; write ${scheme}://${authority}`;
    throw invalid(label, text, 'a path or query cannot be given', hint);
  }
  if (authority === '') throw invalid(label, text, 'the host is missing', HINT);
  if (authority.includes('@')) {
    const hint = 'the client sends its own Authorization to the app';
    throw invalid(label, text, 'a user name cannot be given', hint);
  }
  const hasPort = authority.startsWith('[') ? authority.includes(']:') : authority.includes(':');
  return hasPort ? authority : `${authority}:${defaultPort}`;
}

function readSocketFile(label: string, text: string, scheme: UpstreamScheme): UpstreamAddress {
  // `unix:///run/app.sock` is the same file in URL form.
  const path = text.slice(text.indexOf(':') + 1).replace(/^\/\/(?=\/)/, '');
  if (!path.startsWith('/') || path.endsWith('/'))
    throw invalid(label, text, 'not the path of a socket', UNIX_HINT);
  // sun_path of sockaddr_un holds 108 bytes with its NUL; macOS has 104.
  if (Buffer.byteLength(path) > 103) {
    throw invalid(label, text, 'the path is too long for a socket', 'use a path of at most 103 bytes');
  }
  return { scheme, host: '', port: 0, path };
}

/** An app that listens on every address is reached on loopback; not every system connects to 0.0.0.0. */
const REACHED_AT: ReadonlyMap<string, string> = new Map([
  ['', 'localhost'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/**
 * The address of one `--upstream`. Without a host it is `localhost`, which is tried in both families.
 * @throws FrontError config_invalid
 */
export function readUpstreamAddress(label: string, text: string): UpstreamAddress {
  if (text.startsWith('/')) {
    throw invalid(label, text, 'a socket file needs its scheme', `write unix:${text} or uwsgi+unix:${text}`);
  }
  const word = /^([a-z][a-z0-9+.-]*):(?:\/|$)/i.exec(text)?.[1]?.toLowerCase();
  const isFile = isSocketFile(text);
  if (isFile) {
    const name = text.slice(0, text.indexOf(':')).toLowerCase();
    return readSocketFile(label, text, FILE_WORDS.get(name) ?? refuseScheme(label, text, name));
  }
  const scheme = word ?? DEFAULT_SCHEME;
  if (!isScheme(scheme) || SCHEMES[scheme].codec === 'files') refuseScheme(label, text, scheme);
  const { defaultPort } = SCHEMES[scheme];
  const address = word === undefined ? text : cutUrl(label, text, word, defaultPort?.toString() ?? '');
  const parts = cutAddress(address);
  if (parts === null) throw invalid(label, text, 'not an address', `${HINT}; IPv6 goes in brackets`);
  if (parts.host === null && isHostName(address)) {
    throw invalid(label, text, 'the port is missing', `write ${address}:8080 with the port of the app`);
  }
  const port = readPort(label, text, parts.port, HINT);
  if (port === 0) throw invalid(label, text, 'nothing can be reached on port 0', HINT);
  const host = parts.host ?? '';
  return { scheme, host: REACHED_AT.get(host) ?? readHost(label, text, host, HINT), port, path: null };
}

/** A name that moves, as `dns://` and `srv://` begin it: what is spoken there follows a `+`. */
const MOVING = /^(dns|srv)(?:\+([a-z0-9]+))?:\/\/(.*)$/is;
const MOVING_HINT =
  'write dns://app.internal:8080 or srv://_http._tcp.app.internal; dns+h2c:// and the like for other protocols';

/**
 * The address of a name that moves; null: it is none.
 * @throws FrontError config_invalid
 */
export function readMoving(
  label: string,
  text: string,
): (UpstreamAddress & { readonly lookUp: 'dns' | 'srv' }) | null {
  const [, kind = '', spoken = DEFAULT_SCHEME, rest = ''] = MOVING.exec(text) ?? [];
  if (kind === '') return null;
  const scheme = spoken.toLowerCase();
  if (!isScheme(scheme) || SCHEMES[scheme].codec === 'files')
    throw invalid(label, text, `'${spoken}' is spoken by no app`, MOVING_HINT);
  const authority = rest.replace(/\/$/, '');
  if (kind.toLowerCase() === 'srv') {
    if (!/^(?:[a-z0-9_-]+\.)+[a-z0-9-]+\.?$/i.test(authority))
      throw invalid(label, text, 'not the name of a service', MOVING_HINT);
    return { scheme, host: authority.toLowerCase(), port: 0, path: null, lookUp: 'srv' };
  }
  const parts = cutAddress(authority);
  const host = parts?.host ?? '';
  if (parts === null || !isHostName(host) || ipFamily(host) !== 0)
    throw invalid(label, text, 'a name and a port are needed', MOVING_HINT);
  const port = readPort(label, text, parts.port, MOVING_HINT);
  if (port === 0) throw invalid(label, text, 'nothing can be reached on port 0', MOVING_HINT);
  return { scheme, host: host.toLowerCase(), port, path: null, lookUp: 'dns' };
}

/** True for the address of a socket file, whatever it speaks. */
export function isSocketFile(text: string): boolean {
  return /^(?:[a-z0-9]+\+)?unix(?:\+[a-z0-9]+)?:/i.test(text);
}
