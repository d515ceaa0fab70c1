/** One front of a user at a time begins to serve on a port: of several that start, or whose front has ended, one serves and the rest join it. */
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { prepareRuntimeFolder } from '../../control/runtime-folder.js';
import { systemCode } from '../../shared/system-error.js';

/** Held until the front serves, and found by its control socket; the end of the process lets go of it too. */
export interface Turn {
  release(): void;
}

/** Making a socket and listening on it are two calls that follow each other. */
const STALE_MS = 200;

/** Where nobody could be asked, as it was before. */
const UNSHARED: Turn = { release: () => {} };

/**
 * @param folder see runtime-folder.ts
 * @param port HTTPS's
 * @returns null: another process has it
 */
export async function takeTurn(folder: string, port: number): Promise<Turn | null> {
  try {
    prepareRuntimeFolder(folder);
  } catch {
    return UNSHARED;
  }
  const path = join(folder, `start-${port}.sock`);
  const found = await listen(path);
  if (typeof found !== 'string') return turnOf(found);
  if (found !== 'EADDRINUSE') return UNSHARED;
  if (await isHeld(path)) return null;
  // Another may have made it this moment, and not listen yet.
  await pause(STALE_MS);
  if (await isHeld(path)) return null;
  // Whoever made it has been killed.
  rmSync(path, { force: true });
  const again = await listen(path);
  return typeof again === 'string' ? null : turnOf(again);
}

function turnOf(server: Server): Turn {
  return { release: () => void server.close() };
}

/** The server; or the system's word for why there is none. */
function listen(path: string): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => resolve(systemCode(error) ?? error.message));
    server.listen(path, () => resolve(server)).unref();
  });
}

function isHeld(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
