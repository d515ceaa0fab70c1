/** Waits that a stop ends, and that keep no process alive. */
import { setTimeout as delay } from 'node:timers/promises';
import { AcmeError } from './protocol/problem.js';

/** @throws AcmeError when the signal comes first */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal, ref: false });
  } catch {
    throw new AcmeError('broken off: the front stops', null);
  }
}
