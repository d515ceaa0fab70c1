/** Idle keep-alive TLS connections: what each costs, and that new clients are served beside them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBareTls } from '../support/bare-tls.js';
import { type FrontAddress, type RawClient, RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { residentMib, Siege } from '../support/siege.js';

/** Ten times as many by hand; the figure a connection is the same. */
const CONNECTIONS = 1000;
const AT_A_TIME = 50;
/** The first ones warm the heap up. */
const WARM_UP = 200;
/**
 * What a connection may cost beside one of a bare node:tls server, which takes 33 KiB on Node 20, 52 on 22 and 62 on 24. 1 to 8 KiB
 * were measured, for the heap grows in steps; a read or write buffer kept by mistake is 16 KiB more.
 */
const MAX_BYTES_BESIDE_NODE = 16 * 1024;
const WAIT_MS = 10_000;

async function openHttp1(front: FrontAddress): Promise<RawHttp1Client> {
  const client = await RawHttp1Client.open(front);
  await client.send('GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.ok(await client.settle(1, WAIT_MS));
  return client;
}

async function openHttp2(front: FrontAddress): Promise<RawHttp2Client> {
  const client = await RawHttp2Client.open(front);
  client.headers(
    1,
    [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/idle'],
    true,
  );
  assert.ok(await client.settle(1, WAIT_MS));
  return client;
}

type IdleClient = RawClient & { readonly socket: { destroy(): void } };

async function openMany(count: number, open: () => Promise<IdleClient>): Promise<IdleClient[]> {
  const clients: IdleClient[] = [];
  for (let opened = 0; opened < count; opened += AT_A_TIME) {
    clients.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, open))));
  }
  return clients;
}

/** What a thousand connections take of Node alone, in MiB. */
async function measureBareMib(): Promise<number> {
  const bare = await startBareTls();
  const clients = await openMany(WARM_UP, () => openHttp1(bare.address));
  try {
    const beforeMib = residentMib(bare.pid);
    clients.push(...(await openMany(CONNECTIONS, () => openHttp1(bare.address))));
    return residentMib(bare.pid) - beforeMib;
  } finally {
    for (const { socket } of clients) socket.destroy();
    bare.stop();
  }
}

for (const [protocol, open] of [
  ['HTTP/1.1', openHttp1],
  ['HTTP/2', openHttp2],
] as const) {
  test(`${CONNECTIONS} idle ${protocol} connections stay open and take little more than Node's own`, async (t) => {
    const bareMib = await measureBareMib();
    t.diagnostic(`${((bareMib * 1024) / CONNECTIONS).toFixed(1)} KiB a connection of a bare TLS server`);
    const siege = await Siege.start();
    const { front } = siege.edge;
    const clients = await openMany(WARM_UP, () => open(front));
    try {
      const mostMib = bareMib + (CONNECTIONS * MAX_BYTES_BESIDE_NODE) / 1024 ** 2;
      const { growthMib } = await siege.during(t, mostMib, async () => {
        clients.push(...(await openMany(CONNECTIONS, () => open(front))));
      });
      t.diagnostic(`${((growthMib * 1024) / CONNECTIONS).toFixed(1)} KiB a connection of the front`);
      assert.equal(clients.filter(({ closed }) => closed).length, 0);
    } finally {
      for (const { socket } of clients) socket.destroy();
      await siege.stop();
    }
  });
}
