/** Warnings about what goes on: each kind is told at once, then rarely, with how often it has happened meanwhile. */
import type { LineWriter } from './line-writer.js';

/** A kind that goes on is told this often. */
const PAUSE_MS = 10_000;
/** Kinds that are remembered; those that name an upstream or an address are not of our choosing. */
const MAX_KINDS = 256;

interface Kind {
  quietUntilMs: number;
  /** How often it was not told. */
  unspoken: number;
}

/** One for each router. */
export class Notices {
  private readonly kinds = new Map<string, Kind>();

  constructor(
    private readonly log: LineWriter,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /**
   * Writes `warning: text` unless this kind was told a moment ago; what was left out is told with the next one.
   * @param kind such as the option whose limit was reached; never a stranger's text
   * @param hint the next step for whoever reads it
   */
  warn(kind: string, text: string, hint: string | null = null): void {
    const nowMs = this.clock();
    const known = this.kinds.get(kind);
    if (known !== undefined && nowMs < known.quietUntilMs) {
      known.unspoken += 1;
      return;
    }
    const unspoken = known?.unspoken ?? 0;
    if (known === undefined && this.kinds.size >= MAX_KINDS) this.forgetOne();
    this.kinds.set(kind, { quietUntilMs: nowMs + PAUSE_MS, unspoken: 0 });
    const more = unspoken === 0 ? '' : ` (and ${unspoken} more since the last such line)`;
    this.log.say('warning', `${text}${more}`, hint);
  }

  /** The oldest kind goes. */
  private forgetOne(): void {
    for (const kind of this.kinds.keys()) {
      this.kinds.delete(kind);
      return;
    }
  }
}
