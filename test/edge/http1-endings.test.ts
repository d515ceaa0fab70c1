/** When an HTTP/1.1 connection goes on after an answer, and when it must end: what was announced and not sent would be read as a request. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { within } from '../support/deadline.js';
import { openSocket, RawHttp1Client } from '../support/raw-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** `/refuses` answers before any body, `/takes` after five bytes of one; `/whole` ends its answer, `/cut…` does not. */
const app = createServer((socket: Socket) => {
  let text = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const path = text.split(' ')[1] ?? '';
    if (path === '/takes' && text.length < end + 4 + 5) return;
    text = '';
    if (path === '/refuses') socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    else if (path === '/whole') socket.write(`${CHUNKED}5\r\nwhole\r\n0\r\n\r\n`);
    else if (path === '/cut') socket.end(`${CHUNKED}5\r\npart.\r\n`);
    else if (path === '/cut-length') socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart.');
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
});

let front: StartedFront;
const opened: Socket[] = [];

before(async () => {
  await once(app.listen(0, '127.0.0.1'), 'listening');
  const address = app.address();
  const to = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const routes = ['/refuses', '/takes', '/whole', '/cut', '/cut-length', '/ok'];
  front = await StartedFront.start({
    arguments: [
      ...['--listen', '127.0.0.1:0', '--max-body-bytes', '1m'],
      ...routes.flatMap((route) => ['--upstream', `${route}=${to}`]),
    ],
  });
});
after(async () => {
  for (const socket of opened) socket.destroy();
  await front.stop();
  app.close();
});

async function ask(head: string, body = ''): Promise<RawHttp1Client> {
  const client = await RawHttp1Client.open({ port: front.port(), ca: front.ca });
  opened.push(client.socket);
  await client.send(`${head} HTTP/1.1\r\nHost: localhost\r\n`, body === '' ? '' : body);
  return client;
}

const isLast = ({ responses }: RawHttp1Client): boolean => {
  const headers = responses[0]?.headers ?? [];
  return headers.some(
    (name, at) => at % 2 === 0 && /^connection$/i.test(name) && headers[at + 1] === 'close',
  );
};

/** What is sent behind the request line and Host, the status, and whether the connection goes on. */
const CASES: readonly (readonly [
  name: string,
  line: string,
  rest: string,
  status: number,
  goesOn: boolean,
])[] = [
  [
    'a final answer to Expect, and no body was sent',
    'POST /refuses',
    'Content-Length: 5\r\nExpect: 100-continue\r\n\r\n',
    403,
    false,
  ],
  [
    'the same for a body in chunks',
    'POST /refuses',
    'Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n',
    403,
    false,
  ],
  [
    'a final answer to Expect behind the whole body',
    'POST /takes',
    'Content-Length: 5\r\nExpect: 100-continue\r\n\r\nabcde',
    200,
    true,
  ],
  [
    'no route, and a body that is still to come',
    'POST /nowhere',
    'Content-Length: 5000\r\n\r\nabc',
    404,
    false,
  ],
  [
    'no route, and a body in chunks that is still to come',
    'POST /nowhere',
    'Transfer-Encoding: chunked\r\n\r\n',
    404,
    false,
  ],
  ['a method that is refused, and a body to come', 'TRACE /ok', 'Content-Length: 500000\r\n\r\n', 405, false],
  ['a body that is announced as too large', 'POST /ok', 'Content-Length: 5000000\r\n\r\n', 413, false],
  [
    'an expectation that nobody knows',
    'POST /ok',
    'Content-Length: 5000\r\nExpect: wonders\r\n\r\n',
    417,
    false,
  ],
  ['no route, and no body', 'GET /nowhere', '\r\n', 404, true],
  ['no route, and an empty body', 'POST /nowhere', 'Content-Length: 0\r\n\r\n', 404, true],
];

describe('after', () => {
  for (const [name, line, rest, status, goesOn] of CASES) {
    test(`${name}, the connection ${goesOn ? 'goes on' : 'says close and is closed'}`, async () => {
      const client = await ask(line, rest);
      assert.ok(await client.settle(1, PATIENCE_MS), 'the answer');
      assert.equal(client.responses[0]?.status, status);
      assert.equal(client.responses[0]?.complete, true);
      assert.equal(isLast(client), !goesOn, client.received);
      if (goesOn) {
        await client.send('GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n');
        assert.ok(await client.settle(2, PATIENCE_MS), 'the next answer');
        assert.equal(client.responses[1]?.status, 200);
      } else {
        assert.ok(await client.until(() => client.closed, PATIENCE_MS), 'the end of the connection');
        assert.equal(client.responses.length, 1);
      }
    });
  }
});

/** TLS 1.3: an alert is two octets, a type and a tag in a record of its own (RFC 8446 §5.1, §5.2). */
const ALERT_BYTES = 19;

/** A relay before the front that sees its records; `last` is the length of the last one. */
async function relay(): Promise<{
  readonly port: number;
  readonly last: () => number;
  readonly close: () => void;
}> {
  let bytes: Buffer = Buffer.alloc(0);
  const server = createServer((client) => {
    const behind = connect(front.port(), '127.0.0.1');
    opened.push(client, behind);
    behind.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
    });
    client.on('error', () => undefined).pipe(behind);
    behind.on('error', () => client.destroy()).pipe(client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const last = (): number => {
    let length = 0;
    for (let at = 0; at + 5 <= bytes.length; at += 5 + length) length = bytes.readUInt16BE(at + 3);
    return length;
  };
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, last, close: () => server.close() };
}

/** Everything that came to an HTTP/1.0 client, and whether TLS said that this was all. */
async function readOld(path: string): Promise<{ text: string; isClean: boolean }> {
  const { port, last, close } = await relay();
  const socket = await openSocket({ port, ca: front.ca }, 'http/1.1');
  opened.push(socket);
  let text = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  socket.write(`GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`);
  await within(once(socket, 'close'), PATIENCE_MS, 'the end of the connection');
  close();
  return { text, isClean: last() === ALERT_BYTES };
}

// A close is all that tells HTTP/1.0 where such an answer ends (RFC 9112 §6.3, RFC 8446 §6.1).
test('HTTP/1.0 over TLS: a whole answer ends with a clean close, one that the app cut does not', async () => {
  const whole = await readOld('/whole');
  assert.match(whole.text, /\r\n\r\nwhole$/);
  assert.equal(whole.isClean, true);
  const cut = await readOld('/cut');
  assert.match(cut.text, /\r\n\r\npart\.$/);
  assert.equal(cut.isClean, false);
  assert.equal((await readOld('/cut-length')).isClean, false);
});
