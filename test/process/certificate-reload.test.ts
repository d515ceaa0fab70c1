/** Certificates of a running front: chosen by name, changed on disk, issued on the way, and their warnings. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { daysFromNow, issueClient, testCertificates } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { plainApp } from '../support/plain-app.js';
import { freePort } from '../support/ports.js';
import { StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const all = await testCertificates();
const ca = all.root.certPem;

/** That a front looks every two seconds is for unit/serving/file-watch to say. */
const HASTY_WATCH = new URL('../support/hasty-watch.js', import.meta.url).href;

async function start(t: TestContext, given: readonly string[], more: Partial<StartedFrontOptions> = {}) {
  const listen = given.includes('--https') ? [] : ['--listen', '127.0.0.1:0'];
  const app = more.app === undefined ? await plainApp() : [];
  const front = await StartedFront.start({
    arguments: [...listen, ...given, ...app],
    nodeArguments: ['--import', HASTY_WATCH],
    ...more,
  });
  t.after(() => front.stop());
  return front;
}

async function writePair(folder: Workspace, name: string, names: readonly string[], validDays = 90) {
  const { certPem, keyPem } = await issueLeaf(all.root, names, { validDays });
  return { cert: folder.write(`${name}.crt`, certPem), key: folder.write(`${name}.key`, keyPem) };
}

/** The names in the certificate that a client gets; it asks for the page too. */
async function served(front: StartedFront, servername: string, authority = ca): Promise<string> {
  const { peerNames, failure } = await new Promise<{ peerNames: string; failure?: string }>((resolve) => {
    const client = tls.connect(
      {
        port: front.port(),
        host: '127.0.0.1',
        servername,
        ca: authority,
        checkServerIdentity: () => undefined,
      },
      () => {
        resolve({ peerNames: client.getPeerX509Certificate()?.subjectAltName ?? '' });
        client.destroy();
      },
    );
    client.on('error', (error) => resolve({ peerNames: '', failure: error.message }));
  });
  return failure ?? peerNames;
}

test('certificates of several --cert and of a folder are served by name, and warned of near their ends', async (t) => {
  const folder = makeWorkspace(t);
  const a = await writePair(folder, 'a', ['a.test']);
  const b = await writePair(folder, 'b', ['b.test', '*.b.test']);
  await writePair(folder, 'live/c.test/site', ['c.test']);
  const { leaf, intermediate } = all;
  folder.write('live/certbot/cert.pem', leaf.certPem);
  folder.write('live/certbot/chain.pem', intermediate.certPem);
  folder.write('live/certbot/fullchain.pem', all.chainPem);
  folder.write('live/certbot/privkey.pem', leaf.keyPem);
  const old = await issueLeaf(all.root, ['old.test'], { now: daysFromNow(-70), validDays: 90 });
  folder.write('live/old/tls.crt', old.certPem);
  folder.write('live/old/tls.key', old.keyPem);
  const pairs = ['--cert', a.cert, '--key', a.key, '--cert', b.cert, '--key', b.key];
  const front = await start(t, [...pairs, '--cert-dir', folder.at('live')]);
  assert.equal(await served(front, 'a.test'), 'DNS:a.test');
  assert.equal(await served(front, 'X.B.test'), 'DNS:b.test, DNS:*.b.test');
  assert.equal(await served(front, 'c.test'), 'DNS:c.test');
  assert.match(await served(front, 'app.test'), /DNS:app\.test/);
  assert.equal(await served(front, 'nobody.test'), 'DNS:a.test');
  assert.match(front.log, /warning: .*old\.test expires in 19 days/);
  assert.doesNotMatch(front.log, /[abc]\.test expires/);
  assert.match(front.log, /certificate of a\.test valid until \d{4}-\d\d-\d\d \(89 days\): .*a\.crt/);
});

test('a front with one certificate', async (t) => {
  const folder = makeWorkspace(t);
  const { cert, key } = await writePair(folder, 'site', ['one.test']);
  const front = await start(t, ['--cert', cert, '--key', key]);

  await t.test(
    'a changed pair is served to new connections; a broken one is told and leaves the old one',
    async (t) => {
      const open = tls.connect({ port: front.port(), host: '127.0.0.1', servername: 'one.test', ca });
      t.after(() => open.destroy());
      await until(() => open.authorized, 30_000, 'the first handshake');
      await writePair(folder, 'site', ['one.test', 'two.test']);
      await front.logged(/the certificates have changed: new connections get them/);
      await until(
        async () => (await served(front, 'two.test')).includes('two.test'),
        30_000,
        'the new names',
      );
      const from = front.log.length;
      writeFileSync(key, all.otherLeaf.keyPem);
      await front.logged(/error: the certificates have changed and cannot be used: .*does not belong/, from);
      assert.equal(await served(front, 'two.test'), 'DNS:one.test, DNS:two.test');
      await writePair(folder, 'site', ['three.test']);
      await until(async () => (await served(front, 'x')).includes('three.test'), 30_000, 'the third names');
      let answer = '';
      open.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      open.write('GET / HTTP/1.1\r\nHost: one.test\r\n\r\n');
      await until(
        () => answer.startsWith('HTTP/1.1 200'),
        30_000,
        'an answer on the connection of the first pair',
      );
    },
  );

  await t.test('a router that is killed comes back with the newest certificates', async () => {
    await writePair(folder, 'site', ['four.test']);
    await until(async () => (await served(front, 'x')).includes('four.test'), 30_000, 'the new certificate');
    process.kill(front.pid('http'), 'SIGKILL');
    await front.logged(/respawned tlsfront http 1/);
    assert.equal(await served(front, 'x'), 'DNS:four.test');
  });
});

test('a link that is switched to another folder is noticed', async (t) => {
  const folder = makeWorkspace(t);
  await writePair(folder, 'v1/tls', ['old.test']);
  await writePair(folder, 'v2/tls', ['new.test']);
  symlinkSync('v1', folder.at('live'));
  const front = await start(t, ['--cert', folder.at('live/tls.crt'), '--key', folder.at('live/tls.key')]);
  symlinkSync('v2', folder.at('next'));
  renameSync(folder.at('next'), folder.at('live'));
  await until(async () => (await served(front, 'x')).includes('new.test'), 30_000, 'the new certificate');
});

test('SIGHUP reads the files too, and keeps the old generation when they are broken', async (t) => {
  const folder = makeWorkspace(t);
  const { cert, key } = await writePair(folder, 'site', ['one.test']);
  // Not port 0: a new generation shares the sockets of the old one by their address.
  const listen = `127.0.0.1:${await freePort()}`;
  // The usual watch: it must not be faster than the signal.
  const given = ['--cert', cert, '--key', key, '--https', listen];
  const front = await start(t, given, { nodeArguments: [] });
  await writePair(folder, 'site', ['two.test']);
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves/);
  assert.equal(await served(front, 'x'), 'DNS:two.test');
  const from = front.log.length;
  rmSync(cert);
  front.child.kill('SIGHUP');
  await front.logged(/error: reload: .*no such file; the old generation goes on/, from);
  assert.equal(await served(front, 'x'), 'DNS:two.test');
});

test('certificates that change during a reload that fails are served by the old generation', async (t) => {
  const folder = makeWorkspace(t);
  const { cert, key } = await writePair(folder, 'site', ['one.test']);
  const app = nodeApp(`
    if (require('fs').existsSync(process.argv[1])) setInterval(() => {}, 1000);
    else listen(require('http').createServer((q, r) => r.end('ok')));`);
  const front = await start(t, ['--cert', cert, '--key', key, '--ready-timeout', '3s'], {
    app: [...app, folder.at('hang')],
  });
  folder.write('hang', '');
  front.child.kill('SIGHUP');
  await front.logged(/starting a new generation/);
  // Written while the reload waits for the app: the watch notices it before the reload fails.
  await writePair(folder, 'site', ['two.test']);
  await front.logged(/error: reload: .*; the old generation goes on/);
  await until(async () => (await served(front, 'x')).includes('two.test'), 30_000, 'the new certificate');
});

test('a changed client authority counts for new connections, a missing one leaves the old one in force', async (t) => {
  const folder = makeWorkspace(t);
  const { cert, key } = await writePair(folder, 'site', ['one.test']);
  const clients = folder.write('clients.pem', all.root.certPem);
  const front = await start(t, ['--cert', cert, '--key', key, '--client-ca', clients]);
  const friend = await issueClient('Friend', all.root);
  const request = 'GET / HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n';
  const ask = async (pair?: { certPem: string; keyPem: string }): Promise<string> => {
    const shown = pair === undefined ? {} : { cert: pair.certPem, key: pair.keyPem };
    return new Promise((resolve) => {
      let answer = '';
      const client = tls.connect({
        port: front.port(),
        host: '127.0.0.1',
        servername: 'one.test',
        ca,
        ...shown,
      });
      client.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
      });
      client.on('error', () => undefined);
      client.on('close', () => resolve(answer.slice(0, 12)));
      client.write(request);
    });
  };
  assert.equal(await ask(friend), 'HTTP/1.1 200');
  assert.equal(await ask(), 'HTTP/1.1 400');
  assert.equal(await ask(all.strangerClient), 'HTTP/1.1 400');
  rmSync(clients);
  await front.logged(/cannot be used: .*clients\.pem.*no such file/);
  assert.equal(await ask(friend), 'HTTP/1.1 200');
  assert.equal(await ask(), 'HTTP/1.1 400');
});

test('a missing or empty client authority keeps the front from starting', async (t) => {
  const folder = makeWorkspace(t);
  const { cert, key } = await writePair(folder, 'site', ['one.test']);
  for (const file of [folder.at('missing.pem'), folder.write('empty.pem', '')]) {
    const given = ['--cert', cert, '--key', key, '--client-ca', file, '--upstream', '1'];
    const front = StartedFront.launch({ arguments: ['--listen', '127.0.0.1:0', ...given] });
    t.after(() => front.stop());
    assert.equal(await front.ended, 2, front.log);
  }
});

test('a development name gets its own certificate at its first handshake, over each router', async (t) => {
  const front = await start(t, ['--http-processes', '2', '--host', 'intern.example']);
  for (const name of ['app.localhost', 'a.b.test', 'www.intern.example']) {
    assert.match(await served(front, name, front.ca), new RegExp(`DNS:${name}(,|$)`));
  }
  assert.doesNotMatch(await served(front, 'example.com', front.ca), /example\.com/);
});

test('a flood of names leaves no file, and a name of a route gets its certificate in it', async (t) => {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', '1', '--upstream', 'shop.localhost=1'],
  });
  t.after(() => front.stop());
  const leaves = (): string[] =>
    readdirSync(join(front.dataFolder, 'tlsfront', 'development')).filter((name) => name.startsWith('leaf-'));
  const before = leaves().length;
  const names = await Promise.all(
    Array.from({ length: 150 }, (_, index) => served(front, `n${index}.localhost`, front.ca)),
  );
  const issued = names.filter((text, index) => text === `DNS:n${index}.localhost`).length;
  assert.ok(issued >= 32 && issued < 150, `${issued} of 150 issued`);
  assert.equal(leaves().length, before);
  assert.match(await served(front, 'shop.localhost', front.ca), /(?:^|, )DNS:shop\.localhost(,|$)/);
});

test('--keylog and SSLKEYLOGFILE write secrets, with a warning, for their owner only', async (t) => {
  const folder = makeWorkspace(t);
  for (const more of [['--keylog', folder.at('a.log')], []]) {
    const front = await start(t, more, { environment: { SSLKEYLOGFILE: folder.at('b.log') } });
    assert.match(front.log, /warning: the secrets of all sessions are written to/);
    await served(front, 'localhost', front.ca);
    const file = folder.at(more.length === 0 ? 'b.log' : 'a.log');
    await until(
      () =>
        readFileSync(file, 'utf8').includes('CLIENT_RANDOM') ||
        readFileSync(file, 'utf8').includes('TRAFFIC_SECRET_0'),
      30_000,
      'secrets',
    );
  }
});
