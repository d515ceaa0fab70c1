/** Chooses the app's port and finds out when the app accepts connections on it. */
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCode } from '../src/shared/system-error.js';

/** Development servers that ask the resolver for localhost may listen on ::1 only. */
const LOOPBACK_HOSTS = ['127.0.0.1', '::1'] as const;
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 100;
const FIRST_PORT = 20_000;
const END_PORT = 30_000;
/** So many ports taken in a row: the range has none to give. */
const ATTEMPTS = 20;
const TAKEN: readonly (string | null)[] = ['EADDRINUSE', 'EACCES'];
/** Loopback answers at once; only a full accept queue takes longer. */
const CONNECT_TIMEOUT_MS = 1000;

/**
 * A port nobody listens on at this moment. Another program may take it before the app does: the master then starts again.
 * It lies below the ports that systems give to outgoing connections and to whoever asks for any (Linux: 32768 and up): while
 * the app starts, one of those would keep it from listening, or be taken for it.
 */
export async function findFreePort(host: string): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = await listenOnce(host, randomInt(FIRST_PORT, END_PORT)).catch(onlyTaken);
    if (port !== undefined) return port;
  }
  return listenOnce(host, 0);
}

function onlyTaken(error: unknown): undefined {
  // Windows keeps ranges of ports for itself.
  if (TAKEN.includes(systemCode(error))) return undefined;
  throw error;
}

/** @returns the port, free again */
function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error(`${host}, no free port`));
      });
    });
  });
}

/**
 * Tries the port in growing intervals on 127.0.0.1 and ::1, from the moment `isLoaded` says yes.
 * @returns the host that accepted, or undefined when the time is over or `signal` aborted
 */
export async function waitUntilAccepting(
  port: number,
  timeoutMs: number,
  signal: AbortSignal,
  isLoaded: () => boolean,
): Promise<string | undefined> {
  const endsAt = performance.now() + timeoutMs;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    if (isLoaded()) {
      for (const host of LOOPBACK_HOSTS) if (await accepts(host, port)) return host;
    }
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) return undefined;
    await pause(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 1.4, MAX_PAUSE_MS);
  }
  return undefined;
}

/** Whether a program listens on the port of loopback. */
export async function isTaken(port: number): Promise<boolean> {
  for (const host of LOOPBACK_HOSTS) if (await accepts(host, port)) return true;
  return false;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => settle(false));
    socket.once('error', () => settle(false));
    // A connection to a free port of the ephemeral range can meet itself (RFC 9293 §3.5, simultaneous open).
    socket.once('connect', () => settle(socket.localPort !== port));
  });
}
