/** Sends 64-byte WebSocket messages on each connection, the next one when the echo of the last is back. */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { readPlan, Tally, tlsOptions } from './client-link.js';

const MESSAGE_BYTES = 64;
const plan = readPlan();
const { ca } = tlsOptions(plan);
const message = randomBytes(MESSAGE_BYTES);
const tally = new Tally();

function openEcho(): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const address = `wss://localhost:${plan.port}/echo`;
    const socket = new WebSocket(address, { ca, family: 4, perMessageDeflate: false });
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.send(message);
    };
    socket.once('open', () => {
      send();
      resolve(socket);
    });
    socket.on('message', (data: Buffer) => {
      if (!message.equals(data)) throw new Error('the echo differs from what was sent');
      tally.count(sentAt);
      send();
    });
    socket.on('error', reject);
  });
}

const sockets = await Promise.all(Array.from({ length: plan.connections }, openEcho));
await tally.measure(plan);
for (const socket of sockets) socket.terminate();
