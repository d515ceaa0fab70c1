/** Takes secrets out of what the log says of a request: values in the query of a path or an address, by their names. */

/** What stands in place of a value. */
const REDACTED = '***';

/** The text with the values of these names in its query replaced. @param names lower-case */
export function redactQuery(text: string, names: readonly string[]): string {
  const start = text.indexOf('?');
  if (start === -1 || names.length === 0) return text;
  const end = text.indexOf('#', start);
  const query = end === -1 ? text.slice(start + 1) : text.slice(start + 1, end);
  const pairs = query.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    if (equals === -1 || !names.includes(nameOf(pair.slice(0, equals)))) return pair;
    return `${pair.slice(0, equals + 1)}${REDACTED}`;
  });
  return `${text.slice(0, start + 1)}${pairs.join('&')}${end === -1 ? '' : text.slice(end)}`;
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
