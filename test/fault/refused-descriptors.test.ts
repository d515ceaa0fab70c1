/** Hundreds of clients that are refused before their handshake is done leave no descriptor and take no place, whatever they do and however long they stay. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { writeTestCertificates } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

const OF_EACH = 72;
/** Fewer than they are: were they to keep theirs, nobody else would come in. */
const PLACES = 400;

/** A ClientHello of TLS 1.2 with nothing but a server name (RFC 5246 §7.4.1.2, RFC 6066 §3). */
function helloFor(name: string, suite = [0xc0, 0x2b]): Buffer {
  const host = Buffer.from(name);
  const entry = Buffer.concat([Buffer.from([0, 0, host.length]), host]);
  const extension = Buffer.concat([Buffer.from([0, 0, 0, entry.length + 2, 0, entry.length]), entry]);
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    // No session, one suite, no compression.
    Buffer.from([0, 0, 2, ...suite, 1, 0, 0, extension.length]),
    extension,
  ]);
  const message = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body]);
  return Buffer.concat([Buffer.from([0x16, 3, 1, 0, message.length]), message]);
}

const KINDS: readonly (readonly [name: string, first: Buffer])[] = [
  ['ask for a name that --sni-strict refuses', helloFor('nobody.example')],
  ['offer nothing that the front speaks', helloFor('localhost', [0, 0])],
  ['begin a handshake and stay away', helloFor('localhost')],
  ['send a record that is no handshake', Buffer.from([0x16, 3, 1, 0, 5, 9, 9, 9, 9, 9])],
  ['send garbage', Buffer.from('\x00\xff\x13\x37 what is this?\r\n\r\n', 'latin1')],
  ['begin a ClientHello', helloFor('localhost').subarray(0, 20)],
  ['say nothing', Buffer.alloc(0)],
];

/** What else a router may open meanwhile. */
const MARGIN = 10;

describe('clients that are refused before their handshake is done', () => {
  const afterwards = new Afterwards();
  let front: StartedFront;
  let authority: string;
  let atRest: number;
  const descriptors = (): number => readdirSync(`/proc/${front.pid('http')}/fd`).length;
  before(async () => {
    const { rootFile, chainFile, keyFile } = await writeTestCertificates(makeWorkspace(afterwards).path);
    authority = readFileSync(rootFile, 'utf8');
    front = await StartedFront.start({
      arguments: [
        ...['--listen', '127.0.0.1:0', '--sni-strict', '--cert', chainFile, '--key', keyFile],
        // No app is needed to see that a client is let in: it is told at once that there is none.
        ...['--upstream', String(await freePort()), '--hold', '0', '--timeout-handshake', '1s'],
        ...['--max-connections', String(PLACES)],
      ],
    });
    atRest = descriptors();
  });
  after(async () => {
    await front?.stop();
    await afterwards.run();
  });

  test('are closed by us, whatever they do, and keep no place', async (t) => {
    const sockets: Socket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const open = new Map(KINDS.map(([name]) => [name, OF_EACH]));
    for (let index = 0; index < OF_EACH * KINDS.length; index += 1) {
      const [name, first] = KINDS[index % KINDS.length] ?? ['', Buffer.alloc(0)];
      // Not one of them ever closes its side.
      const socket = connect({ port: front.port(), host: '127.0.0.1', allowHalfOpen: true });
      const onEnd = (): void => {
        socket.off('end', onEnd).off('close', onEnd);
        open.set(name, (open.get(name) ?? 0) - 1);
      };
      socket
        .on('error', () => undefined)
        .on('end', onEnd)
        .on('close', onEnd)
        .resume();
      if (first.length > 0) socket.write(first);
      sockets.push(socket);
    }
    const kept = (): string[] => [...open].filter(([, count]) => count > 0).map(([name]) => name);
    await until(() => kept().length === 0, PATIENCE_MS, 'the end of every connection').catch(() => undefined);
    assert.deepEqual(kept(), []);
    await until(() => descriptors() < atRest + MARGIN, PATIENCE_MS, `${atRest} descriptors as before`);
    const client = new Client({ port: front.port(), ca: authority }, 'http/1.1');
    t.after(() => client.close());
    assert.equal((await client.request('/')).status, 503);
  });
});
