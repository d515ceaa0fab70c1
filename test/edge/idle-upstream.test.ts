/** An app that says something on a connection where nobody asked: that connection never carries another request. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';

/** What the app sends after its answer, in parts with 50 ms between them. */
const SURPLUS: readonly (readonly [name: string, ...parts: string[]])[] = [
  ['a whole response', POISON],
  ['a response in two parts', POISON.slice(0, 1), POISON.slice(1)],
  ['a response cut within its head', POISON.slice(0, 20), POISON.slice(20)],
  ['a line end', '\r\n'],
  ['a 408', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
  ['one octet', 'x'],
];

for (const engine of ENGINES) {
  describe(`an idle app connection (${engine})`, () => {
    let front: StartedFront | undefined;
    let client: Client | undefined;
    let parts: readonly string[] = [];
    let accepted = 0;
    /** Settles when the connection that said too much is closed. */
    let closed: Promise<unknown> = Promise.resolve();

    const serve = (socket: Socket): void => {
      accepted += 1;
      const mine = accepted;
      let requests = 0;
      socket.on('error', () => undefined);
      socket.on('data', () => {
        requests += 1;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${mine}-${requests}`);
        if (parts.length === 0) return;
        const surplus = parts;
        parts = [];
        closed = new Promise((resolve) => socket.once('close', resolve));
        void (async () => {
          for (const part of surplus) {
            await pause(50);
            if (!socket.destroyed) socket.write(part);
          }
        })();
      });
    };
    const server = createServer(serve);

    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      assert.ok(address !== null && typeof address === 'object');
      const upstream = ['--upstream', `127.0.0.1:${address.port}`];
      front = await StartedFront.start({
        arguments: ['--listen', '127.0.0.1:0', ...upstream, '--engine', engine],
      });
      client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
    });
    after(async () => {
      client?.close();
      await front?.stop();
      server.close();
    });

    for (const [name, ...surplus] of SURPLUS) {
      test(`is closed after ${name}, and the next request gets another`, async () => {
        const ask = async (): Promise<string> => (await (client ?? assert.fail()).request('/')).text;
        parts = surplus;
        const first = await ask();
        await within(closed, PATIENCE_MS, 'the end of the connection');
        const next = await ask();
        assert.match(next, /^\d+-\d+$/);
        assert.ok(Number.parseInt(next, 10) > Number.parseInt(first, 10), `${first}, then ${next}`);
      });
    }
  });
}
