/** Which paths `--stream-requests` names: a prefix ends at a slash, as those of routes do. */

/** Whether the path of a request, with its query, stands below one of the prefixes. */
export function isBelow(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => {
    if (!path.startsWith(prefix)) return false;
    const next = path.charAt(prefix.length);
    return prefix.endsWith('/') || next === '' || next === '/' || next === '?';
  });
}
