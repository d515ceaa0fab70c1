/** Loaded before the command (`node --import`): its watch looks at the files forty times as often, so that many changes fit into a test. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';

/** As in src/serving/file-watch.ts. */
const LOOK_MS = 2_000;

const { setInterval: original } = globalThis;

function hasty(callback: () => void, delayMs?: number): NodeJS.Timeout {
  return original(callback, delayMs === LOOK_MS ? LOOK_MS / 40 : delayMs);
}

Object.assign(globalThis, { setInterval: hasty });
Object.assign(timers, { setInterval: hasty });
syncBuiltinESMExports();
