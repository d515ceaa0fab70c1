/** What one row of the options table says. */

/** Headings of `--help` and of docs/configuration.md, in their order. */
export const OPTION_GROUPS = [
  'The app',
  'Several apps',
  'Static files',
  'Listeners',
  'Certificates and TLS',
  'ACME',
  'Processes',
  'Access',
  'Requests',
  'Logs',
  'Metrics',
  'Limits',
  'Time limits',
  'Configuration file',
] as const;

export type OptionGroup = (typeof OPTION_GROUPS)[number];

/** What the option's text must be; resolve.ts reads it accordingly. */
export type OptionKind = 'switch' | 'text' | 'file' | 'address' | 'choice' | 'count' | 'size' | 'duration';

export interface OptionRow {
  readonly flag: string;
  readonly short?: string;
  /** Placeholder in `--help`; null for a switch. */
  readonly argument: string | null;
  readonly kind: OptionKind;
  readonly group: OptionGroup;
  readonly description: string;
  /** The value when nobody gives one, as a user would write it; null: none. */
  readonly default: string | null;
  /** What is shown as the default where the value itself says too little. */
  readonly defaultText?: string;
  /** May be given several times; in the environment the values are separated by spaces. */
  readonly repeatable?: true;
  /** Values hold blanks: in the environment they are separated by line breaks. */
  readonly lines?: true;
  /** One value may hold several, separated by commas. */
  readonly commas?: true;
  readonly choices?: readonly string[];
  /** Bounds of a number, in its base unit (ms, bytes, one). */
  readonly least?: number;
  readonly most?: number;
  /** What uWSGI calls it; left out where it has no such option. */
  readonly uwsgi?: string;
}

/** The parts of a row that most rows leave out. */
export type Rest = Partial<Omit<OptionRow, 'flag' | 'argument' | 'kind' | 'group' | 'description'>>;

/** A row; without `default` the option has none. */
export function row(
  group: OptionGroup,
  kind: OptionKind,
  flag: string,
  argument: string | null,
  description: string,
  rest: Rest = {},
): OptionRow {
  return { flag, argument, kind, group, description, default: null, ...rest };
}

/** A row of a switch. */
export function turn(group: OptionGroup, flag: string, description: string, rest: Rest = {}): OptionRow {
  return row(group, 'switch', flag, null, description, rest);
}
