/** Mutants that change nothing that anyone can see, each with the reason; they count neither as killed nor as survivors. */
import type { Mutant } from './mutants.js';

interface Equivalent {
  readonly file: string;
  /** The line as it stands in the compiled file, or a part of it. */
  readonly code: string;
  readonly change: string;
  readonly reason: string;
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'proxy/wire/http2/streams/receive-window.js',
    code: 'takenSinceGrowth = 0;',
    change: '0 → 1',
    reason: 'one octet of 65,535: whether a window grows depends on a rate, which nobody knows so exactly',
  },
];

/** Why the mutant cannot be noticed, or undefined where it must be. */
export function reasonFor({ file, code, change }: Mutant): string | undefined {
  return EQUIVALENTS.find(
    (known) => known.file === file && known.change === change && code.includes(known.code),
  )?.reason;
}
