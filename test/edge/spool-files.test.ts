/** Files of held bodies are gone after success, abort and failure, and --max-spool-bytes tells the too large from the too many. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { until } from '../support/deadline.js';
import { Client, PROTOCOLS, type Protocol } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

const WAIT_MS = 30_000;
const KIB = 1024;

class Scene {
  /** Answers that the app holds back. */
  readonly held: ServerResponse[] = [];

  private constructor(
    private readonly t: TestContext,
    private readonly folder: string,
    private readonly protocol: Protocol,
    private readonly front: StartedFront,
  ) {}

  /** An app that answers with the length of a body, later below /held, and hangs up below /cut. */
  static async start(t: TestContext, protocol: Protocol, ...args: string[]): Promise<Scene> {
    const { path: folder } = makeWorkspace(t);
    const server = createServer(async (request, response) => {
      let bytes = 0;
      if (request.url === '/cut') {
        request.socket.destroy();
        return;
      }
      for await (const chunk of request) bytes += chunk.length;
      response.setHeader('X-Bytes', bytes);
      if (request.url === '/held') scene.held.push(response);
      else response.end(`${bytes}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const front = await StartedFront.start({
      arguments: [
        ...['--listen', '127.0.0.1:0', '--upstream', String(address.port), '--buffer-requests', ...args],
      ],
      // The control socket of a plain user would lie there too.
      environment: { TMPDIR: folder, XDG_RUNTIME_DIR: makeWorkspace(t).path },
    });
    t.after(() => front.stop());
    const scene = new Scene(t, folder, protocol, front);
    return scene;
  }

  client(): Client {
    const client = new Client({ port: this.front.port(), ca: this.front.ca }, this.protocol);
    this.t.after(() => client.close());
    return client;
  }

  /** Spool files that the router has open, named or not. */
  files(): number {
    const folder = `/proc/${this.front.pid('http')}/fd`;
    const places = readdirSync(folder).map((descriptor) => {
      try {
        return readlinkSync(`${folder}/${descriptor}`);
      } catch {
        return '';
      }
    });
    return places.filter((place) => place.startsWith(`${this.folder}/tlsfront-`)).length;
  }

  /** Waits for so many files, of which none has a name: each loses its own as soon as it is open. */
  async filesAre(count: number): Promise<void> {
    const named = (): boolean => readdirSync(this.folder).some((name) => name.startsWith('tlsfront-'));
    await until(() => this.files() === count && !named(), WAIT_MS, `${count} spool files without a name`);
  }
}

/** A body of unknown length of which so much comes, and then nothing until `push(null)`. */
function unfinished(bytes: number): Readable {
  const body = new Readable({ read: () => undefined });
  for (let left = bytes; left > 0; left -= 16 * KIB) body.push(Buffer.alloc(Math.min(left, 16 * KIB), 'x'));
  return body;
}

function whole(bytes: number): Readable {
  const body = unfinished(bytes);
  body.push(null);
  return body;
}

for (const protocol of PROTOCOLS) {
  test(`the file of a held body is closed when its answer is there (${protocol})`, async (t) => {
    const scene = await Scene.start(t, protocol);
    const reply = scene.client().request('/held', { method: 'POST', body: whole(512 * KIB) });
    const held = await until(() => scene.held[0], WAIT_MS, 'the request at the app');
    assert.equal(held.getHeader('x-bytes'), 512 * KIB);
    await scene.filesAre(1);
    held.end('done');
    assert.equal((await reply).text, 'done');
    await scene.filesAre(0);
  });

  test(`the file of a body whose client goes away is closed (${protocol})`, async (t) => {
    const scene = await Scene.start(t, protocol);
    const client = scene.client();
    const body = unfinished(512 * KIB);
    const reply = client.request('/', { method: 'POST', body }).catch(() => 'gone');
    await scene.filesAre(1);
    client.close();
    body.destroy();
    assert.equal(await reply, 'gone');
    await scene.filesAre(0);
  });

  test(`the file of a body that the app does not take is closed (${protocol})`, async (t) => {
    const scene = await Scene.start(t, protocol);
    const { status } = await scene.client().request('/cut', { method: 'POST', body: whole(512 * KIB) });
    assert.equal(status, 502);
    await scene.filesAre(0);
  });

  test(`a body that finds the room taken by others is 503, and there is room again when they are gone (${protocol})`, async (t) => {
    const scene = await Scene.start(t, protocol, '--max-spool-bytes', '128k');
    const first = scene.client();
    const body = unfinished(96 * KIB);
    const gone = first.request('/', { method: 'POST', body }).catch(() => 'gone');
    await scene.filesAre(1);
    const second = scene.client();
    const refused = await second.open('/', { method: 'POST', body: whole(96 * KIB) });
    refused.stream.on('error', () => undefined).resume();
    assert.equal(refused.status, 503);
    first.close();
    body.destroy();
    assert.equal(await gone, 'gone');
    await scene.filesAre(0);
    const third = await scene.client().request('/', { method: 'POST', body: whole(112 * KIB) });
    assert.deepEqual([third.status, third.text], [200, String(112 * KIB)]);
    await scene.filesAre(0);
  });
}
