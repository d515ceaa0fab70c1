/**
 * A site's traffic at a fixed pace, the same for each peer: requests over HTTP/1.1 and HTTP/2, WebSocket messages,
 * and clients that take a large answer slowly. Counted are requests and messages.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent, get } from 'node:https';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { BROWSER_HEADERS } from '../scenarios/headers.js';
import { LARGE_PATH, SMALL_BODY, SMALL_PATH } from '../upstreams/content.js';
import { readPlan, Tally, tlsOptions } from './client-link.js';

/** Requests of each protocol, and messages, in each tick. */
const TICK_MS = 10;
const REQUESTS_A_TICK = 4;
const MESSAGES_A_TICK = 2;
/** Each slow client takes so much in each pause: 64 KB/s. */
const SLOW_BYTES = 16_384;
const SLOW_PAUSE_MS = 250;

const plan = readPlan();
const { ca, ALPNProtocols: _, ...address } = tlsOptions(plan);
const lines = BROWSER_HEADERS.map((line): [string, string] => {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
});
const headers = Object.fromEntries(lines);
const tally = new Tally();

function check(body: string): void {
  if (body !== SMALL_BODY) throw new Error(`a wrong answer: ${body.slice(0, 100)}`);
}

const agent = new Agent({ ...address, ca, keepAlive: true, maxSockets: plan.connections });

function askHttp1(): void {
  const began = performance.now();
  get({ agent, path: SMALL_PATH, headers: { ...headers, host: 'localhost' } }, (response) => {
    let body = '';
    response.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    response.once('end', () => {
      check(body);
      tally.count(began);
    });
  });
}

function openHttp2(): ClientHttp2Session {
  return connectHttp2(`https://localhost:${plan.port}`, { ...address, ca });
}

function askHttp2(session: ClientHttp2Session): void {
  const began = performance.now();
  const stream = session.request({ ...headers, ':path': SMALL_PATH });
  let body = '';
  stream.setEncoding('latin1').on('data', (text: string) => {
    body += text;
  });
  stream.once('end', () => {
    check(body);
    tally.count(began);
  });
}

/** A WebSocket, and when what it has sent last was sent; null: the echo is back. */
interface Echo {
  readonly socket: WebSocket;
  sentAt: number | null;
}

function openEcho(): Promise<Echo> {
  return new Promise((resolve, reject) => {
    const url = `wss://localhost:${plan.port}/echo`;
    const socket = new WebSocket(url, { ca, family: 4, perMessageDeflate: false });
    const echo: Echo = { socket, sentAt: null };
    socket.once('open', () => resolve(echo));
    socket.on('message', () => {
      if (echo.sentAt !== null) tally.count(echo.sentAt);
      echo.sentAt = null;
    });
    socket.on('error', reject);
  });
}

function sendOn(echo: Echo): void {
  if (echo.sentAt !== null) return;
  echo.sentAt = performance.now();
  echo.socket.send('sixty-four bytes of a message that goes to the app and back again');
}

/** Asks for the large file and takes it as slowly as a bad connection does. */
function readSlowly(): void {
  const socket = connect({ ...address, ca, ALPNProtocols: ['http/1.1'] });
  socket.once('secureConnect', () => {
    socket.write(`GET ${LARGE_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
  socket.on('readable', () => {});
  const timer = setInterval(() => socket.read(Math.min(SLOW_BYTES, socket.readableLength)), SLOW_PAUSE_MS);
  socket.once('close', () => clearInterval(timer));
}

const sessions = Array.from({ length: plan.connections }, openHttp2);
const echoes = await Promise.all(Array.from({ length: plan.connections }, openEcho));
for (let index = 0; index < plan.connections; index += 1) readSlowly();

let turn = 0;
setInterval(() => {
  for (let index = 0; index < REQUESTS_A_TICK; index += 1) {
    turn += 1;
    askHttp1();
    const session = sessions[turn % sessions.length];
    if (session !== undefined) askHttp2(session);
    const echo = echoes[turn % echoes.length];
    if (index < MESSAGES_A_TICK && echo !== undefined) sendOn(echo);
  }
}, TICK_MS);
await tally.measure(plan);
process.exit(0);
