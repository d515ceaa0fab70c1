/** Which fields may not stand in a trailer section (RFC 9110 §6.5.1). */
/** Fields that frame, route, authenticate, control or describe the content: too late once the head was acted upon. */
const FORBIDDEN: ReadonlySet<string> = new Set(
  (
    'content-length transfer-encoding trailer te connection keep-alive proxy-connection upgrade http2-settings ' +
    'host forwarded via x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip location ' +
    'authorization proxy-authorization proxy-authenticate proxy-authentication-info www-authenticate ' +
    'authentication-info cookie set-cookie ' +
    'expect max-forwards cache-control range if-match if-none-match if-modified-since if-unmodified-since if-range ' +
    'content-type content-encoding content-range'
  ).split(' '),
);

/** Whether a field with this lower-case name may only stand in a head. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN.has(name);
}

/** Whether a name of the flat list may only stand in a head. */
export function hasForbiddenTrailer(trailers: readonly string[]): boolean {
  for (let index = 0; index < trailers.length; index += 2) {
    if (FORBIDDEN.has(trailers[index] ?? '')) return true;
  }
  return false;
}

/** The list without them. */
export function withoutForbiddenTrailers(trailers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < trailers.length; index += 2) {
    const name = trailers[index] ?? '';
    if (!FORBIDDEN.has(name)) kept.push(name, trailers[index + 1] ?? '');
  }
  return kept;
}
