/** Makes of a request's path the name of a file below a folder, or nothing: no way leads out of it, and none to what is hidden. */

/** What names cannot hold: control characters, and the backslash, which is a slash to some. */
const NEVER = /[\p{Cc}\\]/u;
/** An encoded slash is no slash (RFC 3986 §2.2), and no file has it in its name. */
const ENCODED_SLASH = /%2f/i;
/** Windows opens `a.txt.` and `a.txt ` as `a.txt`, and `a.txt:x` as a stream of it. */
const ODD_ON_WINDOWS = /[. ]$|:/;

/** The one hidden folder that is public (RFC 8615). */
const WELL_KNOWN = '.well-known';

/**
 * The name below the folder, segments joined by `/`; empty: the folder itself; null: no file has this path.
 * @param path as sent, with its query
 */
export function fileNameOf(path: string, isWindows = process.platform === 'win32'): string | null {
  const query = path.indexOf('?');
  const raw = query === -1 ? path : path.slice(0, query);
  if (!raw.startsWith('/')) return null;
  const decoded = raw.includes('%') ? decode(raw) : raw;
  if (decoded === null || NEVER.test(decoded)) return null;
  let name = '';
  for (const segment of decoded.split('/')) {
    // Several slashes are one, as for the system.
    if (segment === '') continue;
    // `.` and `..` too.
    if (segment.startsWith('.') && (name !== '' || segment !== WELL_KNOWN)) return null;
    if (isWindows && ODD_ON_WINDOWS.test(segment)) return null;
    name = name === '' ? segment : `${name}/${segment}`;
  }
  return name;
}

/** Once: what is encoded twice is a name with a percent sign. */
function decode(raw: string): string | null {
  if (ENCODED_SLASH.test(raw)) return null;
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}

/** Whether a path, as sent, ends with a slash. */
export function endsWithSlash(path: string): boolean {
  const query = path.indexOf('?');
  return path.charAt((query === -1 ? path.length : query) - 1) === '/';
}
