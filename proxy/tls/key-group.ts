/** The group of a connection's key exchange, which node:tls tells no server: it stands in the session, as OpenSSL writes it (its ssl_asn1.c). */

/** By their numbers on the wire (IANA, TLS Supported Groups). */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x17, 'secp256r1'],
  [0x18, 'secp384r1'],
  [0x19, 'secp521r1'],
  [0x1d, 'X25519'],
  [0x1e, 'X448'],
  [0x100, 'ffdhe2048'],
  [0x101, 'ffdhe3072'],
  [0x102, 'ffdhe4096'],
  [0x11eb, 'SecP256r1MLKEM768'],
  [0x11ec, 'X25519MLKEM768'],
  [0x11ed, 'SecP384r1MLKEM1024'],
]);

/** [19] EXPLICIT: `kex_group` of SSL_SESSION. */
const KEY_GROUP_TAG = 0xb3;
const INTEGER_TAG = 0x02;

/** Name of the group, or its number for one without a name here; empty where the session has none. */
export function keyGroupOf(session: Buffer | undefined): string {
  if (session === undefined) return '';
  const outer = readElement(session, 0);
  if (outer === null) return '';
  for (let at = outer.start; at < outer.end; ) {
    const element = readElement(session, at);
    if (element === null) return '';
    if (session[at] === KEY_GROUP_TAG) return nameOf(session, element.start);
    at = element.end;
  }
  return '';
}

function nameOf(session: Buffer, at: number): string {
  const number = readElement(session, at);
  if (number === null || session[at] !== INTEGER_TAG) return '';
  const length = number.end - number.start;
  if (length < 1 || length > 4) return '';
  const group = session.readUIntBE(number.start, length);
  return group === 0 ? '' : (NAMES.get(group) ?? `0x${group.toString(16).padStart(4, '0')}`);
}

/** Where the content of the DER element at `at` begins and ends; null: it is cut, or longer than a session is. */
function readElement(bytes: Buffer, at: number): { readonly start: number; readonly end: number } | null {
  const first = bytes[at + 1];
  if (first === undefined) return null;
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 4 || at + 2 + more > bytes.length) return null;
  const length = more === 0 ? first & 0x7f : bytes.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return start + length > bytes.length ? null : { start, end: start + length };
}
