/** Turns a field name's bytes into a lower-case string, without an allocation for the names everybody sends. */

/** Index of a name the decoders act upon; the first entries of the table below. */
export const HOST = 0;
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const CONNECTION = 3;
export const UPGRADE = 4;
export const EXPECT = 5;
export const KEEP_ALIVE = 6;
/** How many names the decoders act upon. */
export const ACTED_UPON = 7;

const KNOWN = (
  'host content-length transfer-encoding connection upgrade expect keep-alive ' +
  'accept accept-charset accept-encoding accept-language accept-ranges age allow alt-svc authorization ' +
  'cache-control clear-site-data content-disposition content-encoding content-language content-location ' +
  'content-range content-security-policy content-type cookie cross-origin-embedder-policy ' +
  'cross-origin-opener-policy cross-origin-resource-policy date dnt downlink early-data etag expires forwarded ' +
  'from if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link ' +
  'location max-forwards nel origin permissions-policy pragma priority proxy-authenticate ' +
  'proxy-authorization proxy-connection range referer referrer-policy report-to retry-after rtt save-data ' +
  'sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model ' +
  'sec-ch-ua-platform sec-ch-ua-platform-version sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-storage-access ' +
  'sec-fetch-user sec-gpc sec-purpose sec-websocket-accept sec-websocket-extensions sec-websocket-key ' +
  'sec-websocket-protocol sec-websocket-version server server-timing set-cookie source-map ' +
  'strict-transport-security te timing-allow-origin trailer upgrade-insecure-requests user-agent vary via ' +
  'warning www-authenticate x-content-type-options x-correlation-id x-csrf-token x-dns-prefetch-control ' +
  'x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-powered-by ' +
  'x-real-ip x-request-id x-requested-with x-runtime x-ua-compatible x-xss-protection ' +
  'access-control-allow-credentials access-control-allow-headers access-control-allow-methods ' +
  'access-control-allow-origin access-control-expose-headers access-control-max-age ' +
  'access-control-request-headers access-control-request-method traceparent tracestate'
).split(' ');

/** Tells upper from lower case; of two token bytes that differ in it alone, both are letters or neither is known. */
const CASE_BIT = 0x20;
const SLOTS = 1024;
/** Open addressing with linear probing: a slot holds an index into KNOWN plus one, 0 when free. */
const slots = new Uint8Array(SLOTS);
const LETTERS = new Uint8Array(Buffer.from(KNOWN.join(''), 'latin1'));
const starts = new Uint16Array(KNOWN.length + 1);

function slotOf(bytes: Uint8Array, from: number, to: number): number {
  const first = (bytes[from] ?? 0) | CASE_BIT;
  const middle = (bytes[(from + to) >> 1] ?? 0) | CASE_BIT;
  const last = (bytes[to - 1] ?? 0) | CASE_BIT;
  return ((to - from) * 37 + first * 5 + middle * 61 + last * 131) & (SLOTS - 1);
}

let letters = 0;
KNOWN.forEach((name, index) => {
  let slot = slotOf(LETTERS, letters, letters + name.length);
  while (slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
  slots[slot] = index + 1;
  letters += name.length;
  starts[index + 1] = letters;
});

/** The index of the name at `[from, to)` of `bytes`, in any case, or -1. The bytes must be token bytes. */
export function findName(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  for (let slot = slotOf(bytes, from, to); ; slot = (slot + 1) & (SLOTS - 1)) {
    const index = (slots[slot] ?? 0) - 1;
    if (index < 0) return -1;
    const start = starts[index] ?? 0;
    if ((starts[index + 1] ?? 0) - start === length && isSame(bytes, from, length, start)) return index;
  }
}

function isSame(bytes: Uint8Array, from: number, length: number, start: number): boolean {
  for (let offset = 0; offset < length; offset += 1) {
    if (((bytes[from + offset] ?? 0) | CASE_BIT) !== LETTERS[start + offset]) return false;
  }
  return true;
}

/** The lower-case name with this index, always the same string object. */
export function nameOf(index: number): string {
  return KNOWN[index] ?? '';
}
