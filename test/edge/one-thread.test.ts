/** An app with one thread and keep-alive takes no other connection while it waits on an idle one: that one is given up for those who wait. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';

const WAIT_MS = 30_000;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Serves so many connections at a time, each until it is closed, as a server with so many threads does. */
class ThreadedApp {
  /** Connections that were served. */
  served = 0;
  private busy = 0;
  private readonly waiting: Socket[] = [];
  readonly server: Server;

  constructor(private readonly threads: number) {
    this.server = createServer({ pauseOnConnect: true }, (socket) => {
      socket.on('error', () => undefined);
      this.waiting.push(socket);
      this.next();
    });
  }

  private next(): void {
    const socket = this.busy < this.threads ? this.waiting.shift() : undefined;
    if (socket === undefined) return;
    this.busy += 1;
    this.served += 1;
    socket.once('close', () => {
      this.busy -= 1;
      this.next();
    });
    socket.on('data', () => setTimeout(() => socket.write(ANSWER), 5));
    socket.resume();
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  }
}

for (const threads of [1, 3]) {
  describe(`an app with keep-alive, threads: ${threads}`, () => {
    const app = new ThreadedApp(threads);
    let front: StartedFront;
    let client: Client;
    before(async () => {
      const upstream = `127.0.0.1:${await app.listen()}`;
      front = await StartedFront.start({
        // Without a bound that would end an idle connection by itself.
        arguments: ['--listen', '127.0.0.1:0', '--upstream', upstream, '--timeout-upstream-keepalive', '1h'],
      });
      client = new Client({ port: front.port(), ca: front.ca }, 'h2');
    });
    after(async () => {
      client.close();
      await front.stop();
      app.server.close();
    });

    test('all of twelve requests at once are answered', async () => {
      const replies = Array.from({ length: 12 }, (_, index) => client.request(`/${index}`));
      const answers = await within(Promise.all(replies), WAIT_MS, 'twelve answers');
      assert.deepEqual(
        answers.map(({ status }) => status),
        new Array(12).fill(200),
      );
    });

    test('requests one after the other go over one connection', async () => {
      await client.request('/first');
      const { served } = app;
      for (let count = 0; count < 5; count += 1) await client.request(`/after-${count}`);
      assert.equal(app.served, served);
    });
  });
}

test('several routers take turns at an app with one thread', async (t) => {
  const app = new ThreadedApp(1);
  const upstream = `127.0.0.1:${await app.listen()}`;
  const front = await StartedFront.start({
    // An idle connection of one router would keep the app from the other for an hour.
    arguments: [
      ...['--listen', '127.0.0.1:0', '--upstream', upstream, '--timeout-upstream-keepalive', '1h'],
      ...['--http-processes', '2'],
    ],
  });
  // Each has its own connection: which router takes it is chance.
  const clients = Array.from(
    { length: 16 },
    () => new Client({ port: front.port(), ca: front.ca }, 'http/1.1'),
  );
  t.after(async () => {
    for (const client of clients) client.close();
    await front.stop();
    app.server.close();
  });
  for (let round = 0; round < 2; round += 1) {
    const replies = clients.map((client) => client.request(`/${round}`));
    const answers = await within(Promise.all(replies), WAIT_MS, 'the answers of both routers');
    assert.deepEqual(
      answers.map(({ status }) => status),
      clients.map(() => 200),
    );
  }
});

test('an app that takes more connections than are idle keeps those when others are slow', async (t) => {
  const app = new ThreadedApp(100);
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${await app.listen()}`],
  });
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(async () => {
    client.close();
    await front.stop();
    app.server.close();
  });
  for (let round = 0; round < 3; round += 1)
    await Promise.all(Array.from({ length: 8 }, (_, index) => client.request(`/${round}/${index}`)));
  assert.ok(app.served <= 16, `${app.served} connections for 8 requests at a time`);
});
