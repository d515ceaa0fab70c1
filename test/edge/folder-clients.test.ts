/** A folder with uWSGI's name.ca: those names let in clients of their authority alone, whatever host a request names. */
import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import {
  issueClient,
  issueTestAuthority,
  type KeyPairPem,
  testCertificates,
} from '../support/certificates.js';
import { runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { Afterwards, type Ending, makeWorkspace } from '../support/workspace.js';

const { root } = await testCertificates();
const clients = await issueTestAuthority('Clients');
const friend = await issueClient('Friend', clients);
const stranger = await issueClient('Stranger', await issueTestAuthority('Strangers'));

/** open.site.test for everybody, closed.site.test for clients with a certificate. */
async function makeFolder(ending: Ending): Promise<string> {
  const folder = makeWorkspace(ending);
  for (const [name, names] of [
    ['a-open.site.test', ['open.site.test', '*.site.test']],
    ['closed.site.test', ['closed.site.test']],
  ] as const) {
    const { certPem, keyPem } = await issueLeaf(root, names);
    folder.write(`${name}.crt`, certPem);
    folder.write(`${name}.key`, keyPem);
  }
  folder.write('closed.site.test.ca', clients.certPem);
  return folder.path;
}

interface Asked {
  readonly servername: string;
  readonly host?: string;
  readonly client?: KeyPairPem;
}

/** The status of an answer over HTTP/1.1; 0 when there is none. */
async function status1(port: number, { servername, host = servername, client }: Asked): Promise<number> {
  const identity = client === undefined ? {} : { cert: client.certPem, key: client.keyPem };
  const socket = tls.connect({ port, host: '127.0.0.1', servername, ca: root.certPem, ...identity });
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.write(`GET /hello HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await within(closed, 30_000, `the answer for ${host}`);
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
}

/** The same over HTTP/2. */
async function status2(port: number, { servername, host = servername, client }: Asked): Promise<number> {
  const identity = client === undefined ? {} : { cert: client.certPem, key: client.keyPem };
  const session = connectHttp2(`https://127.0.0.1:${port}`, { servername, ca: root.certPem, ...identity });
  session.on('error', () => undefined);
  try {
    const stream = session.request({ ':path': '/hello', ':authority': host });
    const answered = new Promise<number>((resolve) => {
      stream.on('response', (fields) => resolve(Number(fields[':status'])));
      stream.on('error', () => resolve(0));
      stream.on('close', () => resolve(0));
    });
    return await within(answered, 30_000, `the answer for ${host} over h2`);
  } finally {
    session.destroy();
  }
}

for (const engine of ENGINES) {
  describe(`names of a folder with clients of their own (${engine})`, () => {
    let front: StartedFront | undefined;
    const ending = new Afterwards();
    const port = (kind: 'https' | 'http' = 'https'): number => front?.port(kind) ?? 0;
    before(async () => {
      const listen = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];
      const args = [...listen, '--cert-dir', await makeFolder(ending), '--engine', engine];
      front = await StartedFront.start({ arguments: args, app: SAMPLE_APP });
    });
    after(async () => {
      await front?.stop().finally(() => ending.run());
    });

    for (const [protocol, ask] of [
      ['http/1.1', status1],
      ['h2', status2],
    ] as const) {
      for (const [asked, expected] of [
        [{ servername: 'open.site.test' }, 200],
        [{ servername: 'any.site.test' }, 200],
        [{ servername: 'closed.site.test', client: friend }, 200],
        [{ servername: 'closed.site.test' }, 400],
        [{ servername: 'closed.site.test', client: stranger }, 400],
        // Another server name is no way round, with whatever spelling of the host, for whomever.
        [{ servername: 'open.site.test', host: 'closed.site.test' }, 421],
        [{ servername: 'any.site.test', host: 'CLOSED.Site.test:443' }, 421],
        [{ servername: 'open.site.test', host: 'closed.site.test.' }, 421],
        [{ servername: 'open.site.test', host: 'closed.site.test', client: friend }, 421],
        [{ servername: 'closed.site.test', host: 'open.site.test', client: friend }, 421],
      ] as const) {
        const who = 'client' in asked ? (asked.client === friend ? 'a friend' : 'a stranger') : 'nobody';
        const where = 'host' in asked ? `${asked.host} at ${asked.servername}` : asked.servername;
        test(`${who} gets ${expected} for ${where} over ${protocol}`, async () => {
          assert.equal(await ask(port(), asked), expected);
        });
      }
    }

    test('a plain listener does not serve a closed name', async (t) => {
      const client = new Client({ port: port('http'), ca: undefined }, 'http/1.1');
      t.after(() => client.close());
      for (const [host, expected] of [
        ['closed.site.test', 421],
        ['closed.site.test.', 421],
        ['open.site.test', 200],
      ] as const) {
        assert.equal((await client.request('/hello', { headers: { host } })).status, expected, host);
      }
    });
  });
}

test('a client authority that vanishes or breaks leaves the name closed, and the log says so', async (t) => {
  const folder = await makeFolder(t);
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--cert-dir', folder],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  assert.match(
    front.log,
    /clients of closed\.site\.test must show a certificate of .*closed\.site\.test\.ca/,
  );
  const file = join(folder, 'closed.site.test.ca');
  renameSync(file, join(folder, 'aside'));
  await front.logged(/error: .*the client authority .*closed\.site\.test\.ca is gone.*\nhint: put it back/);
  assert.equal(await status1(front.port(), { servername: 'closed.site.test' }), 400);
  const from = front.log.length;
  writeFileSync(file, 'no certificate');
  await front.logged(/error: .*there is no certificate in the client authority/, from);
  assert.equal(await status1(front.port(), { servername: 'closed.site.test' }), 400);
  front.child.kill('SIGHUP');
  await front.logged(/error: reload: there is no certificate in the client authority/, from);
  assert.equal(await status1(front.port(), { servername: 'closed.site.test' }), 400);
});

test('a name that gets an authority is closed, on connections that are open too', async (t) => {
  const folder = await makeFolder(t);
  const file = join(folder, 'closed.site.test.ca');
  renameSync(file, join(folder, 'aside'));
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--cert-dir', folder],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const kept = tls.connect({
    port: front.port(),
    host: '127.0.0.1',
    servername: 'closed.site.test',
    ca: root.certPem,
  });
  t.after(() => kept.destroy());
  let answers = '';
  kept.on('data', (chunk: Buffer) => {
    answers += chunk.toString('latin1');
  });
  kept.write('GET /hello HTTP/1.1\r\nHost: closed.site.test\r\n\r\n');
  await until(() => answers.includes('HTTP/1.1 200'), 30_000, 'the answer of the open name');
  renameSync(join(folder, 'aside'), file);
  await front.logged(/new connections get them/);
  await until(
    async () => (await status1(front.port(), { servername: 'closed.site.test' })) === 400,
    30_000,
    'the name to be closed',
  );
  kept.write('GET /hello HTTP/1.1\r\nHost: closed.site.test\r\n\r\n');
  await until(() => answers.includes('HTTP/1.1 421'), 30_000, 'the refusal on the kept connection');
  assert.equal(await status1(front.port(), { servername: 'closed.site.test', client: friend }), 200);
});

test('with --client-verify optional a client may come without a certificate, as in uWSGI', async (t) => {
  const folder = await makeFolder(t);
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--cert-dir', folder, '--client-verify', 'optional'],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  for (const [client, expected] of [
    [undefined, 200],
    [friend, 200],
    [stranger, 400],
  ] as const) {
    const asked = { servername: 'closed.site.test', ...(client && { client }) };
    assert.equal(await status1(front.port(), asked), expected);
  }
});

test('beside an --https with its own certificate the folder is chosen by name, as uWSGI’s --sni-dir', async (t) => {
  const folder = await makeFolder(t);
  const { certPem, keyPem } = await issueLeaf(root, ['default.example']);
  const own = makeWorkspace(t);
  const [cert, key] = [own.write('default.crt', certPem), own.write('default.key', keyPem)];
  const front = await StartedFront.start({
    arguments: ['--https', `127.0.0.1:0,${cert},${key},HIGH`, '--cert-dir', folder],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  assert.equal(await status1(front.port(), { servername: 'default.example' }), 200);
  assert.equal(await status1(front.port(), { servername: 'open.site.test' }), 200);
  assert.equal(await status1(front.port(), { servername: 'closed.site.test' }), 400);
  assert.equal(await status1(front.port(), { servername: 'default.example', host: 'closed.site.test' }), 421);
});

test('options that speak of client certificates need an authority somewhere', async (t) => {
  const folder = await makeFolder(t);
  const args = ['check', '--upstream', '1', '--cert-dir', folder, '--client-verify', 'require'];
  assert.equal((await runCommand(args)).code, 0);
  rmSync(join(folder, 'closed.site.test.ca'));
  const { code, stderr } = await runCommand(args);
  assert.equal(code, 2);
  assert.match(stderr, /no authority was given\nhint: .*name\.ca/);
});

test('one name with two kinds of clients is refused', async (t) => {
  const folder = await makeFolder(t);
  const { certPem, keyPem } = await issueLeaf(root, ['closed.site.test']);
  writeFileSync(join(folder, 'again.crt'), certPem);
  writeFileSync(join(folder, 'again.key'), keyPem, { mode: 0o600 });
  for (const command of [['check'], []]) {
    const { code, stderr } = await runCommand([
      ...command,
      '--listen',
      '127.0.0.1:0',
      '--upstream',
      '1',
      '--cert-dir',
      folder,
    ]);
    assert.equal(code, 2);
    assert.match(stderr, /closed\.site\.test stands in two certificates with different clients\nhint: /);
  }
});
