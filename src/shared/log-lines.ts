/** How the lines of a log are written that are no requests: by whom, how grave, with which next step, and when. */

/** What a line is to its reader, and its priority in the journal (sd-daemon(3)). */
export const LOG_LEVELS = { info: 6, warning: 4, error: 3 } as const;

export type LogLevel = keyof typeof LOG_LEVELS;

/** One for all processes of a front. */
export interface LineStyle {
  /** `bare`: whoever reads along knows the time. `timed`: each line begins with it. `json`: one object a line. */
  readonly form: 'bare' | 'timed' | 'json';
  /** Lines begin with their priority, `<4>`, which the journal takes off. */
  readonly toJournal: boolean;
  /** A person reads along at a terminal. */
  readonly onTerminal: boolean;
  /** Only ever on a terminal. */
  readonly coloured: boolean;
}

/** Without anything around the text. */
export const BARE_LINES: LineStyle = { form: 'bare', toJournal: false, onTerminal: false, coloured: false };

/** One thing that is said. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  /** The next step. */
  readonly hint?: string | null;
  /** Who says it: `master`, `http 1`, `app 2`. */
  readonly source: string;
}

const COLOURS = { info: null, warning: 33, error: 31, hint: 36 } as const;

/** The line, or the two of a message with a hint, each with its newline. What begins a line is one word: `warning:`, `error:`, `hint:`. */
export function formatLogRecord(record: LogRecord, style: LineStyle, time: Date = new Date()): string {
  const { level, message, hint = null, source } = record;
  const before = lineStart(level, style, time);
  if (style.form === 'json') {
    const fields = { time: time.toISOString(), level, source, message, ...(hint === null ? {} : { hint }) };
    return `${before}${jsonLine(fields)}`;
  }
  const first = level === 'info' ? message : `${word(level, style)} ${message}`;
  const text = `${before}${escapeLine(first, style)}\n`;
  return hint === null ? text : `${text}${before}${word('hint', style)} ${escapeLine(hint, style)}\n`;
}

/** A next step that stands alone. */
export function formatHint(hint: string, source: string, style: LineStyle): string {
  const message = style.form === 'json' ? hint : `${word('hint', style)} ${hint}`;
  return formatLogRecord({ level: 'info', message, source }, style);
}

/** What stands before each line; empty where nothing does. */
export function lineStart(level: LogLevel, { form, toJournal }: LineStyle, time: Date): string {
  const priority = toJournal ? `<${LOG_LEVELS[level]}>` : '';
  return form === 'timed' ? `${priority}${time.toISOString()} ` : priority;
}

/** An object as a line of its own. */
export function jsonLine(fields: object): string {
  const text = JSON.stringify(fields);
  // JSON leaves DEL and the C1 controls as they are, and terminals obey them.
  return `${C1.test(text) ? text.replace(EVERY_C1, escapeUnit) : text}\n`;
}

const C1 = /[\x7f-\x9f]/;
const EVERY_C1 = /[\x7f-\x9f]/g;

function escapeUnit(unit: string): string {
  return `\\u00${unit.charCodeAt(0).toString(16)}`;
}

/** A message of several lines: where each line has a beginning, the others get it not, and would look like lines of somebody else. */
function escapeLine(text: string, { form, toJournal }: LineStyle): string {
  return (form === 'timed' || toJournal) && text.includes('\n') ? text.replaceAll('\n', ' | ') : text;
}

function word(kind: 'warning' | 'error' | 'hint', { coloured }: LineStyle): string {
  return coloured ? `\u001b[${COLOURS[kind]}m${kind}:\u001b[0m` : `${kind}:`;
}
