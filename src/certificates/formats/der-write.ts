/** Writes DER (X.690 §8, §10): the few forms that bundles and certificates are made of. */

/** One value of the tag whose content is the parts joined. */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const head = Buffer.alloc(2 + size);
  head[0] = tag;
  head[1] = 0x80 | size;
  head.writeUIntBE(length, 2, size);
  return Buffer.concat([head, content]);
}

/** SEQUENCE of the parts. */
export function derSequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

/** OCTET STRING. */
export function derOctets(content: Buffer): Buffer {
  return der(0x04, content);
}

/** INTEGER of a small number, zero or positive. */
export function derInteger(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return der(0x02, Buffer.from(bytes));
}

/** INTEGER from its bytes, taken as a positive number (X.690 §8.3). */
export function derUnsigned(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const shortest = bytes.subarray(start);
  return der(0x02, (shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest);
}

/** BIT STRING; `unusedBits` at the end of the last byte do not count (X.690 §8.6). */
export function derBits(content: Buffer, unusedBits = 0): Buffer {
  return der(0x03, Buffer.of(unusedBits), content);
}

/** BOOLEAN. */
export function derBoolean(value: boolean): Buffer {
  return der(0x01, Buffer.of(value ? 0xff : 0));
}

/** SET of one part. */
export function derSet(part: Buffer): Buffer {
  return der(0x31, part);
}

/** UTF8String. */
export function derUtf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text, 'utf8'));
}

/** The form that RFC 5280 §4.1.2.5 asks for: UTCTime up to 2049, GeneralizedTime after; whole seconds. */
export function derTime(time: Date): Buffer {
  const digits = time.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const year = time.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}

/** A value under an explicit tag of its context (X.690 §8.14). */
export function derTagged(number: number, ...parts: readonly Buffer[]): Buffer {
  return der(0xa0 | number, ...parts);
}

/** OBJECT IDENTIFIER from its dotted form. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128)) {
      digits.unshift((more % 128) | 0x80);
    }
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

/** NULL. */
export const DER_NULL = Buffer.from([0x05, 0x00]);
