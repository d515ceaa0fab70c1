/** Takes secrets out of what the log says of a request: values in the query of a path or an address, by their names. */

/** What stands in place of a value. */
const REDACTED = '***';

/** The text with the values of these names in its query, and in parameters of its path (`;jsessionid=…`), replaced. @param names lower-case */
export function redactQuery(text: string, names: readonly string[]): string {
  if (names.length === 0) return text;
  const start = text.indexOf('?');
  const path = start === -1 ? text : text.slice(0, start);
  const cleaned = path.includes(';') ? redactParameters(path, names) : path;
  if (start === -1) return cleaned;
  const end = text.indexOf('#', start);
  const query = end === -1 ? text.slice(start + 1) : text.slice(start + 1, end);
  const pairs = query.split('&').map((pair) => redactPair(pair, names));
  return `${cleaned}?${pairs.join('&')}${end === -1 ? '' : text.slice(end)}`;
}

/** An address without user and password (RFC 3986 §3.2.1). */
export function redactUser(address: string): string {
  const start = address.indexOf('//');
  if (start === -1) return address;
  const from = start + 2;
  const slash = address.indexOf('/', from);
  const authority = slash === -1 ? address.slice(from) : address.slice(from, slash);
  const at = authority.lastIndexOf('@');
  return at === -1 ? address : `${address.slice(0, from)}${REDACTED}${address.slice(from + at)}`;
}

function redactParameters(path: string, names: readonly string[]): string {
  return path
    .split('/')
    .map((segment) => {
      const [first = '', ...parameters] = segment.split(';');
      return [first, ...parameters.map((pair) => redactPair(pair, names))].join(';');
    })
    .join('/');
}

function redactPair(pair: string, names: readonly string[]): string {
  const equals = pair.indexOf('=');
  if (equals === -1 || !names.includes(nameOf(pair.slice(0, equals)))) return pair;
  return `${pair.slice(0, equals + 1)}${REDACTED}`;
}

/** As an app would read it: `%74oken` is token too. */
function nameOf(written: string): string {
  if (!written.includes('%')) return written.toLowerCase();
  try {
    return decodeURIComponent(written).toLowerCase();
  } catch {
    return written.toLowerCase();
  }
}
