/** What a person at the terminal sees: results on stdout; `error:`, `hint:` and `warning:` lines on stderr. */
import { FrontError } from '../shared/errors.js';

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** What a command may use of the process that runs it. */
export interface CommandIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
}

/** Exit codes of the command. */
export const EXIT_SUCCESS = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

const STYLES = { red: '31', yellow: '33', green: '32', cyan: '36', bold: '1', dim: '2' };

/** Colour only on a terminal, and never where NO_COLOR is set (https://no-color.org) or the terminal is dumb. */
export function usesColour(output: Output, environment: Readonly<NodeJS.ProcessEnv>): boolean {
  return output.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
}

/** The text in a style, or as it is where `coloured` is false. */
export function paint(text: string, style: keyof typeof STYLES, coloured: boolean): string {
  return coloured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
}

/** Control characters of what a user or a file said must not reach the terminal as commands to it. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => {
    return character === '\t' ? ' ' : `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;
  });
}

function printLine(io: CommandIo, mark: string, style: keyof typeof STYLES, text: string): void {
  const coloured = usesColour(io.stderr, io.environment);
  io.stderr.write(`${paint(`${mark}:`, style, coloured)} ${printable(text)}\n`);
}

/** `warning: …` on stderr, and `hint: …` where there is a next step. */
export function printWarning(io: CommandIo, message: string, hint?: string): void {
  printLine(io, 'warning', 'yellow', message);
  if (hint !== undefined) printLine(io, 'hint', 'cyan', hint);
}

/** `note: …` on stderr: what was understood, and how. */
export function printNote(io: CommandIo, message: string): void {
  printLine(io, 'note', 'cyan', message);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [firstLine = ''] = error.message.split('\n');
  return firstLine === '' ? error.name : firstLine;
}

/** What is said of an error, and the exit code that goes with it: 2 for wrong usage or configuration, else 1. */
export function explainError(error: unknown): {
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: number;
} {
  if (error instanceof FrontError) {
    const exitCode = USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_FAILURE;
    return { message: error.message, hint: error.hint ?? null, exitCode };
  }
  const where = `Node ${process.versions.node} on ${process.platform}`;
  return {
    message: `unexpected: ${reasonOf(error)}`,
    hint: `this is a fault in tlsfront: run it again with TLSFRONT_DEBUG=1 and report what it prints (${where})`,
    exitCode: EXIT_FAILURE,
  };
}

/** Prints an error and gives its exit code. A stack trace is shown only with TLSFRONT_DEBUG=1. */
export function printError(io: CommandIo, error: unknown): number {
  const { message, hint, exitCode } = explainError(error);
  printLine(io, 'error', 'red', message);
  if (hint !== null) printLine(io, 'hint', 'cyan', hint);
  if (io.environment.TLSFRONT_DEBUG === '1' && error instanceof Error) io.stderr.write(`${error.stack}\n`);
  return exitCode;
}

const USAGE_CODES: ReadonlySet<string> = new Set(['config_usage', 'config_invalid', 'certificate_broken']);
