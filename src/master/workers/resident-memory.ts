/** The resident memory of a process with all its children, from /proc. */
import { readFileSync } from 'node:fs';

/** proc(5): statm counts pages, of this size on every machine that Node is built for but some arm64 kernels. */
const PAGE_BYTES = 4096;
const MAX_DEPTH = 16;

/** Bytes; 0 where the system does not tell. Memory that several share is counted once for each. */
export function residentBytes(pid: number, depth = 0): number {
  const [, pages = '0'] = read(`/proc/${pid}/statm`).split(' ');
  const children = depth < MAX_DEPTH ? read(`/proc/${pid}/task/${pid}/children`).trim().split(' ') : [];
  const own = Number(pages) * PAGE_BYTES;
  return children
    .filter((child) => child !== '')
    .reduce((sum, child) => sum + residentBytes(Number(child), depth + 1), own);
}

/** Resident memory of a process with all its children, and its own address space; 0 where the system does not tell. */
export function memoryOf(pid: number): { readonly residentBytes: number; readonly virtualBytes: number } {
  const [pages = '0'] = read(`/proc/${pid}/statm`).split(' ');
  return { residentBytes: residentBytes(pid), virtualBytes: Number(pages) * PAGE_BYTES };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
