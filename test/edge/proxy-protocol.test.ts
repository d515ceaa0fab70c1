/** The PROXY protocol between the front and real peers, on both sides. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { listenLocally } from '../support/app-behind.js';
import { writeTestCertificates } from '../support/certificates.js';
import { within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requireFile, requireTool } from '../support/tools.js';
import { waitForPort } from '../support/uwsgi.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** An app that says what it was told of its client. */
async function startApp(t: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    const { 'x-forwarded-for': source, 'x-forwarded-proto': proto } = request.headers;
    response.end(`${source} ${proto}`);
  });
  t.after(() => server.close());
  return listenLocally(server);
}

function run(t: TestContext, program: string, args: readonly string[]): void {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
}

async function startHaproxy(t: TestContext, program: string, folder: Workspace, rest: string): Promise<void> {
  const config = folder.write(
    'haproxy.cfg',
    `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n${rest}\n`,
  );
  run(t, program, ['-db', '-f', config]);
}

async function startNginx(t: TestContext, program: string, folder: Workspace, rest: string): Promise<void> {
  const config = folder.write(
    'nginx.conf',
    `${rest.startsWith('load_module') ? (rest.split('\n')[0] ?? '') : ''}
    daemon off; master_process off; pid ${folder.at('pid')}; error_log stderr error; events {}
    ${rest.replace(/^load_module.*\n/, '')}`,
  );
  run(t, program, ['-p', folder.path, '-c', config]);
}

async function startFront(t: TestContext, args: readonly string[]): Promise<StartedFront> {
  const front = await StartedFront.start({ arguments: args });
  t.after(() => front.stop());
  return front;
}

/** A client with an address of its own on loopback, so that nobody else's can be taken for it. */
async function askFrom(localAddress: string, port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await within(once(socket, 'close'), PATIENCE_MS, 'the answer');
  return text;
}

const FROM_LOOPBACK = ['--proxy-protocol', '127.0.0.1'];

for (const [send, engine] of [
  ['send-proxy', 'direct'],
  ['send-proxy-v2', 'direct'],
  ['send-proxy-v2 proxy-v2-options crc32c', 'library'],
] as const) {
  test(`HAProxy in front (${send}, ${engine}): the app is told of HAProxy's client`, async (t) => {
    const haproxy = requireTool(t, 'haproxy');
    if (haproxy === MISSING) return;
    const app = await startApp(t);
    const plain = ['--http', '127.0.0.1:0', '--upstream', `127.0.0.1:${app}`, '--engine', engine];
    const front = await startFront(t, [...plain, ...FROM_LOOPBACK]);
    const port = await freePort();
    await startHaproxy(
      t,
      haproxy,
      makeWorkspace(t),
      `listen edge\n  bind 127.0.0.1:${port}\n  server front 127.0.0.1:${front.port('http')} ${send}`,
    );
    await waitForPort(port);
    assert.match(await askFrom('127.0.0.9', port), /\r\n127\.0\.0\.9 http\b|\r\n127\.0\.0\.9 http$/m);
  });
}

test('HAProxy that ends TLS in front tells of it (send-proxy-v2-ssl)', async (t) => {
  const haproxy = requireTool(t, 'haproxy');
  if (haproxy === MISSING) return;
  const app = await startApp(t);
  const front = await startFront(t, [
    '--http',
    '127.0.0.1:0',
    '--upstream',
    `127.0.0.1:${app}`,
    ...FROM_LOOPBACK,
  ]);
  const folder = makeWorkspace(t);
  const files = await writeTestCertificates(folder.path);
  const bundle = folder.write(
    'bundle.pem',
    readFileSync(files.chainFile, 'utf8') + readFileSync(files.keyFile, 'utf8'),
  );
  const port = await freePort();
  await startHaproxy(
    t,
    haproxy,
    folder,
    `listen edge\n  bind 127.0.0.1:${port} ssl crt ${bundle}\n  server front 127.0.0.1:${front.port('http')} send-proxy-v2-ssl`,
  );
  await waitForPort(port);
  const client = new Client({ port, ca: readFileSync(files.rootFile, 'utf8') }, 'http/1.1');
  t.after(() => client.close());
  assert.equal((await client.request('/')).text, '127.0.0.1 https');
});

test('nginx in front of a TLS listener passes TLS through behind its header', async (t) => {
  const nginx = requireTool(t, 'nginx');
  if (nginx === MISSING) return;
  if (requireFile(t, NGINX_STREAM) === MISSING) return;
  const app = await startApp(t);
  const front = await startFront(t, [
    '--listen',
    '127.0.0.1:0',
    '--upstream',
    `127.0.0.1:${app}`,
    ...FROM_LOOPBACK,
  ]);
  const port = await freePort();
  await startNginx(
    t,
    nginx,
    makeWorkspace(t),
    `load_module ${NGINX_STREAM};\nstream { server { listen 127.0.0.1:${port}; proxy_protocol on; proxy_pass 127.0.0.1:${front.port()}; } }`,
  );
  await waitForPort(port);
  for (const protocol of ['http/1.1', 'h2'] as const) {
    const client = new Client({ port, ca: front.ca }, protocol);
    t.after(() => client.close());
    assert.equal((await client.request('/')).text, '127.0.0.1 https');
  }
});

test('who must send a header and does not is refused, and who may not and does gets no further', async (t) => {
  const app = await startApp(t);
  const plain = ['--http', '127.0.0.1:0', '--upstream', `127.0.0.1:${app}`];
  const front = await startFront(t, [...plain, '--proxy-protocol', '127.0.0.2,192.0.2.0/24']);
  const port = front.port('http');
  assert.equal(await askFrom('127.0.0.2', port), '');
  await front.logged(
    /warning: a connection from 127\.0\.0\.2 is refused: it does not begin with a PROXY protocol header/,
  );
  assert.match(await askFrom('127.0.0.3', port), /127\.0\.0\.3 http/);
  const forged = connect(port, '127.0.0.1');
  forged.write(
    'PROXY TCP4 6.6.6.6 6.6.6.6 1 2\r\nGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  );
  let text = '';
  forged.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await within(once(forged, 'close'), PATIENCE_MS, 'the refusal');
  assert.match(text, /^HTTP\/1\.1 (?:400|505) /);
});

for (const version of ['v1', 'v2'] as const) {
  test(`HAProxy and nginx as apps are told of the client by ${version}`, async (t) => {
    const haproxy = requireTool(t, 'haproxy');
    const nginx = requireTool(t, 'nginx');
    if (haproxy === MISSING || nginx === MISSING) return;
    const folder = makeWorkspace(t);
    const [one, two] = [await freePort(), await freePort()];
    await startHaproxy(
      t,
      haproxy,
      folder,
      `listen app\n  mode http\n  bind 127.0.0.1:${one} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "haproxy %[src]"`,
    );
    await startNginx(
      t,
      nginx,
      folder,
      `http { access_log off; client_body_temp_path ${folder.at('body')};
        server { listen 127.0.0.1:${two} proxy_protocol; location / { return 200 "nginx $proxy_protocol_addr"; } } }`,
    );
    await Promise.all([waitForPort(one), waitForPort(two)]);
    const front = await startFront(t, [
      ...['--http', '127.0.0.1:0', '--health-path', '/well', '--health-interval', '200ms'],
      ...['--upstream', `/one=127.0.0.1:${one},proxy=${version}`],
      ...['--upstream', `/two=127.0.0.1:${two},weight=2,proxy=${version}`],
    ]);
    // Two clients one after the other: no connection of the first may serve the second.
    for (const address of ['127.0.0.8', '127.0.0.9']) {
      for (const [path, name] of [
        ['/one', 'haproxy'],
        ['/two', 'nginx'],
      ]) {
        const socket = connect({ port: front.port('http'), host: '127.0.0.1', localAddress: address });
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        let text = '';
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        await within(once(socket, 'close'), PATIENCE_MS, 'the answer');
        assert.match(text, new RegExp(`${name} ${address.replaceAll('.', '\\.')}`));
      }
    }
  });
}
