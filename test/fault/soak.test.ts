/** A mix of everything for a while: the router's memory comes to rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers, rstStream } from '../support/http2-frames.js';
import { RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const SOAK_MS = Number(process.env.TLSFRONT_SOAK_MS ?? 20_000);
const WARM_UP_MS = SOAK_MS / 2;
const MAX_GROWTH_MIB = 24;
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

test('memory comes to rest under a mix of requests, resets and cuts', { timeout: SOAK_MS * 4 }, async (t) => {
  const siege = await Siege.start();
  try {
    const run = async (ms: number): Promise<number> => {
      const endsAt = performance.now() + ms;
      let turns = 0;
      for (; performance.now() < endsAt; turns += 1) {
        await Promise.all([turnHttp1(siege), turnHttp2(siege)]);
        // The oracle keeps all it has seen; this test needs none of it.
        siege.edge.oracle.messages.length = 0;
      }
      return turns;
    };
    const warm = await run(WARM_UP_MS);
    const restMib = siege.residentMib();
    const turns = await run(SOAK_MS - WARM_UP_MS);
    const growthMib = siege.residentMib() - restMib;
    t.diagnostic(`${warm + turns} turns; ${restMib.toFixed(1)} MiB, then ${growthMib.toFixed(1)} MiB more`);
    assert.ok(growthMib <= MAX_GROWTH_MIB, `${growthMib} MiB more after ${turns} turns`);
    assert.equal(await siege.edge.probe(), undefined);
    assert.deepEqual(siege.edge.deaths(), []);
  } finally {
    await siege.stop();
  }
});
