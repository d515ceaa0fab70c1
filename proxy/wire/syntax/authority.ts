/** Checks `host[:port]` as Host, `:authority`, absolute-form and authority-form carry it (RFC 3986 §3.2.2, RFC 9110 §7.2, RFC 9113 §8.3.1). */
import { HEX_PLUS_ONE, HOST_NAME } from './characters.js';

const COLON = 0x3a;
const DOT = 0x2e;
const OPENING_BRACKET = 0x5b;

/**
 * True for a name of letters, digits and `-._~` without empty labels (a dot may end it), an IPv4 address or a bracketed
 * IPv6 address, with an optional port of 1 to 65535, or an empty one (RFC 3986 §3.2.3). Userinfo, percent-encoding,
 * sub-delims and zone ids are refused: each has been read in two ways by two servers.
 */
export function isAuthority(value: string): boolean {
  const hostEnd = value.charCodeAt(0) === OPENING_BRACKET ? endOfLiteral(value) : endOfName(value);
  if (hostEnd <= 0) return false;
  return (
    hostEnd === value.length ||
    (value.charCodeAt(hostEnd) === COLON && isPort(value, hostEnd + 1, value.length))
  );
}

/** True when a checked authority names a port, which CONNECT's must (RFC 9110 §9.3.6). */
export function hasPort(authority: string): boolean {
  return !authority.endsWith(':') && authority.lastIndexOf(':') > authority.lastIndexOf(']');
}

/** Whether both name the same host and port (RFC 9113 §8.3.1). Scheme '' has no default port. */
export function isSameAuthority(a: string, b: string, scheme: string): boolean {
  if (a === b) return true;
  return withoutDefaultPort(a, scheme).toLowerCase() === withoutDefaultPort(b, scheme).toLowerCase();
}

function withoutDefaultPort(text: string, scheme: string): string {
  if (text.endsWith(':')) return text.slice(0, -1);
  if (scheme === '') return text;
  const suffix = scheme === 'https' ? ':443' : ':80';
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

function endOfName(value: string): number {
  let at = 0;
  // A label is begun by what is no dot.
  let before = DOT;
  while (at < value.length && HOST_NAME[value.charCodeAt(at)] === 1) {
    const code = value.charCodeAt(at);
    if (code === DOT && before === DOT) return 0;
    before = code;
    at += 1;
  }
  return at;
}

function endOfLiteral(value: string): number {
  const end = value.indexOf(']');
  return end > 0 && isIpv6(value.slice(1, end)) ? end + 1 : 0;
}

function isPort(value: string, from: number, to: number): boolean {
  if (from === to) return true;
  let port = 0;
  for (let at = from; at < to; at += 1) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
    if (port > 65535) return false;
  }
  return port > 0 && to - from <= 5;
}

/** Eight groups, or fewer around one `::`; the last two may be an IPv4 address (RFC 3986 §3.2.2). */
function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (let half = 0; half < halves.length; half += 1) {
    const text = halves[half] ?? '';
    if (text === '') continue;
    const parts = text.split(':');
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index] ?? '';
      const isLast = half === halves.length - 1 && index === parts.length - 1;
      if (isHexGroup(part)) groups += 1;
      else if (isLast && isIpv4(part)) groups += 2;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isHexGroup(part: string): boolean {
  for (let at = 0; at < part.length; at += 1) {
    if ((HEX_PLUS_ONE[part.charCodeAt(at)] ?? 0) === 0) return false;
  }
  return part.length >= 1 && part.length <= 4;
}

function isIpv4(part: string): boolean {
  const octets = part.split('.');
  return octets.length === 4 && octets.every((octet) => isOctet(octet));
}

function isOctet(octet: string): boolean {
  if (octet.length < 1 || octet.length > 3 || (octet.length > 1 && octet.startsWith('0'))) return false;
  for (let at = 0; at < octet.length; at += 1) {
    const code = octet.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return Number(octet) <= 255;
}
