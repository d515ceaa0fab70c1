/** Opens and closes verified TLS connections one after another on a few lanes; full handshakes or resumed ones. */
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { readPlan, Tally, tlsOptions } from './client-link.js';

const plan = readPlan();
const { ca, ...options } = tlsOptions(plan);
// One context for all: making one costs more than a handshake.
const secureContext: SecureContext = createSecureContext({ ca });
const tally = new Tally();
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
      tally.count(began, socket.isSessionReused());
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
void tally.measure(plan).then(() => {
  stopping = true;
});
await Promise.all(Array.from({ length: plan.connections }, () => runLane(session)));
