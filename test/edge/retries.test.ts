/** A kept connection to the app that ends under a request: once more where that is safe, never where it is not, never a third time. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/deadline.js';
import { Client, PROTOCOLS, type Protocol } from '../support/https-client.js';
import { type AnswerStep, ok } from '../support/oracle-answer.js';
import { Edge } from './edge.js';

const WAIT_MS = 30_000;
const HANG_UP: AnswerStep[] = [{ awaitBody: true }, { close: true }];
const SWITCH: AnswerStep[] = [
  {
    send: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello',
  },
];

describe('a kept connection to the app that ends before any byte of the answer', () => {
  let edge: Edge;
  before(async () => {
    edge = await Edge.start('direct', '--max-upstream-connections', '1');
  });
  after(() => edge.stop());

  /** Asks once on a fresh connection, then again on the same, which is closed upon; further ones meet `later`. */
  async function ask(
    protocol: Protocol,
    request: { method: string; body?: string },
    ...later: AnswerStep[][]
  ): Promise<{ status: number; times: number; connections: number }> {
    const [warm, token] = [edge.token(), edge.token()];
    const client = new Client({ port: edge.front.port, ca: edge.front.ca }, protocol);
    edge.oracle.script(warm, [{ awaitBody: true }, { send: ok('warm') }, { closeOnReuse: true }]);
    edge.oracle.script(token, ...later);
    try {
      await client.request(`/${warm}`);
      const { status } = await client.request(`/${token}`, request);
      const messages = edge.oracle.messagesOf(token);
      const [first] = messages;
      assert.equal(first?.connection, edge.oracle.messagesOf(warm)[0]?.connection, 'the kept one was used');
      const connections = new Set(messages.map(({ connection }) => connection)).size;
      return { status, times: messages.length, connections };
    } finally {
      client.close();
    }
  }

  for (const protocol of PROTOCOLS) {
    for (const request of [
      { method: 'GET' },
      { method: 'HEAD' },
      { method: 'OPTIONS' },
      { method: 'DELETE' },
      { method: 'PUT', body: 'the same again' },
    ]) {
      test(`${request.method} goes out once more, on a fresh connection (${protocol})`, async () => {
        assert.deepEqual(await ask(protocol, request), { status: 200, times: 2, connections: 2 });
      });
    }

    for (const request of [
      { method: 'POST', body: 'charge the card' },
      { method: 'POST', body: '' },
      { method: 'PATCH', body: 'x' },
    ]) {
      test(`${request.method} with ${request.body.length} bytes goes out once and is 502 (${protocol})`, async () => {
        assert.deepEqual(await ask(protocol, request), { status: 502, times: 1, connections: 1 });
      });
    }

    test(`PUT with more than is held goes out once and is 502 (${protocol})`, async () => {
      const { status, times } = await ask(protocol, { method: 'PUT', body: 'x'.repeat(200_000) });
      assert.deepEqual([status, times], [502, 1]);
    });

    test(`a fresh connection that ends as well is 502: there is no third time (${protocol})`, async () => {
      const request = { method: 'GET' };
      const outcome = await ask(protocol, request, HANG_UP, HANG_UP, HANG_UP);
      assert.deepEqual(outcome, { status: 502, times: 2, connections: 2 });
    });

    test(`an answer that has begun is not asked for again (${protocol})`, async () => {
      const [warm, token] = [edge.token(), edge.token()];
      const client = new Client({ port: edge.front.port, ca: edge.front.ca }, protocol);
      edge.oracle.script(token, [{ send: 'HTTP/1.1 2' }, { close: true }]);
      await client.request(`/${warm}`);
      const { status } = await client.request(`/${token}`);
      client.close();
      assert.deepEqual([status, edge.oracle.messagesOf(token).length], [502, 1]);
    });

    test(`101 that nobody asked for is 502, and its connection is closed (${protocol})`, async () => {
      const token = edge.token();
      const client = new Client({ port: edge.front.port, ca: edge.front.ca }, protocol);
      edge.oracle.script(token, SWITCH);
      const { status, text } = await client.request(`/${token}`);
      client.close();
      assert.equal(status, 502);
      assert.doesNotMatch(text, /hello/);
      const [message] = edge.oracle.messagesOf(token);
      const connection = message?.connection ?? 0;
      await until(() => edge.oracle.isClosed(connection), WAIT_MS, 'the connection closed');
      assert.equal(await edge.probe(), undefined);
      assert.equal(edge.oracle.messages.filter((other) => other.connection > connection).length, 1);
    });
  }
});
