/** Which proxy leads to a host, by the variables that curl, Node and package managers read; and a connection through it. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { blockHolds, parseBlock } from '../../../shared/addresses/address-blocks.js';
import { formatHostPort } from '../../../shared/addresses/host-port.js';
import { ipFamily } from '../../../shared/addresses/ip-family.js';

/** The environment's word on proxies. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

const CONNECT_MS = 20_000;

/**
 * The proxy for an https address: `HTTPS_PROXY`, else `ALL_PROXY`, in small letters first; null: none.
 * @throws TypeError when the variable holds no address of a proxy
 */
export function proxyFor({ hostname, port }: URL, environment: ProxyEnvironment): URL | null {
  const value = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const text = value('HTTPS_PROXY') || value('ALL_PROXY');
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (text === '' || isExcepted(host, port === '' ? '443' : port, value('NO_PROXY'))) return null;
  const address = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(address)) throw new TypeError(`HTTPS_PROXY is no address of a proxy: ${text}`);
  const proxy = new URL(address);
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return proxy;
  throw new TypeError(`HTTPS_PROXY names a kind of proxy that is not supported: ${proxy.protocol}//`);
}

/** `NO_PROXY` holds names with all beneath them, `*`, `name:port`, and addresses or blocks of them (`10.0.0.0/8`), between commas or blanks. */
function isExcepted(host: string, port: string, exceptions: string): boolean {
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((text) => text !== '')
    .some((text) => {
      if (text === '*') return true;
      const block = text.includes('/') ? parseBlock(text) : null;
      if (block !== null) return blockHolds(block, host);
      const [, name = '', only] =
        /^\[?(.*?)\]?(?::(\d+))?$/.exec(ipFamily(text) === 6 ? `[${text}]` : text) ?? [];
      if (only !== undefined && only !== port) return false;
      const bare = name.replace(/^\*?\./, '');
      return host === bare || (ipFamily(host) === 0 && host.endsWith(`.${bare}`));
    });
}

/**
 * A connection to the host through the proxy (CONNECT, RFC 9110 §9.3.6).
 * @throws Error when the proxy does not answer, or refuses
 */
export function connectThrough(proxy: URL, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const authority = formatHostPort(host, port);
  const { username, password, protocol } = proxy;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const asked = send(proxy, {
      method: 'CONNECT',
      path: authority,
      agent: false,
      timeout: CONNECT_MS,
      signal,
      headers: {
        host: authority,
        ...(username === ''
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
    asked.once('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy ${proxy.host} answers with status ${statusCode}`));
    });
    asked.once('response', ({ statusCode }) => {
      asked.destroy();
      reject(new Error(`the proxy ${proxy.host} answers with status ${statusCode}`));
    });
    asked.once('timeout', () => asked.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
    asked.once('error', reject);
    asked.end();
  });
}
