/** Finds how log lines are written, from where they go: a terminal, the journal of systemd, a file or a pipe. */
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { LogFormat } from '../shared/config/log-formats.js';
import type { LineStyle } from '../shared/log-lines.js';

const STDERR = 2;

/**
 * @param file null: stderr
 * @param environment NO_COLOR and TERM decide about colour, JOURNAL_STREAM names the journal's socket (systemd.exec(5))
 */
export function chooseLineStyle(
  format: LogFormat,
  file: string | null,
  environment: Readonly<NodeJS.ProcessEnv>,
): LineStyle {
  const onTerminal = file === null && isatty(STDERR);
  const toJournal = file === null && !onTerminal && isJournal(environment.JOURNAL_STREAM ?? '');
  return {
    form: format === 'json' ? 'json' : onTerminal || toJournal ? 'bare' : 'timed',
    toJournal,
    onTerminal,
    coloured: onTerminal && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb',
  };
}

/** @param named device and inode of the journal's stream: stderr may lead somewhere else by now */
function isJournal(named: string): boolean {
  if (named === '') return false;
  try {
    const { dev, ino } = fstatSync(STDERR);
    return named === `${dev}:${ino}`;
  } catch {
    // A closed stderr leads nowhere.
    return false;
  }
}
