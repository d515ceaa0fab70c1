/** Sends 64-byte WebSocket messages on each connection, the next one when the echo of the last is back. */
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { percentile } from '../statistics.js';
import { readPlan, sayBegin, sayEnd, tlsOptions } from './client-link.js';

const MESSAGE_BYTES = 64;
const plan = readPlan();
const { ca } = tlsOptions(plan);
const message = randomBytes(MESSAGE_BYTES);
const latencies: number[] = [];
let measuring = false;

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
      if (measuring) latencies.push((performance.now() - sentAt) * 1000);
      send();
    });
    socket.on('error', reject);
  });
}

const sockets = await Promise.all(Array.from({ length: plan.connections }, openEcho));
setTimeout(() => {
  measuring = true;
  sayBegin();
  setTimeout(() => {
    measuring = false;
    const sorted = Float64Array.from(latencies).sort();
    const report = { p50Micros: percentile(sorted, 0.5), p99Micros: percentile(sorted, 0.99) };
    sayEnd({ done: latencies.length, resumed: 0, ...report });
    for (const socket of sockets) socket.terminate();
  }, plan.measureMs);
}, plan.warmUpMs);
