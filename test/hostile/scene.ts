/** What attacks have in common: an app that knows its requests, a front before it, and good clients from other addresses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { TestContext } from 'node:test';
import { within } from '../support/deadline.js';
import type { FrontAddress } from '../support/raw-client.js';
import { StartedFront } from '../support/started-front.js';

export const WAIT_MS = 60_000;
export const BIG = Buffer.alloc(600 * 1024, 'b');

/** An app that knows how many of its requests are open, beside a front. */
export class Scene {
  /** Requests by path that have begun, and those that are still open. */
  readonly begun = new Map<string, number>();
  readonly open = new Map<string, number>();
  /** Where the app listens. */
  appPort = 0;
  private server: Server | null = null;
  private started: StartedFront | null = null;

  static async start(...args: string[]): Promise<Scene> {
    const scene = new Scene();
    const server = createServer((incoming, response) => {
      const path = incoming.url ?? '';
      scene.begun.set(path, (scene.begun.get(path) ?? 0) + 1);
      scene.open.set(path, (scene.open.get(path) ?? 0) + 1);
      response.once('close', () => scene.open.set(path, (scene.open.get(path) ?? 0) - 1));
      if (path === '/never') return;
      if (path === '/big') response.end(BIG);
      else if (path === '/events')
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(BIG);
      else if (path === '/call') response.writeHead(200, { 'content-type': 'application/grpc' }).write(BIG);
      else if (path === '/early') response.writeHead(413, { 'content-length': 5 }).end('early');
      else incoming.resume().once('end', () => response.end('ok'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    scene.server = server;
    scene.appPort = address.port;
    scene.started = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${address.port}`, ...args],
    });
    return scene;
  }

  async stop(): Promise<void> {
    await this.started?.stop();
    this.server?.closeAllConnections();
    this.server?.close();
  }

  get front(): StartedFront {
    assert.ok(this.started !== null);
    return this.started;
  }

  get address(): FrontAddress {
    return { port: this.front.port(), ca: this.front.ca };
  }

  /** Two clients from other addresses ask a few times: nothing is lost. */
  async serveOthers(): Promise<void> {
    const ask = async (localAddress: string): Promise<void> => {
      for (let count = 0; count < 5; count += 1)
        assert.equal(await askGood({ ...this.address, localAddress }, '/good'), 200);
    };
    await Promise.all(['127.0.0.2', '127.0.0.3'].map(ask));
  }
}

/** The status that a good client gets, over a connection of its own. */
export async function askGood(target: FrontAddress, path: string): Promise<number> {
  const { port, ca, localAddress } = target;
  const asked = request({
    ...{ host: '127.0.0.1', port, ca, servername: 'localhost', path, agent: false },
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  asked.end();
  const answer = new Promise<number>((resolve, reject) => {
    asked.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once('error', reject);
  });
  return within(answer, WAIT_MS, 'the answer for a good client');
}

/** Ends the attackers after the test. */
export function ended(t: TestContext, clients: readonly { socket: { destroy(): unknown } }[]): void {
  t.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
}
