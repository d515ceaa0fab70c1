/** Every call of the control socket: what it answers is what its description says, and who leaves or does not read is let go. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { OPENAPI } from '../../../src/control/openapi.js';
import { ControlServer } from '../../../src/control/server.js';
import type { ControlVerbs, FrontState, Status } from '../../../src/control/types.js';
import type { FrontError } from '../../../src/shared/errors.js';
import { NO_INTERVENTIONS } from '../../../src/shared/messages/interventions.js';
import { until, within } from '../../support/deadline.js';
import { makeWorkspace } from '../../support/workspace.js';

const WAIT_MS = 20_000;

const STATUS: Status = {
  ...{ version: '1', node: '20', pid: 1, state: 'serving', uptimeSeconds: 0, listeners: [], upstreams: [] },
  ...{ counters: {}, routers: [], workers: [], certificates: [], interventions: NO_INTERVENTIONS },
  ...{ lastReload: null, logFile: null },
};

/** A front that does what it is asked, and knows the names `known` and 192.0.2.1 alone. */
class Front implements ControlVerbs {
  state: FrontState = 'serving';
  readonly lines = ['one', 'two'];
  readonly followers = new Set<(line: string) => void>();
  readonly watchers = new Set<(state: FrontState) => void>();
  isOn = true;
  left = 0;
  readonly status = async () => STATUS;
  readonly apps = () => [];
  readonly metrics = async () => ({ type: 'text/plain', text: '# EOF\n' });
  readonly requests = async () => ({ latest: [], slowest: [] });
  readonly reload = async () => null;
  readonly upgrade = async () => 2;
  readonly bans = () => [];
  readonly ban = async (address: string) => ({ address, until: null });
  readonly unban = async (address: string) => (address === '192.0.2.1' ? '192.0.2.1/32' : null);
  readonly interventions = () => NO_INTERVENTIONS;
  readonly drain = async (upstream: string) => upstream;
  readonly undrain = async (upstream: string) => (upstream === 'known' ? upstream : null);
  readonly beginMaintenance = async (message: string | null, allowed: readonly string[]) => {
    return { message, allowed, sinceMs: 1 };
  };
  readonly endMaintenance = async () => this.isOn;
  readonly pause = async (maxMs: number) => ({ maxMs, sinceMs: 1 });
  readonly resume = async () => this.isOn;
  readonly deploy = async () => 'done';
  readonly projects = () => ({ isHost: true, ports: [], projects: [] });
  readonly join = (_request: unknown, link: { close(): void }) => {
    // The description's answer lasts; here the front ends it.
    setImmediate(() => link.close());
    return { url: 'https://known.localhost', leave: () => (this.left += 1) };
  };
  readonly stopProject = (name: string) => name === 'known';
  stopped: (() => void) | null = null;
  readonly stop = () => this.stopped?.();
  readonly reopenLog = () => null;
  readonly follow = (listener: (line: string) => void) => {
    this.followers.add(listener);
    return () => void this.followers.delete(listener);
  };
  readonly onState = (listener: (state: FrontState) => void) => {
    this.watchers.add(listener);
    return () => void this.watchers.delete(listener);
  };
}

interface Served {
  readonly front: Front;
  readonly socket: string;
  readonly server: ControlServer;
}

async function serve(t: TestContext): Promise<Served> {
  const folder = makeWorkspace(t).path;
  const front = new Front();
  const server = new ControlServer(folder, front, assert.fail);
  t.after(() => server.close());
  const socket = join(folder, `${process.pid}.sock`);
  await until(() => existsSync(socket), WAIT_MS, 'the socket');
  return { front, socket, server };
}

async function open(socketPath: string, method: string, path: string): Promise<IncomingMessage> {
  const asked = request({ socketPath, method, path, agent: false });
  asked.on('error', () => undefined).end();
  const [response] = await within(once(asked, 'response'), WAIT_MS, `${method} ${path}`);
  return response;
}

async function ask(socketPath: string, method: string, path: string): Promise<[number, string, string]> {
  const response = await open(socketPath, method, path);
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await within(once(response, 'end'), WAIT_MS, `the end of ${method} ${path}`);
  return [response.statusCode ?? 0, response.headers['content-type'] ?? '', text];
}

/** What a call needs to succeed. */
const QUERIES: Readonly<Record<string, string>> = {
  '/v1/unban': '?address=192.0.2.1',
  '/v1/undrain': '?upstream=known',
  '/v1/join': '?name=known&pid=1&hold=0',
  '/v1/projects/stop': '?name=known',
};
/** And with what it does not find what it is about. */
const MISSING: Readonly<Record<string, string>> = {
  '/v1/unban': '?address=192.0.2.9',
  '/v1/undrain': '?upstream=other',
  '/v1/projects/stop': '?name=other',
};
/** Of these the answer lasts as long as the front. */
const ENDLESS = ['/v1/events', '/v1/stop'];

test('each call of the description answers with the status and the type that it names', async (t) => {
  const { front, socket } = await serve(t);
  let calls = 0;
  for (const [path, methods] of Object.entries(OPENAPI.paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      calls += 1;
      const described = new Map(Object.entries(responses));
      if (!ENDLESS.includes(path)) {
        const [status, type] = await ask(socket, method.toUpperCase(), path + (QUERIES[path] ?? ''));
        assert.equal(status, 200, path);
        const answer = described.get('200') ?? assert.fail(`${path} describes no 200`);
        const types: unknown = Reflect.get(Object(answer), 'content');
        if (types !== undefined) assert.deepEqual(Object.keys(Object(types)), [type.split(';')[0]], path);
      } else {
        const response = await open(socket, method.toUpperCase(), path);
        assert.equal(response.statusCode, 200, path);
        assert.ok(described.has('200'), path);
        response.destroy();
      }
      assert.equal((await ask(socket, method === 'get' ? 'PUT' : 'GET', path))[0], 405, path);
      if (!described.has('404')) continue;
      front.isOn = false;
      const [missing] = await ask(socket, method.toUpperCase(), path + (MISSING[path] ?? ''));
      front.isOn = true;
      assert.equal(missing, 404, path);
    }
  }
  assert.ok(calls > 20);
  assert.equal((await ask(socket, 'GET', '/v2'))[0], 404);
  await until(() => front.left === 1, WAIT_MS, 'the project leaves');
});

for (const [state, expected] of [
  ['starting', 503],
  ['serving', 200],
  ['reloading', 200],
  ['draining', 503],
] as const) {
  test(`a front that is ${state} answers health checks with ${expected}`, async (t) => {
    const { front, socket } = await serve(t);
    front.state = state;
    const [status, , text] = await ask(socket, 'GET', '/healthz');
    assert.deepEqual([status, text], [expected, expected === 200 ? 'ok\n' : `${state}\n`]);
  });
}

for (const [path, watched] of [
  ['/v1/events', 1],
  ['/v1/logs?follow=1', 0],
] as const) {
  test(`who leaves ${path} is told nothing more; who does not read it is let go`, async (t) => {
    const { front, socket } = await serve(t);
    const reader = await open(socket, 'GET', path);
    assert.deepEqual([front.followers.size, front.watchers.size], [1, watched]);
    reader.destroy();
    await until(() => front.followers.size + front.watchers.size === 0, WAIT_MS, 'nobody follows');

    const idle = await open(socket, 'GET', path);
    idle.pause().on('error', () => undefined);
    // Below the bound nobody is let go.
    for (const line of front.followers) line('x'.repeat(1000));
    await ask(socket, 'GET', '/healthz');
    assert.equal(front.followers.size, 1);
    await until(
      async () => {
        for (const line of front.followers) line('x'.repeat(100_000));
        await ask(socket, 'GET', '/healthz');
        return front.followers.size === 0;
      },
      WAIT_MS,
      'who does not read is let go',
    );
  });
}

test('the socket is gone once the server is closed', async (t) => {
  const { server, socket } = await serve(t);
  server.close();
  assert.equal(existsSync(socket), false);
});

test('a ban is taken for whole seconds alone', async (t) => {
  const { socket } = await serve(t);
  for (const seconds of ['0', '1.5', '-1', 'x', '01', '']) {
    const [status, , text] = await ask(socket, 'POST', `/v1/ban?address=192.0.2.1&seconds=${seconds}`);
    assert.deepEqual([status, JSON.parse(text).exitCode], [500, 2], seconds);
  }
  assert.equal((await ask(socket, 'POST', '/v1/ban?address=192.0.2.1&seconds=1'))[0], 200);
});

test('a socket that cannot be made is told of, with its path and a way out, and nothing else ends', async (t) => {
  // Longer than a socket's address may be (unix(7)).
  const folder = join(makeWorkspace(t).path, 'x'.repeat(120));
  const failed = new Promise<FrontError>((resolve) => {
    const server = new ControlServer(folder, new Front(), resolve);
    t.after(() => server.close());
  });
  const { code, message, hint } = await within(failed, WAIT_MS, 'the failure');
  assert.equal(code, 'listen_failed');
  assert.ok(
    message.startsWith(`the control socket ${join(folder, `${process.pid}.sock`)} cannot be made: its path`),
  );
  assert.match(hint ?? '', /XDG_RUNTIME_DIR/);
});
