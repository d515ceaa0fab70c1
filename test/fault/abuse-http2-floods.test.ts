/** HTTP/2 frames that cost their sender nothing: CONTINUATION, empty DATA, SETTINGS, PING, PRIORITY, and field blocks that swell. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { data, frame, headers, literalBlock, ping, settings, windowUpdate } from '../support/http2-frames.js';
import { FRAME, RawHttp2Client } from '../support/raw-http2-client.js';
import { Siege } from '../support/siege.js';

const PROTOCOL_ERROR = 1;
const ENHANCE_YOUR_CALM = 11;
const END_MS = 60_000;
const FRAMES = 20_000;
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/flood'];
const POST = [':method', 'POST', ...GET.slice(2)];

interface Flood {
  readonly name: string;
  /** Sent once. */
  readonly opening?: Buffer;
  /** Sent over and over. */
  readonly unit: Buffer;
  readonly codes?: readonly number[];
}

const FLOODS: readonly Flood[] = [
  {
    name: 'CONTINUATION without an end',
    opening: frame(FRAME.headers, 1, 1, literalBlock(GET)),
    unit: frame(FRAME.continuation, 0, 1, literalBlock(['x-fill', 'y'.repeat(900)])),
  },
  {
    name: 'empty CONTINUATION',
    opening: frame(FRAME.headers, 1, 1, literalBlock(GET)),
    unit: frame(FRAME.continuation, 0, 1),
  },
  { name: 'empty DATA', opening: headers(1, POST, false), unit: data(1, '') },
  { name: 'DATA that is all padding', opening: headers(1, POST, false), unit: padding() },
  { name: 'SETTINGS', unit: settings(3, 100) },
  { name: 'PING', unit: ping() },
  { name: 'PRIORITY', unit: frame(FRAME.priority, 0, 1, [0, 0, 0, 0, 16]), opening: headers(1, POST, false) },
  { name: 'WINDOW_UPDATE', unit: windowUpdate(0, 1) },
  { name: 'frames of an unknown type', unit: frame(0xbb, 0, 0, Buffer.alloc(8)) },
  {
    name: 'PRIORITY_UPDATE for idle streams',
    unit: frame(0x10, 0, 0, Buffer.from('\0\0\0\x09u=1', 'latin1')),
    codes: [ENHANCE_YOUR_CALM, PROTOCOL_ERROR],
  },
];

/** A frame of 256 octets of padding. */
function padding(): Buffer {
  return frame(FRAME.data, 8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]));
}

describe('floods of cheap frames', () => {
  let siege: Siege;
  before(async () => {
    siege = await Siege.start();
  });
  after(() => siege.stop());

  for (const { name, opening, unit, codes = [ENHANCE_YOUR_CALM] } of FLOODS) {
    test(`${name} ends the connection`, async (t) => {
      await siege.duringMany(t, 4, async () => {
        const client = await RawHttp2Client.open(siege.edge.front);
        if (opening !== undefined) client.write(opening);
        const piece = Buffer.concat(new Array<Buffer>(200).fill(unit));
        for (let sent = 0; sent < FRAMES && client.goaway === undefined && !client.closed; sent += 200) {
          client.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await client.until(() => client.goaway !== undefined, END_MS);
        assert.ok(codes.includes(client.goaway ?? -1), `GOAWAY ${client.goaway}`);
        client.socket.destroy();
      });
    });
  }

  test('a field block that swells 4000 times is 431 on its stream, and the connection goes on', async (t) => {
    await siege.during(t, 4, async () => {
      const client = await RawHttp2Client.open(siege.edge.front);
      // One entry of 4000 octets in the dynamic table, then 8000 references of one octet each.
      const entry = Buffer.concat([
        Buffer.from([0x40]),
        literalBlock(['x-bomb', 'b'.repeat(3900)]).subarray(1),
      ]);
      const bomb = Buffer.concat([literalBlock(GET), entry, Buffer.alloc(8000, 0xbe)]);
      for (let stream = 1; stream < 200; stream += 2) client.write(frame(FRAME.headers, 5, stream, bomb));
      assert.ok(await client.settle(100, END_MS));
      assert.equal(client.goaway, undefined);
      assert.deepEqual(new Set(client.responses.map(({ status }) => status)), new Set([431]));
      client.headers(201, GET, true);
      assert.ok(await client.settle(101, END_MS));
      assert.equal(client.responses.at(-1)?.status, 200);
      client.socket.destroy();
    });
  });

  test('more fields than --max-header-count are 431', async (t) => {
    await siege.during(t, 4, async () => {
      const client = await RawHttp2Client.open(siege.edge.front);
      const fields = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 'x-a' : 'b'));
      client.headers(1, [...GET, ...fields], true);
      assert.ok(await client.settle(1, END_MS));
      assert.equal(client.responses[0]?.status, 431);
      client.socket.destroy();
    });
  });

  test('streams above --max-concurrent-streams are refused, and the others are served', async (t) => {
    const token = siege.edge.token();
    siege.edge.oracle.script(
      token,
      ...Array.from({ length: 200 }, () => [
        { pauseMs: 300 },
        { send: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
      ]),
    );
    await siege.during(t, 4, async () => {
      const client = await RawHttp2Client.open(siege.edge.front);
      const path = [...GET.slice(0, 7), `/${token}`];
      for (let stream = 1; stream < 400; stream += 2) client.headers(stream, path, true);
      assert.ok(await client.settle(200, END_MS));
      const statuses = client.responses.map(({ status }) => status);
      assert.deepEqual([statuses.length, new Set(statuses)], [128, new Set([200])]);
      assert.deepEqual([client.resets, new Set(client.resetCodes.values())], [72, new Set([7])]);
      client.socket.destroy();
    });
  });
});
