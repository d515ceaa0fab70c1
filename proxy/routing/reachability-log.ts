/** Tells the operator, without an access log too, that nothing answers at an app, and that it does again. */
import type { LineWriter } from '../exchange/log/line-writer.js';
import type { Upstream } from './upstream.js';
import type { ReachabilityListener } from './upstreams.js';

/** An app that comes and goes is told of this often at most. */
const PAUSE_MS = 1_000;

/** One line when an upstream is left out, one when it is back. */
export function reachabilityLog(
  log: LineWriter,
  clock: () => number = () => performance.now(),
): ReachabilityListener {
  const told = new WeakMap<Upstream, { isUp: boolean; atMs: number }>();
  return (upstream, reason) => {
    const before = told.get(upstream);
    const atMs = clock();
    if (reason === null) {
      if (before === undefined || before.isUp) return;
      told.set(upstream, { isUp: true, atMs });
      log.say('info', `the app at ${upstream.name} answers again`);
      return;
    }
    if (before !== undefined && atMs - before.atMs < PAUSE_MS) return;
    told.set(upstream, { isUp: false, atMs });
    const { holdMs } = upstream.app;
    const wait = holdMs === 0 ? '' : `GET requests wait up to ${holdMs / 1000} s for it, `;
    const then = `${wait}others go to another app or get 503`;
    log.say('warning', `the app at ${upstream.name} is left out: ${reason}; ${then}`);
  };
}
