/** Writes DER (X.690 §8, §10): the few forms that bundles are made of. */

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
