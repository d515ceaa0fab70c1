/** The headers that Chromium sends with a page's request for data, as `name: value` lines. */
export const BROWSER_HEADERS: readonly string[] = [
  'user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'accept-encoding: gzip, deflate, br, zstd',
  'accept-language: en-GB,en;q=0.9,de;q=0.8',
  'cache-control: no-cache',
  'cookie: session=3f1c9a52d8e74b06a1c2e5f7908b4d6e; theme=dark; locale=en-GB',
  'referer: https://localhost/account/overview',
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'sec-fetch-dest: document',
  'sec-fetch-mode: navigate',
  'sec-fetch-site: same-origin',
  'upgrade-insecure-requests: 1',
];

/** A browser's, with a Cookie of so many bytes. */
export function withCookie(bytes: number): string[] {
  const value = 'session='.padEnd(bytes, '3f1c9a52d8e74b06a1c2e5f7908b4d6e');
  return BROWSER_HEADERS.map((line) => (line.startsWith('cookie:') ? `cookie: ${value}` : line));
}

/** A browser's, but only gzip is taken: what every peer has. */
export function acceptingGzip(): string[] {
  return BROWSER_HEADERS.map((line) =>
    line.startsWith('accept-encoding:') ? 'accept-encoding: gzip' : line,
  );
}
