/** Idle keep-alive TLS connections: what each costs, and that new clients are served beside them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RawClient, RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

/** Ten times as many by hand; the figure a connection is the same. */
const CONNECTIONS = 1000;
const AT_A_TIME = 50;
/**
 * Node 20's own TLS socket costs 31 KiB, and the heap grows in steps: 38 to 44 KiB are measured for a thousand. A read or write
 * buffer kept by mistake is 16 KiB or more.
 */
const MOST_BYTES = 56 * 1024;
const WAIT_MS = 10_000;

async function openHttp1(siege: Siege): Promise<RawHttp1Client> {
  const client = await RawHttp1Client.open(siege.edge.front);
  await client.send('GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.ok(await client.settle(1, WAIT_MS));
  return client;
}

async function openHttp2(siege: Siege): Promise<RawHttp2Client> {
  const client = await RawHttp2Client.open(siege.edge.front);
  client.headers(
    1,
    [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/idle'],
    true,
  );
  assert.ok(await client.settle(1, WAIT_MS));
  return client;
}

for (const [protocol, open] of [
  ['HTTP/1.1', openHttp1],
  ['HTTP/2', openHttp2],
] as const) {
  test(`${CONNECTIONS} idle ${protocol} connections stay open and stay small`, async (t) => {
    const siege = await Siege.start();
    const clients: (RawClient & { readonly socket: { destroy(): void } })[] = [];
    try {
      const openSome = async (count: number): Promise<void> => {
        for (let opened = 0; opened < count; opened += AT_A_TIME) {
          clients.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, () => open(siege)))));
        }
      };
      // The first ones warm the heap up.
      await openSome(200);
      const { growthMib } = await siege.during(t, (CONNECTIONS * MOST_BYTES) / 1024 ** 2, () =>
        openSome(CONNECTIONS),
      );
      t.diagnostic(`${((growthMib * 1024) / CONNECTIONS).toFixed(1)} KiB a connection`);
      assert.equal(clients.filter(({ closed }) => closed).length, 0);
    } finally {
      for (const { socket } of clients) socket.destroy();
      await siege.stop();
    }
  });
}
