/** Syntax and sameness of `:authority` and `host` (RFC 9113 §8.3.1, RFC 3986 §3.2). */
import { isHostText, parseDigits } from './field-syntax.js';

function isPort(text: string): boolean {
  const port = text.length <= 5 ? parseDigits(text) : -1;
  return port >= 0 && port <= 65_535;
}

function isAddressLiteral(text: string): boolean {
  if (text.length < 2) return false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const isHexadecimal =
      (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
    if (!isHexadecimal && code !== 0x3a && code !== 0x2e) return false;
  }
  return text.includes(':');
}

/** A host with or without a port; no userinfo, nothing that a router could read in two ways. */
export function isAuthority(text: string): boolean {
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf(']');
    if (close < 0 || !isAddressLiteral(text.slice(1, close))) return false;
    if (close === text.length - 1) return true;
    return text.charCodeAt(close + 1) === 0x3a && isPort(text.slice(close + 2));
  }
  const colon = text.indexOf(':');
  if (colon < 0) return isHostText(text, 0, text.length);
  return isHostText(text, 0, colon) && isPort(text.slice(colon + 1));
}

/** An authority that names its port, as CONNECT needs it (RFC 9113 §8.5). */
export function isAuthorityWithPort(text: string): boolean {
  return isAuthority(text) && text.lastIndexOf(':') > text.lastIndexOf(']');
}

function withoutDefaultPort(text: string, scheme: string): string {
  if (scheme === '') return text;
  const suffix = scheme === 'https' ? ':443' : ':80';
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

/** Whether both name the same host and port (RFC 9113 §8.3.1). Scheme '' has no default port. */
export function isSameAuthority(a: string, b: string, scheme: string): boolean {
  if (a === b) return true;
  return withoutDefaultPort(a, scheme).toLowerCase() === withoutDefaultPort(b, scheme).toLowerCase();
}
