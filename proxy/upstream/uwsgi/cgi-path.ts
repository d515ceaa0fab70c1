/** PATH_INFO as CGI and WSGI want it: decoded bytes without dot segments. */

const PERCENT = 0x25;

/**
 * The bytes (latin1) of a path with its percent signs decoded and `.` and `..` taken out, as uWSGI's router does it
 * (RFC 3986 §5.2.4), but also where the dots or slashes were encoded. Signs that are no encoding stay.
 */
export function decodeCgiPath(path: string): string {
  const decoded = path.indexOf('%') === -1 ? path : decodePercents(path);
  return decoded.indexOf('/.') === -1 ? decoded : removeDotSegments(decoded);
}

function decodePercents(path: string): string {
  let text = '';
  let from = 0;
  for (let at = 0; at < path.length; at += 1) {
    if (path.charCodeAt(at) !== PERCENT) continue;
    const high = hexDigit(path.charCodeAt(at + 1));
    const low = hexDigit(path.charCodeAt(at + 2));
    if (high === -1 || low === -1) continue;
    text += path.slice(from, at) + String.fromCharCode(high * 16 + low);
    from = at + 3;
    at += 2;
  }
  return text + path.slice(from);
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '..') kept.splice(Math.max(1, kept.length - 1), 1);
    else if (segment !== '.') kept.push(segment);
  }
  const last = segments.at(-1);
  if (last === '.' || last === '..') kept.push('');
  return kept.join('/');
}
