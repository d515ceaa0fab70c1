/** How much of the heap is in use once everything unreachable is gone. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Heap and buffer bytes after full collections. */
export function settledBytes(): number {
  if (typeof collect !== 'function') throw new Error('no collector');
  for (let round = 0; round < 3; round += 1) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
