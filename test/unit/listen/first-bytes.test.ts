/** Looking at the first bytes of a socket: once, whole, in time, and without a trace on the socket after. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { readFirstBytes } from '../../../proxy/listen/first-bytes.js';
import { until, within } from '../../support/deadline.js';

const WAIT_MS = 20_000;
/** What no test waits for. */
const NEVER_MS = 600_000;

/** Both ends of a connection that lets each side end for itself. */
async function connected(t: TestContext): Promise<{ readonly client: Socket; readonly server: Socket }> {
  const listener = createServer({ allowHalfOpen: true });
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  assert.ok(typeof address === 'object' && address !== null);
  const client = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  client.setNoDelay(true).on('error', () => undefined);
  const server = await within(accepted, WAIT_MS, 'the connection');
  t.after(() => {
    client.destroy();
    server.destroy();
    listener.close();
  });
  return { client, server };
}

interface Looked {
  /** What the judge saw, each time. */
  readonly seen: string[];
  readonly found: string[];
  late: boolean;
}

/** Looks until there are so many bytes. */
function look(socket: Socket, length: number, timeoutMs = NEVER_MS): Looked {
  const looked: Looked = { seen: [], found: [], late: false };
  const judge = (bytes: Buffer): string | null => {
    looked.seen.push(bytes.toString('latin1'));
    return bytes.length >= length ? 'enough' : null;
  };
  const onFound = (finding: string, bytes: Buffer): void => {
    looked.found.push(`${finding} ${bytes.toString('latin1')}`);
  };
  readFirstBytes(socket, timeoutMs, judge, onFound, () => {
    looked.late = true;
  });
  return looked;
}

test('bytes that come one by one are judged from the first one on, and given on whole, once', async (t) => {
  const { client, server } = await connected(t);
  const looked = look(server, 4);
  for (const [index, byte] of [...'abcd'].entries()) {
    client.write(byte);
    await until(() => looked.seen.length > index, WAIT_MS, `byte ${index} judged`);
  }
  assert.deepEqual(looked.seen, ['a', 'ab', 'abc', 'abcd']);
  assert.deepEqual(looked.found, ['enough abcd']);
});

test('who has been found may end their side and still gets the answer', async (t) => {
  const { client, server } = await connected(t);
  const looked = look(server, 1);
  client.write('a');
  await until(() => looked.found.length > 0, WAIT_MS, 'the byte');
  const ended = once(server, 'end');
  server.resume();
  client.end();
  await within(ended, WAIT_MS, 'the end of the client');
  assert.equal(server.destroyed, false);
  const answer = once(client, 'data');
  server.end('answer');
  const [bytes] = await within(answer, WAIT_MS, 'the answer');
  assert.equal(String(bytes), 'answer');
});

test('who ends before anything is known is dropped, without a word', async (t) => {
  const { client, server } = await connected(t);
  const looked = look(server, 2);
  const closed = once(server, 'close');
  client.end('a');
  await within(closed, WAIT_MS, 'the drop');
  assert.deepEqual([looked.found, looked.late], [[], false]);
});

test('who sends nothing in time is dropped and told of; who has gone by then, or was found, is not', async (t) => {
  const [slow, gone, found] = [await connected(t), await connected(t), await connected(t)];
  const ofGone = look(gone.server, 1, 200);
  const ofFound = look(found.server, 1, 200);
  const hasGone = once(gone.server, 'close');
  gone.server.destroy();
  found.client.write('a');
  await within(hasGone, WAIT_MS, 'the close');
  await until(() => ofFound.found.length > 0 || ofFound.late, WAIT_MS, 'the byte');
  // Set later than theirs, so it ends later.
  const ofSlow = look(slow.server, 1, 200);
  await until(() => ofSlow.late, WAIT_MS, 'the time limit');
  assert.equal(slow.server.destroyed, true);
  assert.equal(ofGone.late, false);
  assert.deepEqual([ofFound.found, ofFound.late, found.server.destroyed], [['enough a'], false, false]);
});
