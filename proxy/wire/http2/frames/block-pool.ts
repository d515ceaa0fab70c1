/** The process's output memory: blocks that a connection borrows while something waits in it, and gives back. */

const BLOCK_BYTES = [2_048, 20_480, 73_728, 147_456];
const MAX_KEPT = [256, 128, 16, 8];
const kept: Buffer[][] = BLOCK_BYTES.map(() => []);
let lent: Buffer | null = null;

/** A block of at least so many bytes, with anything in it. */
export function acquireBlock(bytes: number): Buffer {
  for (let i = 0; i < BLOCK_BYTES.length; i += 1) {
    const size = BLOCK_BYTES[i] ?? 0;
    if (bytes <= size) return kept[i]?.pop() ?? Buffer.allocUnsafeSlow(size);
  }
  return Buffer.allocUnsafeSlow(bytes);
}

/** Gives a block back; the caller may not touch it any more. */
export function releaseBlock(block: Buffer): void {
  const i = BLOCK_BYTES.indexOf(block.length);
  const list = kept[i];
  if (list !== undefined && list.length < (MAX_KEPT[i] ?? 0)) list.push(block);
}

/** Gives a block back at the next `lendBlock()`: its reader needs it a moment longer. */
export function lendBlock(block: Buffer): void {
  if (lent !== null) releaseBlock(lent);
  lent = block;
}
