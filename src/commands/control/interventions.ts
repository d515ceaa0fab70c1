/** `tlsfront drain`, `undrain`, `maintenance`, `pause` and `resume`: they return when it has come true in every router. */

import type { InterventionsView } from '../../control/types.js';
import { misused } from '../../options/read-setting.js';
import { formatDuration, parseDuration } from '../../options/values/quantities.js';
import { FrontError } from '../../shared/errors.js';
import type { Deployment, Maintenance, Pause } from '../../shared/messages/interventions.js';
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

/** Without a word it says whether it is on. @throws FrontError where it cannot be done, or is off already */
export async function runMaintenance(
  word: string | undefined,
  {
    message,
    allow = [],
    ...choice
  }: FrontChoice & { readonly message?: string; readonly allow?: readonly string[] },
  io: CommandIo,
): Promise<number> {
  const isDetailed = message !== undefined || allow.length > 0;
  if (word !== undefined && word !== 'on' && word !== 'off')
    throw misused(`maintenance has no '${word}'`, 'write tlsfront maintenance on, or off');
  if (isDetailed && word !== 'on')
    throw misused(
      '--message and --allow are for maintenance on',
      'write tlsfront maintenance on --message …',
    );
  const front = findFront(choice, io);
  if (word === 'off') {
    await front.ask('POST', '/v1/maintenance/off');
    io.stdout.write('maintenance is off\n');
    return EXIT_SUCCESS;
  }
  if (word === undefined) {
    const { maintenance } = await front.ask<InterventionsView>('GET', '/v1/interventions');
    io.stdout.write(maintenance === null ? 'maintenance is off\n' : `${describeMaintenance(maintenance)}\n`);
    return EXIT_SUCCESS;
  }
  const query = new URLSearchParams(allow.map((block): [string, string] => ['allow', block]));
  if (message !== undefined) query.set('message', message);
  const begun = await front.ask<Maintenance>('POST', `/v1/maintenance/on?${query}`);
  io.stdout.write(`${describeMaintenance(begun)}\n`);
  return EXIT_SUCCESS;
}

/** Returns when every router holds requests. @throws FrontError where it cannot be done */
export async function runPause(
  { max, ...choice }: FrontChoice & { readonly max?: string },
  io: CommandIo,
): Promise<number> {
  const query = max === undefined ? '' : `?seconds=${secondsOf('--max', max)}`;
  const begun = await findFront(choice, io).ask<Pause>('POST', `/v1/pause${query}`);
  io.stdout.write(`${describePause(begun)}\n`);
  return EXIT_SUCCESS;
}

/** @throws FrontError where requests are not paused */
export async function runResume(choice: FrontChoice, io: CommandIo): Promise<number> {
  await findFront(choice, io).ask('POST', '/v1/resume');
  io.stdout.write('the pause is over: requests go to the apps\n');
  return EXIT_SUCCESS;
}

/** One line for people. */
export function describeDeployment({ app, upstreams, command, sinceMs }: Deployment): string {
  const version = command === null ? upstreams.join(', ') : `-- ${command.join(' ')}`;
  return `${app}: ${version} since ${new Date(sinceMs).toISOString()}`;
}

/** One line for people. */
export function describePause({ maxMs, sinceMs }: Pause): string {
  return `requests are paused since ${new Date(sinceMs).toISOString()}: each waits for ${maxMs / 1000} s at most`;
}

/** One line for people. */
export function describeMaintenance({ message, allowed, sinceMs }: Maintenance): string {
  const spared = allowed.length === 0 ? '' : `, except from ${allowed.join(', ')}`;
  const words = message === null ? '' : `: ${message}`;
  return `maintenance is on since ${new Date(sinceMs).toISOString()}${spared}${words}`;
}

/** A duration of the command line as the control socket takes it. @throws FrontError config_usage */
export function secondsOf(option: string, text: string): string {
  const durationMs = parseDuration(text);
  if (durationMs === null || durationMs > MAX_WAIT_MS)
    throw misused(
      `${option} '${text}' is no duration`,
      `write 500ms, 30s, 5m or plain seconds, ${formatDuration(MAX_WAIT_MS)} at most`,
    );
  return String(durationMs / 1000);
}
