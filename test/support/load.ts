/** A steady load of small requests on a front: counts what was answered and keeps every failure. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, type ClientTarget, type Protocol } from './https-client.js';
import type { Ending } from './workspace.js';

/** Between two requests of a lane: without it the load alone would take all of the machine from what it is a load for. */
const PACE_MS = 5;

export interface Load {
  readonly answered: () => number;
  readonly failures: readonly string[];
  /** Ends the load; resolves when the last request is over. */
  stop(): Promise<void>;
}

/**
 * Starts `lanes` loops, which end with the test at the latest, each one request shortly after the other, a client of its own for each lane.
 * @param fresh a new connection for every request
 */
export function startLoad(
  t: Ending,
  target: ClientTarget,
  options: {
    readonly path?: string;
    readonly lanes?: number;
    readonly protocol?: Protocol;
    readonly fresh?: boolean;
    readonly headers?: Readonly<Record<string, string>>;
    /** What each answer must begin with. */
    readonly says?: string;
  } = {},
): Load {
  const {
    path = '/hello',
    lanes = 4,
    protocol = 'http/1.1',
    fresh = false,
    headers = {},
    says = '',
  } = options;
  const failures: string[] = [];
  let answered = 0;
  let stopping = false;
  const run = async (): Promise<void> => {
    let client = new Client(target, protocol);
    while (!stopping) {
      try {
        const { status, text } = await client.request(path, { headers });
        if (status === 200 && text.startsWith(says)) answered += 1;
        else failures.push(`status ${status}: ${text.slice(0, 80)}`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // RFC 9113 §8.7: a refused stream was not processed, and clients send it again by themselves.
        if (!message.includes('REFUSED_STREAM')) failures.push(message);
        // A front that refuses connections would be asked thousands of times a second.
        await pause(20);
      }
      await pause(PACE_MS);
      if (!fresh) continue;
      client.close();
      client = new Client(target, protocol);
    }
    client.close();
  };
  const loops = Promise.all(Array.from({ length: lanes }, run));
  const stop = async (): Promise<void> => {
    stopping = true;
    await loops;
  };
  // A test that fails before it stops its load must not go on for ever.
  t.after(stop);
  return { answered: () => answered, failures, stop };
}
