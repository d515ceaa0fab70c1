/** Every limit that ends a connection or a request says so in one line with its option's name, and is counted. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type EndingLimit, LIMIT_ROWS } from '../../proxy/exchange/log/limit-reports.js';
import { LIMIT_KEYS, LIMIT_OPTIONS } from '../../src/options/groups/limits.js';
import { DIRECT_ONLY } from '../../src/options/library-engine.js';
import { until, within } from '../support/deadline.js';
import { headers, rstStream } from '../support/http2-frames.js';
import { openSocket, RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

/** Limits that end nothing: they buffer elsewhere, close what nobody uses, or are named with another. */
const ENDS_NOTHING = [
  'maxBufferMemoryBytes',
  'maxBufferedResponseBytes',
  'clientRateGraceMs',
  'keepAliveTimeoutMs',
  'upstreamKeepAlive',
  'upstreamKeepAliveTimeoutMs',
];

test('every limit either ends nothing or has a line that names its option', () => {
  assert.deepEqual([...Object.keys(LIMIT_ROWS), ...ENDS_NOTHING].sort(), [...LIMIT_KEYS].sort());
  for (const [limit, { option, text }] of Object.entries(LIMIT_ROWS)) {
    const { flag } = Object.entries(LIMIT_OPTIONS).find(([key]) => key === limit)?.[1] ?? { flag: '' };
    assert.equal(flag.split(' ')[0], option, limit);
    assert.ok(text.includes(option), text);
  }
});

const BIG = Buffer.alloc(4 * 1024 ** 2, 'b');
const HEAD = ['POST / HTTP/1.1', 'Host: localhost'];
const GET = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path'];
const UPGRADE = [
  ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** An app that does what the path says. */
function createApp(): Server {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/never') return;
    if (path === '/half') response.writeHead(200, { 'content-length': 10 }).write('half');
    else if (path === '/big') response.end(BIG);
    else request.resume().once('end', () => response.end('ok'));
  });
  server.on('upgrade', (_request, socket: Socket) => {
    socket.on('error', () => undefined);
    const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  return server;
}

/** What makes a front reach the limit. */
type Attack = (front: StartedFront, clients: Socket[]) => Promise<void>;

function request(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Sends over HTTP/1.1 and keeps the connection. */
function sends(...texts: readonly string[]): Attack {
  return async (front, clients) => {
    for (const text of texts) {
      const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
      clients.push(client.socket);
      await client.send(text);
    }
  };
}

/** Sends a request and reads nothing. */
function readsNothing(count: number): Attack {
  return async (front, clients) => {
    for (let client = 0; client < count; client += 1) {
      const socket = await openSocket({ port: front.port(), ca: front.ca }, 'http/1.1');
      socket.on('error', () => undefined);
      clients.push(socket);
      socket.pause();
      socket.write(request('GET /big HTTP/1.1', 'Host: localhost').repeat(8));
    }
  };
}

/** Sends frames over HTTP/2. */
function frames(make: () => readonly Buffer[]): Attack {
  return async (front, clients) => {
    const client = await RawHttp2Client.open({ port: front.port(), ca: front.ca });
    clients.push(client.socket);
    // The front's SETTINGS are known, so that what is beyond them is the client's fault.
    assert.ok(await client.until(() => client.acknowledged, PATIENCE_MS));
    client.write(Buffer.concat([...make()]));
  };
}

const streams = (count: number, path: string) => (): Buffer[] =>
  Array.from({ length: count }, (_, index) => headers(index * 2 + 1, [...GET, path], true));

/** Opens TCP and says nothing. */
const silence: Attack = async (front, clients) => {
  const socket = connect(front.port(), '127.0.0.1');
  socket.on('error', () => undefined);
  clients.push(socket);
  await within(once(socket, 'connect'), PATIENCE_MS, 'a connection');
};

const connections = (count: number): Attack => {
  return async (front, clients) => {
    for (let index = 0; index < count; index += 1) await silence(front, clients);
  };
};

/** The head of a second request does not end: a connection that never asked for anything may be closed without a word. */
const halfHead: Attack = async (front, clients) => {
  const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
  clients.push(client.socket);
  await client.send(request('GET /ok HTTP/1.1', 'Host: localhost'));
  assert.ok(await client.settle(1, PATIENCE_MS));
  await client.send('GET / HTTP/1.1\r\n');
};

/** Fronts whose limits do not meet each other, and what reaches each. */
const GROUPS: readonly {
  readonly args: readonly string[];
  readonly attacks: Partial<Record<EndingLimit, Attack>>;
}[] = [
  {
    args: [
      ...['--max-header-bytes', '2k', '--max-header-count', '20', '--max-body-bytes', '1000'],
      ...['--timeout-handshake', '300ms', '--timeout-client-head', '300ms', '--timeout-client-body', '300ms'],
      ...['--timeout-upstream-head', '300ms', '--timeout-upstream-idle', '300ms'],
      ...['--timeout-tunnel-idle', '300ms', '--max-concurrent-streams', '4'],
      ...['--max-control-frames', '50', '--max-stream-resets', '10'],
    ],
    attacks: {
      maxHeaderBytes: sends(request(...HEAD, `X: ${'y'.repeat(3000)}`)),
      maxHeaderCount: sends(request(...HEAD, ...new Array<string>(30).fill('X: y'))),
      maxBodyBytes: sends(request(...HEAD, 'Content-Length: 2000')),
      handshakeTimeoutMs: silence,
      clientHeadTimeoutMs: halfHead,
      clientBodyTimeoutMs: sends(`${request(...HEAD, 'Content-Length: 100')}a`),
      upstreamHeadTimeoutMs: sends(request('GET /never HTTP/1.1', 'Host: localhost')),
      upstreamIdleTimeoutMs: sends(request('GET /half HTTP/1.1', 'Host: localhost')),
      tunnelIdleTimeoutMs: sends(request('GET /ws HTTP/1.1', 'Host: localhost', ...UPGRADE)),
      maxConcurrentStreams: frames(streams(6, '/never')),
      maxControlFrames: frames(() =>
        new Array<Buffer>(1000).fill(Buffer.from([0, 0, 5, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])),
      ),
      maxStreamResets: frames(() =>
        Array.from({ length: 100 }, (_, index) =>
          Buffer.concat([headers(index * 2 + 1, [...GET, '/never'], true), rstStream(index * 2 + 1, 8)]),
        ),
      ),
    },
  },
  {
    args: [
      '--max-connections',
      '3',
      '--max-upstream-connections',
      '1',
      '--max-upstream-queue',
      '1',
      '--timeout-connect',
      '2s',
    ],
    attacks: {
      maxUpstreamConnections: frames(streams(2, '/never')),
      maxUpstreamQueue: frames(streams(4, '/never')),
      maxConnections: connections(5),
    },
  },
  {
    args: [
      ...['--max-connections-per-address', '20', '--max-buffer-memory', '0', '--max-spool-bytes', '1k'],
      ...['--min-client-rate', '1m', '--min-client-rate-grace', '300ms', '--buffer-responses', '0'],
    ],
    attacks: {
      maxSpoolBytes: sends(request(...HEAD, 'Content-Length: 5000') + 'a'.repeat(5000)),
      minClientRateBytes: readsNothing(1),
      maxConnectionsPerAddress: connections(30),
    },
  },
  {
    args: ['--min-client-rate', '0', '--timeout-client-write', '500ms'],
    attacks: { clientWriteTimeoutMs: readsNothing(1) },
  },
  {
    args: ['--max-waiting-bytes', '1k'],
    attacks: { maxWaitingBytes: readsNothing(2) },
  },
];

/** The same limits in the library engine, less those that it refuses to be told of. */
const OF_LIBRARY: typeof GROUPS = [
  {
    args: [
      ...['--engine', 'library', '--max-header-bytes', '2k', '--max-header-count', '20'],
      ...['--max-body-bytes', '1000', '--max-connections-per-address', '20'],
      ...['--timeout-handshake', '300ms', '--timeout-client-head', '300ms', '--timeout-client-body', '300ms'],
      ...['--timeout-upstream-head', '300ms', '--timeout-upstream-idle', '300ms'],
      ...[
        '--timeout-tunnel-idle',
        '300ms',
        '--timeout-client-write',
        '500ms',
        '--max-concurrent-streams',
        '4',
      ],
    ],
    attacks: {
      ...without(GROUPS[0]?.attacks ?? {}, ['maxControlFrames', 'maxStreamResets']),
      clientWriteTimeoutMs: readsNothing(1),
      maxConnectionsPerAddress: connections(30),
    },
  },
  {
    // Not beside four streams at a time: from Node 24 on nghttp2 itself refuses the fifth of a write whose first four were reset.
    args: ['--engine', 'library', '--max-stream-resets', '10', ...(GROUPS[1]?.args ?? [])],
    attacks: {
      ...(GROUPS[0]?.attacks.maxStreamResets && { maxStreamResets: GROUPS[0].attacks.maxStreamResets }),
      ...GROUPS[1]?.attacks,
    },
  },
];

function without<Table extends object>(table: Table, keys: readonly (keyof Table)[]): Partial<Table> {
  const left = { ...table };
  for (const key of keys) delete left[key];
  return left;
}

/** The last are those after which the front takes no connection until it has noticed that the others are gone. */
const IN_TURN = [...LIMIT_KEYS].sort(
  (a, b) => Number(a.startsWith('maxConnections')) - Number(b.startsWith('maxConnections')),
);

async function counted(front: StartedFront, option: string): Promise<boolean> {
  const port = /^tlsfront metrics bound on 127\.0\.0\.1:(\d+)$/m.exec(front.log)?.[1];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return new RegExp(`^tlsfront_limits_reached_total\\{option="${option}"\\} [1-9]`, 'm').test(text);
}

function linesOf(front: StartedFront, option: string): string[] {
  return front.log.split('\n').filter((line) => line.startsWith('warning: ') && line.includes(`${option}`));
}

test('every limit that has a line is reached by an attack below', () => {
  const attacked = [...GROUPS.flatMap(({ attacks }) => Object.keys(attacks)), 'connectTimeoutMs'];
  assert.deepEqual(attacked.sort(), Object.keys(LIMIT_ROWS).sort());
});

test('every limit that the library engine takes is reached there too', () => {
  const attacked = [...OF_LIBRARY.flatMap(({ attacks }) => Object.keys(attacks)), 'connectTimeoutMs'];
  const taken = Object.keys(LIMIT_ROWS).filter((limit) => !DIRECT_ONLY.some((key) => key === limit));
  assert.deepEqual(attacked.sort(), taken.sort());
});

for (const { args, attacks } of [...GROUPS, ...OF_LIBRARY]) {
  describe(args.join(' '), () => {
    const app = createApp();
    let front: StartedFront;
    before(async () => {
      app.listen(0, '127.0.0.1');
      await once(app, 'listening');
      const address = app.address();
      assert.ok(address !== null && typeof address === 'object');
      const own = [
        '--listen',
        '127.0.0.1:0',
        '--metrics',
        '127.0.0.1:0',
        '--upstream',
        `127.0.0.1:${address.port}`,
      ];
      front = await StartedFront.start({ arguments: [...own, ...args] });
    });
    after(async () => {
      await front.stop();
      app.closeAllConnections();
      app.close();
    });
    for (const limit of IN_TURN) {
      if (!(limit in attacks)) continue;
      const [name, attack] = Object.entries(attacks).find(([key]) => key === limit) ?? [limit, undefined];
      const { option } = Object.entries(LIMIT_ROWS).find(([key]) => key === name)?.[1] ?? { option: '' };
      test(`${option}: one line, and a counter`, async (t) => {
        const clients: Socket[] = [];
        t.after(() => {
          for (const socket of clients) socket.destroy();
        });
        await attack?.(front, clients);
        await front.logged(new RegExp(`^warning: .*${option}( |$)`, 'm'));
        assert.equal(linesOf(front, `${option}`).length, 1, front.log);
        await until(() => counted(front, option), PATIENCE_MS, `${option} in the metrics`);
      });
    }
  });
}

/** Listens with a queue of one, and is stopped before it accepts. */
const DEAF = `require('node:net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, function () {
  console.log(this.address().port);
});`;

test('--timeout-connect: one line, and a counter', async (t) => {
  const app: ChildProcess = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => app.kill('SIGKILL'));
  assert.ok(app.stdout !== null);
  const [line] = await within(once(app.stdout, 'data'), PATIENCE_MS, 'the port of the app');
  const port = Number(String(line));
  app.kill('SIGSTOP');
  const filling = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  t.after(() => {
    for (const socket of filling) socket.destroy();
  });
  await until(() => filling.filter((socket) => !socket.connecting).length >= 2, PATIENCE_MS, 'a full queue');
  const own = ['--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0', '--upstream', `127.0.0.1:${port}`];
  const front = await StartedFront.start({ arguments: [...own, '--timeout-connect', '300ms'] });
  t.after(() => front.stop());
  const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
  t.after(() => client.socket.destroy());
  await client.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
  await front.logged(/^warning: no connection to the app at 127\.0\.0\.1:\d+ in --timeout-connect$/m);
  await until(() => counted(front, '--timeout-connect'), PATIENCE_MS, 'it in the metrics');
});
