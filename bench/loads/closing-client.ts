/** Makes one request on each TLS connection, which the answer closes; the next connection resumes the session, as browsers do. */
import { connect, createSecureContext } from 'node:tls';
import { BROWSER_HEADERS } from '../scenarios/headers.js';
import { SMALL_BODY, SMALL_PATH } from '../upstreams/content.js';
import { readPlan, Tally, tlsOptions } from './client-link.js';

const plan = readPlan();
const { ca, ...options } = tlsOptions(plan);
const secureContext = createSecureContext({ ca });
const request = `GET ${SMALL_PATH} HTTP/1.1\r\nHost: localhost\r\n${BROWSER_HEADERS.join('\r\n')}\r\nConnection: close\r\n\r\n`;
const tally = new Tally();
let stopping = false;

/** One connection with one whole answer; gives the session for the next. */
function ask(session: Buffer | undefined): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const socket = connect({
      ...options,
      secureContext,
      ...(session === undefined ? {} : { session }),
    });
    let next: Buffer | undefined;
    let answer = '';
    socket.once('secureConnect', () => socket.write(request));
    socket.on('session', (ticket: Buffer) => {
      next = ticket;
    });
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.once('end', () => {
      if (!answer.startsWith('HTTP/1.1 200 ') || !answer.endsWith(SMALL_BODY))
        reject(new Error(`a wrong answer: ${answer.slice(0, 100)}`));
      tally.count(began, socket.isSessionReused());
    });
    socket.once('close', () => resolve(next));
  });
}

async function runLane(): Promise<void> {
  let session: Buffer | undefined;
  while (!stopping) session = await ask(session);
}

void tally.measure(plan).then(() => {
  stopping = true;
});
await Promise.all(Array.from({ length: plan.connections }, runLane));
