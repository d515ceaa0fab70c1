/** Opens and closes verified TLS connections one after another on a few lanes; full handshakes or resumed ones. */
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { percentile } from '../statistics.js';
import { readPlan, sayBegin, sayEnd, tlsOptions } from './client-link.js';

const plan = readPlan();
const { ca, ...options } = tlsOptions(plan);
// One context for all: making one costs more than a handshake.
const secureContext: SecureContext = createSecureContext({ ca });
const latencies: number[] = [];
let resumed = 0;
let measuring = false;
let stopping = false;

/** A connection with a request, so that tickets sent after the handshake arrive: its session. */
function fetchSession(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, secureContext });
    let session: Buffer | null = null;
    socket.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    socket.once('secureConnect', () => {
      socket.write('GET /small HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    });
    socket.on('error', reject);
    socket.once('close', () => (session === null ? reject(new Error('no ticket came')) : resolve(session)));
    socket.resume();
  });
}

function shakeHands(session: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const socket: TLSSocket = connect({
      ...options,
      secureContext,
      ...(session === undefined ? {} : { session }),
    });
    socket.once('secureConnect', () => {
      if (!socket.authorized) reject(socket.authorizationError);
      if (measuring) {
        latencies.push((performance.now() - began) * 1000);
        if (socket.isSessionReused()) resumed += 1;
      }
      socket.end();
    });
    socket.resume();
    socket.on('error', reject);
    socket.once('close', () => resolve());
  });
}

async function runLane(session: Buffer | undefined): Promise<void> {
  while (!stopping) await shakeHands(session);
}

const session = plan.resume ? await fetchSession() : undefined;
setTimeout(() => {
  measuring = true;
  sayBegin();
  setTimeout(() => {
    measuring = false;
    stopping = true;
    const sorted = Float64Array.from(latencies).sort();
    sayEnd({
      done: latencies.length,
      resumed,
      p50Micros: percentile(sorted, 0.5),
      p99Micros: percentile(sorted, 0.99),
    });
  }, plan.measureMs);
}, plan.warmUpMs);
await Promise.all(Array.from({ length: plan.connections }, () => runLane(session)));
