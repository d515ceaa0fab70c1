/** Writes the packet that opens a request in the uwsgi protocol; its body follows as it is, unframed. */

/** Most bytes of variables in one packet: its size field has 16 bits. */
export const MAX_VARIABLES_BYTES = 0xffff;
const HEADER_BYTES = 4;
const SIZE_BYTES = 2;

/**
 * Header and variables as a latin1 string (byte = character), as the HTTP/1.1 encoder writes heads.
 * @param variables flat `[name, value, …]`, latin1
 * @returns null when the variables do not fit into MAX_VARIABLES_BYTES
 */
export function encodeUwsgiPacket(variables: readonly string[]): string | null {
  let body = '';
  for (const text of variables) {
    if (text.length > MAX_VARIABLES_BYTES) return null;
    body += encodeSize(text.length) + text;
  }
  if (body.length > MAX_VARIABLES_BYTES) return null;
  // modifier1 0 (WSGI and its like), size, modifier2 0.
  return `\0${encodeSize(body.length)}\0${body}`;
}

/**
 * Reads a packet back.
 * @returns the flat variables and the bytes they took, or null when the packet is not complete
 * @throws RangeError when a variable reaches beyond the packet
 */
export function decodeUwsgiPacket(bytes: Buffer): { variables: string[]; bytesRead: number } | null {
  if (bytes.length < HEADER_BYTES) return null;
  const end = HEADER_BYTES + bytes.readUInt16LE(1);
  if (bytes.length < end) return null;
  const variables: string[] = [];
  let at = HEADER_BYTES;
  while (at < end) {
    const from = at + SIZE_BYTES;
    const to = from + (from <= end ? bytes.readUInt16LE(at) : 0);
    if (from > end || to > end) throw new RangeError('a variable reaches beyond its packet');
    variables.push(bytes.toString('latin1', from, to));
    at = to;
  }
  return { variables, bytesRead: end };
}

function encodeSize(bytes: number): string {
  return String.fromCharCode(bytes & 0xff, bytes >> 8);
}
