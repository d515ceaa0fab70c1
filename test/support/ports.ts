/** Ports for programs that must be told theirs before they listen. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what systems give to outgoing connections (Linux: 32768 and up), and not where a front looks for its app's (20000 to 29999). */
const FIRST = 10_100;
const END = 20_000;

const given = new Set<number>();

/** A port on 127.0.0.1 that nobody listens on, another one at each call. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
