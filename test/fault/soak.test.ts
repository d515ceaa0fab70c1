/** A mix of everything for a while: the router's memory comes to rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers, rstStream } from '../support/http2-frames.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

/** More of them for a soak by hand. */
const TURNS = Number(process.env.FRONT_SOAK_TURNS ?? 40);
const MAX_GROWTH_MIB = 1;
const WAIT_MS = 10_000;

/** One turn over HTTP/1.1: requests with and without body, an error, a connection that is cut. */
async function turnHttp1(siege: Siege): Promise<void> {
  const client = await RawHttp1Client.open(siege.edge.front);
  const body = 'x'.repeat(20_000);
  await client.send(
    `GET /soak HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /soak HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  assert.ok(await client.settle(2, WAIT_MS));
  await client.send('POST /soak HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf');
  client.socket.destroy();
}

/** One turn over HTTP/2: 50 requests, half of them reset, a body that is cut. */
async function turnHttp2(siege: Siege): Promise<void> {
  const client = await RawHttp2Client.open(siege.edge.front);
  const get = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/soak'];
  for (let stream = 1; stream < 100; stream += 4) {
    client.write(Buffer.concat([headers(stream, get), headers(stream + 2, get), rstStream(stream + 2, 8)]));
  }
  assert.ok(
    await client.until(() => client.responses.length === 25, WAIT_MS),
    `${client.responses.length} of 25`,
  );
  client.headers(101, [':method', 'POST', ...get.slice(2)], false);
  client.data(101, 'half', false);
  client.socket.destroy();
}

test('memory comes to rest under a mix of requests, resets and cuts', { timeout: 300_000 }, async (t) => {
  const siege = await Siege.start();
  try {
    /** What is held after so many turns, all of whose connections are gone. */
    const heldAfter = async (turns: number): Promise<number> => {
      for (let turn = 0; turn < turns; turn += 1) {
        await Promise.all([turnHttp1(siege), turnHttp2(siege)]);
        // The oracle keeps all it has seen; this test needs none of it.
        siege.edge.oracle.messages.length = 0;
      }
      return siege.heldMib();
    };
    const restMib = await heldAfter(TURNS);
    const growth: number[] = [];
    for (let round = 0; round < 3; round += 1) growth.push((await heldAfter(TURNS)) - restMib);
    const inWords = growth.map((mib) => mib.toFixed(2)).join(', ');
    t.diagnostic(
      `${restMib.toFixed(1)} MiB held after ${TURNS} turns; after as many each time: ${inWords} MiB more`,
    );
    assert.ok(Math.min(...growth) <= MAX_GROWTH_MIB && (growth.at(-1) ?? 0) <= MAX_GROWTH_MIB, inWords);
    assert.equal(await siege.edge.probe(), undefined);
    assert.deepEqual(siege.edge.deaths(), []);
  } finally {
    await siege.stop();
  }
});
