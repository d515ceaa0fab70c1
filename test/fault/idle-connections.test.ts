/** Idle keep-alive TLS connections: what each costs, and that new clients are served beside them. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { startBareTls } from '../support/bare-tls.js';
import { HeldMemory, residentMib } from '../support/held-memory.js';
import { type FrontAddress, type RawClient, RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

/** Many more by hand give the same figures a connection: what is held is counted, not guessed from the size of the process. */
const CONNECTIONS = 200;
const AT_A_TIME = 50;
/** The first ones warm the heap up. */
const WARM_UP = 100;
/**
 * Objects and buffers of a connection beside those of a bare node:tls server, which are 4 KiB on Node 20: 5 (HTTP/1.1) and 10 KiB (HTTP/2) were measured;
 * a read or write buffer kept by mistake is 16 KiB more.
 */
const MAX_HELD_KIB_BESIDE_NODE = 14;
/** All memory of a connection, in which the heap grows by steps. A bare one takes 31 KiB on Node 20, 52 on 22 and 62 on 24. */
const MAX_RESIDENT_KIB_BESIDE_NODE = 48;
const WAIT_MS = 60_000;

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

/** What the connections take: alive, and of the machine. */
interface Cost {
  readonly heldKib: number;
  readonly residentKib: number;
}

/** What each of so many more connections costs the process. */
async function measure(
  pid: number,
  memory: (pid: number) => Promise<number>,
  open: () => Promise<void>,
): Promise<Cost> {
  const look = async (): Promise<readonly [number, number]> => [await memory(pid), residentMib(pid)];
  const [heldBefore, residentBefore] = await look();
  await open();
  const [held, resident] = await look();
  const kib = (mib: number): number => (mib * 1024) / CONNECTIONS;
  return { heldKib: kib(held - heldBefore), residentKib: kib(resident - residentBefore) };
}

/** What they cost of Node alone. */
async function measureBare(): Promise<Cost> {
  const memory = new HeldMemory('');
  const bare = await startBareTls(memory.nodeArguments);
  const clients = await openMany(WARM_UP, () => openHttp1(bare.address));
  try {
    return await measure(
      bare.pid,
      (pid) => memory.mib(pid),
      async () => {
        clients.push(...(await openMany(CONNECTIONS, () => openHttp1(bare.address))));
      },
    );
  } finally {
    for (const { socket } of clients) socket.destroy();
    bare.stop();
    memory.remove();
  }
}

describe(`${CONNECTIONS} idle connections stay open and take little more than Node's own`, () => {
  let bare: Cost;
  before(async () => {
    bare = await measureBare();
  });

  for (const [protocol, open] of [
    ['HTTP/1.1', openHttp1],
    ['HTTP/2', openHttp2],
  ] as const) {
    test(`over ${protocol}`, async (t) => {
      // Idle for as long as a busy machine takes to open the others.
      const siege = await Siege.start('--timeout-keepalive', '10m');
      const { front } = siege.edge;
      const clients = await openMany(WARM_UP, () => open(front));
      try {
        const cost = await measure(
          siege.routerPid,
          () => siege.heldMib(),
          async () => {
            clients.push(...(await openMany(CONNECTIONS, () => open(front))));
          },
        );
        t.diagnostic(`a connection of the front ${words(cost)}, of a bare TLS server ${words(bare)}`);
        assert.ok(cost.heldKib - bare.heldKib <= MAX_HELD_KIB_BESIDE_NODE, words(cost));
        assert.ok(cost.residentKib - bare.residentKib <= MAX_RESIDENT_KIB_BESIDE_NODE, words(cost));
        assert.equal(clients.filter(({ closed }) => closed).length, 0);
        assert.equal(await siege.edge.probe(), undefined);
      } finally {
        for (const { socket } of clients) socket.destroy();
        await siege.stop();
      }
    });
  }
});

function words({ heldKib, residentKib }: Cost): string {
  return `holds ${heldKib.toFixed(1)} KiB and takes ${residentKib.toFixed(1)}`;
}
