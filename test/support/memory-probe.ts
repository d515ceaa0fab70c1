/**
 * Loaded by `--import` with `?socket=PATH&program=END`: in a process whose program ends so, it says at PATH.PID what is held
 * once all garbage is collected.
 */
import { createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const wanted = new URL(import.meta.url).searchParams;

// The children of a front's master inherit the option.
if ((process.argv[1] ?? '').endsWith(wanted.get('program') ?? '')) {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  const server = createServer((asking) => {
    asking.on('error', () => undefined);
    // Twice: buffers are let go of only after the objects that own them.
    for (let round = 0; round < 2; round += 1) if (typeof collect === 'function') collect();
    const { heapUsed, external } = process.memoryUsage();
    asking.end(String(heapUsed + external));
  });
  server.listen(`${wanted.get('socket')}.${process.pid}`).unref();
}
