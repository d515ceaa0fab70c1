/** Set-Cookie of an app that does not know where its users are: Secure, and a Domain they would refuse (RFC 6265 §5.3). */
import { isIP } from 'node:net';

/** What a cookie is fitted to. */
export interface CookiePlace {
  /** Add Secure where it is missing. */
  readonly secure: boolean;
  /** Host the app was asked for, without port; empty when it was the client's own. */
  readonly sentHost: string;
  /** Host the client asked for, without port. */
  readonly clientHost: string;
  /** Beginning of the path that the app did not see (`--strip-prefix`); empty: it saw all. */
  readonly prefix: string;
}

/**
 * The cookie as the client should get it. A Domain that fits the app's host but not the client's is put to the client's
 * name, or taken out where that would not be a Domain (the cookie then belongs to the client's host alone). A Path of the
 * app's own gets the prefix in front; `/` covers it already.
 */
export function rewriteSetCookie(cookie: string, place: CookiePlace): string {
  const [pair = '', ...attributes] = cookie.split(';');
  let out = pair;
  let secure = false;
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    const name = (equals === -1 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
    if (name === 'secure') secure = true;
    if (name === 'domain' && place.sentHost !== '') out += moveDomain(attribute, equals, place);
    else if (name === 'path' && place.prefix !== '') out += movePath(attribute, equals, place.prefix);
    else out += `;${attribute}`;
  }
  return place.secure && !secure ? `${out}; Secure` : out;
}

/** The Domain attribute with its semicolon, or nothing. */
function moveDomain(attribute: string, equals: number, { sentHost, clientHost }: CookiePlace): string {
  const written = equals === -1 ? '' : attribute.slice(equals + 1).trim();
  const domain = (written.startsWith('.') ? written.slice(1) : written).toLowerCase();
  if (isWithin(clientHost, domain) || !isWithin(sentHost, domain)) return `;${attribute}`;
  const isName = clientHost.includes('.') && isIP(clientHost) === 0;
  return domain === sentHost && isName ? `; Domain=${clientHost}` : '';
}

function movePath(attribute: string, equals: number, prefix: string): string {
  const path = equals === -1 ? '' : attribute.slice(equals + 1).trim();
  const isOwn = path.length > 1 && path.startsWith('/') && path !== prefix && !path.startsWith(`${prefix}/`);
  return isOwn ? `; Path=${prefix}${path}` : `;${attribute}`;
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
