/** SIGHUP: a new generation takes over without one failed request, or the old one stays. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { testCertificates, writeTestCertificates } from '../support/certificates.js';
import { until, within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { isRunning } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

/** Serial number of the certificate that a new connection gets. */
async function serialNumber(port: number, ca: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
  await within(once(socket, 'secureConnect'), PATIENCE_MS, 'a TLS connection');
  const { serialNumber: serial } = socket.getPeerCertificate();
  socket.destroy();
  return serial;
}

for (const engine of ENGINES) {
  describe(`SIGHUP (${engine})`, { concurrency: 2 }, () => {
    for (const [protocol, fresh] of [
      ['http/1.1', false],
      ['http/1.1', true],
      ['h2', false],
    ] as const) {
      const kind = `${protocol}, ${fresh ? 'a connection for each request' : 'kept connections'}`;
      test(`loses no request (${kind})`, async (t) => {
        const front = await StartedFront.start({
          arguments: ['--listen', '127.0.0.1:0', '--http-processes', '2', '--engine', engine],
          app: SAMPLE_APP,
        });
        t.after(() => front.stop());
        const before = front.processes();
        const load = startLoad(
          t,
          { port: front.port(), ca: front.ca },
          { protocol, fresh, path: '/slow?ms=20' },
        );
        await until(() => load.answered() > 10, PATIENCE_MS, 'requests answered before the reload');
        front.child.kill('SIGHUP');
        await front.logged(/the new generation serves; the old one drains/);
        const old = before.filter((pid) => pid !== front.masterPid);
        await until(() => !old.some(isRunning), PATIENCE_MS, 'the end of the old generation');
        const count = load.answered();
        await until(() => load.answered() > count + 10, PATIENCE_MS, 'requests answered after the reload');
        await load.stop();
        assert.deepEqual(load.failures, []);
      });
    }
  });
}

test('SIGHUP takes a renewed certificate, keeps the old one where the new is broken, and keeps WebSockets', async (t) => {
  const workspace = makeWorkspace(t);
  const files = await writeTestCertificates(workspace.path);
  const { root, intermediate } = await testCertificates();
  const front = await StartedFront.start({
    arguments: ['--https', `127.0.0.1:0,${files.chainFile},${files.keyFile}`],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const port = front.port();
  const socket = new WebSocket(`wss://localhost:${port}/ws`, { ca: root.certPem });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  const first = await serialNumber(port, root.certPem);

  const renewed = await issueLeaf(intermediate, ['localhost']);
  writeFileSync(files.chainFile, renewed.certPem + intermediate.certPem);
  const from = front.log.length;
  front.child.kill('SIGHUP');
  await front.logged(/error: reload: .*key.*; the old generation goes on serving/, from);
  assert.equal(await serialNumber(port, root.certPem), first);

  writeFileSync(files.keyFile, renewed.keyPem);
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves/, from);
  assert.notEqual(await serialNumber(port, root.certPem), first);

  socket.send('still open');
  const [message] = await within(once(socket, 'message'), PATIENCE_MS, 'an echo through the old generation');
  assert.equal(String(message), 'still open');
  copyFileSync(files.rsaChainFile, files.chainFile);
});

test('SIGHUP during a reload is obeyed after it', async (t) => {
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
  t.after(() => front.stop());
  front.child.kill('SIGHUP');
  await front.logged(/starting a new generation/);
  front.child.kill('SIGHUP');
  front.child.kill('SIGHUP');
  const twice = /the new generation serves[\s\S]*starting a new generation[\s\S]*the new generation serves/;
  await front.logged(twice);
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  assert.equal((await client.request('/hello')).status, 200);
  assert.equal(front.log.split('starting a new generation').length - 1, 2, 'those that wait are one');
});

test('SIGHUP opens the log file anew', async (t) => {
  const workspace = makeWorkspace(t);
  const file = workspace.at('front.log');
  const { renameSync, readFileSync } = await import('node:fs');
  const front = StartedFront.launch({
    arguments: ['--listen', '127.0.0.1:0', '--logto', file],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  await until(() => read(file).includes('tlsfront is ready'), PATIENCE_MS, 'the ready line in the file');
  assert.match(read(file), /\[app\] sample app on/);
  renameSync(file, `${file}.1`);
  front.child.kill('SIGHUP');
  await until(() => read(file).includes('the new generation serves'), PATIENCE_MS, 'lines in the new file');
  assert.equal(front.log, '');
});
