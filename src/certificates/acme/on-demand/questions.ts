/** What the operator says of names: asked within bounds, remembered for a time. */
import type { LeafRefusal } from '../../../shared/messages/router-messages.js';
import { Allowance } from './allowance.js';

/** A question is over after this; no answer is no. */
export const QUESTION_MS = 10_000;
/** Open at a time. */
export const MAX_QUESTIONS_AT_ONCE = 16;
/** So many at once, and then one every so often: what strangers make up must not become a flood at the operator's server. */
export const QUESTIONS_AT_ONCE = 100;
export const QUESTION_EVERY_MS = 100;
/** A refusal counts for so long: somebody who has just entered a domain does not wait for ever. */
export const REFUSED_MS = 60_000;
/** A question that got no answer is put again after this. */
export const UNANSWERED_MS = 10_000;
/** Permission that has brought no certificate by then is asked for anew. */
export const ALLOWED_MS = 3_600_000;
/** Answers that are remembered; the oldest goes first. */
export const MAX_ANSWERS = 10_000;

/** `yes`, or why not. */
export type Verdict = 'yes' | LeafRefusal;

interface Remembered {
  readonly verdict: Verdict;
  readonly untilMs: number;
}

export class Questions {
  private readonly remembered = new Map<string, Remembered>();
  private readonly pace: Allowance;
  private open = 0;

  /**
   * @param send resolves with a status, or rejects with an Error that says why there is none
   * @param now milliseconds since 1970
   */
  constructor(
    private readonly send: (name: string) => Promise<number>,
    private readonly now: () => number,
  ) {
    this.pace = new Allowance(QUESTIONS_AT_ONCE, QUESTION_EVERY_MS, now);
  }

  /** What was said a moment ago, or is said now. */
  async ask(name: string): Promise<Verdict> {
    const known = this.remembered.get(name);
    if (known !== undefined && known.untilMs > this.now()) return known.verdict;
    if (this.open >= MAX_QUESTIONS_AT_ONCE || !this.pace.take()) {
      return { kind: 'limited', text: `${name} was not asked about: too many questions at once` };
    }
    const verdict = await this.askAnew(name);
    this.remembered.delete(name);
    this.remembered.set(name, { verdict, untilMs: this.now() + lifeOf(verdict) });
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > MAX_ANSWERS && oldest !== undefined) this.remembered.delete(oldest);
    return verdict;
  }

  /** Whatever was said before, and without bounds: for certificates that are there. */
  async askAnew(name: string): Promise<Verdict> {
    this.open += 1;
    try {
      return judge(name, await this.send(name));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: 'unanswered', text: `the question about ${name} got no answer: ${reason}` };
    } finally {
      this.open -= 1;
    }
  }

  /** It has its certificate: the answer has done its duty. */
  forget(name: string): void {
    this.remembered.delete(name);
  }
}

function lifeOf(verdict: Verdict): number {
  if (verdict === 'yes') return ALLOWED_MS;
  return verdict.kind === 'denied' ? REFUSED_MS : UNANSWERED_MS;
}

function judge(name: string, status: number): Verdict {
  if (status >= 200 && status < 300) return 'yes';
  const text = `the question about ${name} was answered with status ${status}`;
  return { kind: status >= 500 ? 'unanswered' : 'denied', text };
}
