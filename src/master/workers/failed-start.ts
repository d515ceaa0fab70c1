/** Why an app did not start, and what to do, of what it has printed. */
import { FrontError } from '../../shared/errors.js';
import type { WorkerKind } from '../../shared/messages/worker-messages.js';
import type { WorkerEnd } from './worker-process.js';

export const MAX_LINES_SHOWN = 10;
/** In a warning. */
const MAX_WORDS = 3;

/** What an app said before it ended; it stands in the log already, but maybe far above. */
export function lastWords({ lastLines }: WorkerEnd): string {
  const lines = lastLines.slice(-MAX_WORDS);
  return lines.length === 0 ? '' : `; its last words: ${lines.join(' | ')}`;
}

/** What a Python program threw: the line that ends its last traceback, which uWSGI may print alone. Null: there is none. */
function lineOfTraceback(lines: readonly string[]): string | null {
  const start = lines.findLastIndex((line) => line.startsWith('Traceback (most recent call last)'));
  const end = lines.slice(start + 1).find((line) => /^\w[\w.]*(?:: |$)/.test(line));
  if (start !== -1 && end !== undefined) return end;
  return lines.findLast((line) => /^[A-Za-z_][\w.]*(?:Error|Exception): /.test(line)) ?? null;
}

type Explained = readonly [reason: string, hint: string];

/** What uWSGI says between many lines of its own, the most telling first. */
const OF_UWSGI: readonly (readonly [pattern: RegExp, explain: (match: RegExpExecArray) => Explained])[] = [
  [
    /unable to find "([^"]+)" callable in (?:file )?(\S+)/,
    ([, name = '', file = '']) => [
      `there is no ${name} in ${file}`,
      'name the app that is in it: --callable NAME, or --module module:NAME',
    ],
  ],
  [
    /(?:unrecognized option|unknown config directive:?) '?(?:--)?([\w-]+)/,
    ([, name = '']) => [
      `this uWSGI has no --${name}`,
      `it belongs to a plugin: install it and name it with --plugin (uwsgi --plugins-list shows those that are loaded), or leave --${name} out`,
    ],
  ],
  [
    /option '--([\w-]+)' (?:is ambiguous|requires an argument|doesn't allow an argument)/,
    ([text]) => [text, 'write the option as uwsgi --help has it'],
  ],
  [
    /^(?:\[uWSGI\] )?(.*\b(?:invalid|failed|unable to|cannot|could not|not found|no such|greater than)\b.*)$/i,
    ([, text = '']) => [text, 'that is what uWSGI says; the same options behind the word uwsgi say more'],
  ],
];

/** Lines that uWSGI prints when nothing is wrong yet, or when all is over. */
const SAYS_NOTHING = /^\*\*\*|^!!!|unable to load app|you need to|pcre|memory-debug/i;

function wordOfUwsgi(lines: readonly string[]): Explained | null {
  const telling = lines.filter((line) => !SAYS_NOTHING.test(line));
  for (const [pattern, explain] of OF_UWSGI) {
    const match = telling.map((line) => pattern.exec(line)).findLast((found) => found !== null);
    if (match) return explain(match);
  }
  return null;
}

/** The error of a start. @param kind what serves the app; null: nothing was spawned */
export function explainFailure(index: number, end: WorkerEnd, kind: WorkerKind | null): FrontError {
  const fail = (reason: string, hint: string): FrontError =>
    new FrontError('worker_failed', `the app (worker ${index}) did not start: ${reason}`, {
      hint: end.hint ?? hint,
    });
  const thrown = lineOfTraceback(end.lastLines);
  if (thrown !== null) {
    // Our launcher may know more than the exception says: which file does not compile.
    const [name = ''] = thrown.split(':');
    const own = end.lastLines.findLast((line) => line.startsWith('error: ') && !line.includes(name));
    const judged = own === undefined ? '' : own.replace('error: ', '; ');
    return fail(thrown + judged, 'the lines above say where; the app must load without the front too');
  }
  const word = kind === 'uwsgi' ? wordOfUwsgi(end.lastLines) : null;
  if (word !== null) return fail(...word);
  const lines = end.lastLines.slice(-MAX_LINES_SHOWN);
  const said = lines.length === 0 ? '' : `; its last words: ${lines.join(' | ')}`;
  return fail(
    end.reason + said,
    kind === 'uwsgi'
      ? 'the lines above are those of uWSGI; the same options behind the word uwsgi say more'
      : 'run the command by itself; it must listen on the port in the environment variable PORT',
  );
}
