/** Opens many keep-alive TLS connections, makes one request on each, and holds them all open for a while. */
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { readPlan, sayBegin, sayEnd, tlsOptions } from './client-link.js';

const LANES = 32;
/** Connections opened and closed before the first look, so that what a peer allocates once is not counted. */
const REHEARSAL_CONNECTIONS = 500;
const plan = readPlan();
const { ca, ...options } = tlsOptions(plan);
const secureContext = createSecureContext({ ca });
const request = 'GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n';

function openConnection(): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, secureContext });
    socket.once('secureConnect', () => socket.write(request));
    socket.once('data', () => resolve(socket));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the peer closed an idle connection')));
  });
}

async function openMany(count: number): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      sockets.push(await openConnection());
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return sockets;
}

for (const socket of await openMany(REHEARSAL_CONNECTIONS)) socket.destroy();
setTimeout(async () => {
  sayBegin();
  const sockets = await openMany(plan.connections);
  setTimeout(() => {
    const open = sockets.filter((socket) => !socket.destroyed && socket.readable);
    sayEnd({ done: open.length, resumed: 0, p50Micros: null, p99Micros: null });
    for (const socket of sockets) socket.destroy();
  }, plan.measureMs);
}, plan.warmUpMs);
