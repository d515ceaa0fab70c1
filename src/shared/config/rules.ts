/** Rules that change requests and answers: fields, redirects, pages. */

/** One change to the fields of a message. A `remove` may end in `*`: every field that begins so. */
export interface HeaderRule {
  readonly action: 'set' | 'add' | 'remove';
  /** Lower-case. */
  readonly name: string;
  readonly value: string;
}

/** A redirect that users ask for. */
export interface RedirectRule {
  /** Index in Config.sites whose requests alone it is for; null: any. */
  readonly site: number | null;
  /** Lower-case name or `*.name` that the request must be for; empty: any. */
  readonly host: string;
  /** The path; empty: every path. */
  readonly path: string;
  /** Also everything below the path. */
  readonly isPrefix: boolean;
  /** Scheme of the target; null: that of the request, `https` where it came to a listener that redirects to HTTPS. */
  readonly scheme: 'http' | 'https' | null;
  /** Host and port of the target; empty: those of the request. */
  readonly authority: string;
  /** Path and perhaps query of the target; null: those of the request. */
  readonly target: string | null;
  /** What the path holds behind that of the rule, and the query, follow the target's path. */
  readonly keepsRest: boolean;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Text of pages by what their files are called without `.html`: `404`, `50x`, `5xx`. */
export type ErrorPages = Readonly<Partial<Record<string, string>>>;
