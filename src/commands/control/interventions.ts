/** `tlsfront drain` and `undrain`: they return when it has come true in every router. */
import { formatDuration, parseDuration } from '../../options/quantities.js';
import { misused } from '../../options/read-setting.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { type FrontChoice, findFront } from './find-front.js';

/** Longest time that these commands take. */
const MAX_WAIT_MS = 24 * 3_600_000;

/** Returns when nothing is in flight there. @throws FrontError where it cannot be done, or something is after `timeout` */
export async function runDrain(
  upstream: string,
  choice: FrontChoice & { readonly timeout?: string },
  io: CommandIo,
): Promise<number> {
  const query = new URLSearchParams({ upstream });
  if (choice.timeout !== undefined) query.set('seconds', secondsOf('--timeout', choice.timeout));
  const front = findFront(choice, io);
  const last = await front.run(`/v1/drain?${query}`, (text) => io.stderr.write(`${text}\n`));
  if (last === null) throw new FrontError('internal', 'the front has ended meanwhile');
  io.stdout.write(`${last}\n`);
  return EXIT_SUCCESS;
}

/** @throws FrontError where it is not drained */
export async function runUndrain(upstream: string, choice: FrontChoice, io: CommandIo): Promise<number> {
  const query = new URLSearchParams({ upstream });
  const front = findFront(choice, io);
  const given = await front.ask<{ readonly upstream: string }>('POST', `/v1/undrain?${query}`);
  io.stdout.write(`${given.upstream} takes requests again\n`);
  return EXIT_SUCCESS;
}

function secondsOf(option: string, text: string): string {
  const durationMs = parseDuration(text);
  if (durationMs === null || durationMs > MAX_WAIT_MS)
    throw misused(
      `${option} '${text}' is no duration`,
      `write 500ms, 30s, 5m or plain seconds, ${formatDuration(MAX_WAIT_MS)} at most`,
    );
  return String(durationMs / 1000);
}
