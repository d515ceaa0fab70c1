/** What one load of the certificates has to say: files that were read, notes, and what could not be used. */
import { FrontError } from '../shared/errors.js';
import type { Note } from './notes.js';

/** Something that cannot be served, beside what is. */
export interface ServingProblem {
  /** One sentence without a full stop: the file and what is wrong with it. */
  readonly reason: string;
  /** What happens nevertheless, such as `the old one goes on serving`. */
  readonly consequence: string;
  /** The next step; null: none is known. */
  readonly hint: string | null;
}

/** When the revocation lists of a file run out: from then on its clients are refused. */
export interface ListEnd {
  readonly file: string;
  readonly atMs: number;
}

/** Filled while certificates are loaded. */
export class LoadReport {
  readonly files = new Set<string>();
  readonly notes: Note[] = [];
  readonly problems: ServingProblem[] = [];
  readonly listEnds: ListEnd[] = [];
  /** Something was read anew and is sound; false: everything that is served is of before. */
  hasFresh = false;
  private firstError: FrontError | null = null;

  /** @throws the error itself when it is none of ours */
  fail(error: unknown, consequence: string): void {
    if (!(error instanceof FrontError)) throw error;
    this.firstError ??= error;
    this.problems.push({ reason: error.message, consequence, hint: error.hint ?? null });
  }

  /** Why there is nothing to serve: the first failure. */
  nothingToServe(): FrontError {
    return this.firstError ?? new FrontError('certificate_broken', 'there is no certificate to serve');
  }
}
