/** Reads DER (X.690 §8, §10) as far as certificates need it; bounded by the bytes given, throws on nothing. */

/** One value: its tag byte and its content. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** The value with its tag and length. */
  readonly whole: Buffer;
}

export const DER_BOOLEAN = 0x01;
export const DER_INTEGER = 0x02;
export const DER_OID = 0x06;
export const DER_UTC_TIME = 0x17;
export const DER_GENERALIZED_TIME = 0x18;
export const DER_SEQUENCE = 0x30;

/** The value at the offset, or undefined when the bytes end too early or use a form that DER forbids. */
export function readDer(bytes: Buffer, offset = 0): DerValue | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 4 || start + size > bytes.length) return undefined;
    length = bytes.readUIntBE(start, size);
    start += size;
  }
  const end = start + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}

/** The values inside a constructed value, up to the first that cannot be read. */
export function readDerChildren(content: Buffer): DerValue[] {
  const children: DerValue[] = [];
  let offset = 0;
  while (offset < content.length) {
    const child = readDer(content, offset);
    if (child === undefined) break;
    children.push(child);
    offset += child.whole.length;
  }
  return children;
}

/** Dotted form of an object identifier's content. */
export function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const first = arcs.shift() ?? 0;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...arcs].join('.');
}

/** Text of a character string, whichever of ASN.1's string types carries it. */
export function readDerText(value: DerValue): string {
  if (value.tag === 0x1e)
    return Buffer.from(value.content)
      .subarray(0, value.content.length & ~1)
      .swap16()
      .toString('utf16le');
  return value.content.toString(value.tag === 0x14 ? 'latin1' : 'utf8');
}

/** UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5); an invalid Date when it is neither. */
export function readDerTime(value: DerValue): Date {
  const text = value.content.toString('latin1');
  const match = /^(\d{2,4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return new Date(Number.NaN);
  const [, years = '', month = '', day = '', hour = '', minute = '', second = ''] = match;
  const year = years.length === 4 ? Number(years) : Number(years) + (Number(years) < 50 ? 2000 : 1900);
  return new Date(
    Date.UTC(year, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)),
  );
}
