/** One front that gets signals, and whose processes are killed, at random moments of a start, a reload, a respawn and an end. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { until, within } from './deadline.js';
import { SeededRandom } from './random.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from './started-front.js';

const SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGHUP'] as const;
const ENDS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGKILL'] as const;

/** Nobody else listens there: the port can be bound again. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * Ends in time with the right exit code, leaves no process and a free port.
 * @throws Error with the seed, which brings the same moments back, and the log
 */
export async function randomSignals(seed: number): Promise<void> {
  const random = SeededRandom.ofCase(seed, 0);
  const withApp = random.oneIn(2);
  const front = StartedFront.launch({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--mercy', '5s', '--http-processes', random.oneIn(3) ? '2' : '1'],
      ...(withApp ? [] : ['--upstream', '1']),
    ],
    ...(withApp ? { app: SAMPLE_APP } : {}),
  });
  const done: string[] = [];
  try {
    const isEarly = random.oneIn(3);
    // Before this line Node itself may not have begun: its own answer to a signal is none of ours.
    await front.logged(/Starting tlsfront/);
    if (!isEarly) await front.logged(/tlsfront is ready/);
    for (let step = random.below(4); step > 0; step -= 1) {
      await pause(random.below(400));
      const others = front.processes().filter((pid) => pid !== front.masterPid);
      const victim = others[random.below(others.length)];
      if (random.oneIn(2) || isEarly || victim === undefined) {
        const signal = random.of(SIGNALS);
        done.push(signal);
        front.child.kill(signal);
      } else {
        done.push(`kill -9 ${victim}`);
        process.kill(victim, 'SIGKILL');
      }
    }
    await pause(random.below(600));
    const end = random.of(ENDS);
    const isTwice = end !== 'SIGKILL' && random.oneIn(4);
    done.push(end, ...(isTwice ? ['again'] : []));
    front.child.kill(end);
    if (isTwice) {
      await pause(random.below(60));
      front.child.kill(end);
    }
    const how = await within(front.ended, PATIENCE_MS, 'the end');
    if (end === 'SIGKILL') assert.equal(how, 'SIGKILL');
    else assert.ok(how === 0 || (isTwice && how === 1), `it ended with ${how}`);
    await front.nothingLeft();
    const port = /bound on 127\.0\.0\.1:(\d+)/.exec(front.log)?.[1];
    // A router that was being spawned when its master was killed has the socket until it has looked for its master.
    if (port !== undefined) await until(() => isFree(Number(port)), PATIENCE_MS, 'the port to be free');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`FRONT_TEST_SEED=${seed}: ${done.join(', ')}: ${reason}\n${front.log}`);
  } finally {
    await front.stop().catch(() => undefined);
  }
}
