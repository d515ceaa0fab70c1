/** A client that resets its connection ends what it had, at whatever moment, and neither the router nor what others have. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { within } from '../support/deadline.js';
import { eachEngine } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, type StartedFront } from '../support/started-front.js';

const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
/** A frame of 4096 zeros with a mask of zeros. */
const FRAME = Buffer.concat([Buffer.from([0x82, 0xfe, 0x10, 0, 0, 0, 0, 0]), Buffer.alloc(4096)]);
const POST = 'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nbegun';
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

interface Moment {
  readonly name: string;
  /** Sent at once. */
  readonly first: string;
  /** Sent when the answer begins; null: nothing is waited for. */
  readonly second: Buffer | null;
  /** Milliseconds after the last of it. */
  readonly delays: readonly number[];
  readonly protocol?: 'h2';
}

const MOMENTS: readonly Moment[] = [
  { name: 'in a WebSocket', first: UPGRADE, second: FRAME, delays: [0, 2, 10] },
  { name: 'in the handshake of a WebSocket', first: UPGRADE, second: null, delays: [0, 1, 3] },
  { name: 'in its body', first: POST, second: null, delays: [0, 2, 10] },
  { name: 'while it is answered', first: GET, second: Buffer.from(GET.repeat(20)), delays: [0, 1, 3] },
  { name: 'in HTTP/2', first: PREFACE, second: Buffer.alloc(0), delays: [0, 2], protocol: 'h2' },
];

/** A TLS connection, and the way to reset the one below it. */
async function dial(front: StartedFront, protocol: string): Promise<{ tls: TLSSocket; reset: () => void }> {
  const plain = connectPlain(front.port(), '127.0.0.1');
  plain.on('error', () => undefined);
  const tls = connect({ socket: plain, servername: 'localhost', ca: front.ca, ALPNProtocols: [protocol] });
  tls.on('error', () => undefined);
  await within(once(tls, 'secureConnect'), PATIENCE_MS, 'the handshake');
  return { tls, reset: () => void plain.resetAndDestroy() };
}

eachEngine('a client that resets', { arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP }, (running) => {
  for (const { name, first, second, delays, protocol } of MOMENTS) {
    test(`${name} ends nobody else`, async () => {
      const front = running();
      const router = front.pid('http');
      const other = new WebSocket(`wss://localhost:${front.port()}/ws`, { ca: front.ca });
      await within(once(other, 'open'), PATIENCE_MS, 'the WebSocket of another client');
      for (const delay of delays) {
        const { tls, reset } = await dial(front, protocol ?? 'http/1.1');
        const answered = once(tls, 'data');
        tls.write(first, 'latin1');
        if (second !== null) {
          await within(answered, PATIENCE_MS, 'the beginning of the answer');
          tls.write(second);
        }
        await pause(delay);
        reset();
      }
      const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
      assert.equal((await client.request('/')).status, 200);
      client.close();
      const echoed = once(other, 'message');
      other.send('still here');
      const [message] = await within(echoed, PATIENCE_MS, 'the echo for the other client');
      assert.equal(String(message), 'still here');
      other.terminate();
      assert.equal(front.pid('http'), router);
    });
  }
});
