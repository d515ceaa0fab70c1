/** What a reader of uWSGI's configuration files makes of them. */

/** One option of a file. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  /** 1-based; null where the form has no lines of its own. */
  readonly line: number | null;
}

/** The section that is read where none is named. */
export const DEFAULT_SECTION = 'uwsgi';
