/** Request bodies of unknown length: passed on in chunks, or held within their bound and sent with a length. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { Client, PROTOCOLS, type Protocol } from '../support/https-client.js';
import { StartedFront } from '../support/started-front.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
}

/** An app on a socket file that answers with what it got. */
async function startApp(t: TestContext, file: string): Promise<void> {
  const server = createServer(async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    response.end(JSON.stringify({ headers: request.headers, bytes } satisfies Seen));
  });
  server.listen(file);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
}

async function startBoth(
  t: TestContext,
  protocol: Protocol,
  ...args: string[]
): Promise<{ client: Client; folder: Workspace }> {
  const folder = makeWorkspace(t);
  await startApp(t, folder.at('app.sock'));
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', `unix:${folder.at('app.sock')}`, ...args],
    // The control socket of a plain user would lie there too.
    environment: { TMPDIR: folder.path, XDG_RUNTIME_DIR: makeWorkspace(t).path },
  });
  t.after(() => front.stop());
  const client = new Client({ port: front.port(), ca: front.ca }, protocol);
  t.after(() => client.close());
  return { client, folder };
}

function pieces(bytes: number): Readable {
  const size = 16 * 1024;
  return Readable.from(Array.from({ length: bytes / size }, () => Buffer.alloc(size, 'x')));
}

for (const protocol of PROTOCOLS) {
  test(`an app on a socket file gets chunks as they come (${protocol})`, async (t) => {
    const { client } = await startBoth(t, protocol);
    const reply = await client.request('/', { method: 'POST', body: pieces(1024 * 1024) });
    const { headers, bytes }: Seen = JSON.parse(reply.text);
    assert.deepEqual([headers['transfer-encoding'], bytes], ['chunked', 1024 * 1024]);
    assert.match(String(headers.host), /^localhost:\d+$/);
  });

  test(`--buffer-requests sends a length, and leaves no file behind (${protocol})`, async (t) => {
    const { client, folder } = await startBoth(t, protocol, '--buffer-requests');
    for (const size of [16 * 1024, 1024 * 1024]) {
      const { headers, bytes }: Seen = JSON.parse(
        (await client.request('/', { method: 'POST', body: pieces(size) })).text,
      );
      assert.deepEqual(
        [headers['transfer-encoding'], headers['content-length'], bytes],
        [undefined, `${size}`, size],
      );
    }
    assert.deepEqual(readdirSync(folder.path), ['app.sock']);
  });

  test(`a held body beyond --max-spool-bytes is answered with 413, and the next one is served (${protocol})`, async (t) => {
    const { client } = await startBoth(t, protocol, '--buffer-requests', '--max-spool-bytes', '128k');
    // The head only: over HTTP/2 the rest of the upload is stopped, which ends this stream of node:http2 with an error.
    const refused = await client.open('/', { method: 'POST', body: pieces(1024 * 1024) });
    refused.stream.on('error', () => undefined).resume();
    assert.equal(refused.status, 413);
    const served = await client.request('/', { method: 'POST', body: pieces(96 * 1024) });
    assert.deepEqual([served.status, JSON.parse(served.text).bytes], [200, 96 * 1024]);
  });
}
