/** Changes of the certificate under load, a hundred of them: not one request fails, and each new certificate is served. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { listenLocally } from '../support/app-behind.js';
import { testCertificates } from '../support/certificates.js';
import { CLI } from '../support/command.js';
import { until } from '../support/deadline.js';
import { startLoad } from '../support/load.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

const CHANGES = 100;
/** Each tenth is told by SIGHUP, the others are left to the watch. */
const isBySignal = (round: number): boolean => round % 10 === 0;
const HASTY_WATCH = new URL('../support/hasty-watch.js', import.meta.url).href;

const { root } = await testCertificates();
const ca = root.certPem;

/** The name that only one certificate has. */
function nameOf(round: number): string {
  return `round-${round}.test`;
}

/** Names in the certificate of a new connection. */
function served(port: number): Promise<string> {
  return new Promise((resolve) => {
    const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca }, () => {
      resolve(client.getPeerX509Certificate()?.subjectAltName ?? '');
      client.destroy();
    });
    client.on('error', (error) => resolve(error.message));
  });
}

test(`${CHANGES} changes under load fail no request, on kept and new connections of both protocols`, async (t) => {
  const folder = makeWorkspace(t);
  // The answers take a moment: some requests are always under way, and the machine is left to the reloads.
  const app = createServer((_request, response) => void setTimeout(() => response.end('hello'), 20));
  const upstream = String(await listenLocally(app));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const [cert, key] = [folder.at('live/site.crt'), folder.at('live/site.key')];
  // The pair changes at one stroke, by a link (as in Kubernetes): the watch is too hasty here for files written one after the other.
  const change = async (round: number): Promise<void> => {
    const { certPem, keyPem } = await issueLeaf(root, ['localhost', nameOf(round)]);
    folder.write(`${round}/site.crt`, certPem);
    folder.write(`${round}/site.key`, keyPem);
    symlinkSync(String(round), folder.at('next'));
    renameSync(folder.at('next'), folder.at('live'));
  };
  await change(0);
  const front = await StartedFront.start({
    program: [process.execPath, '--import', HASTY_WATCH, CLI],
    arguments: [
      ...['--listen', '127.0.0.1:0', '--http-processes', '2', '--upstream', upstream],
      ...['--cert', cert, '--key', key],
    ],
  });
  t.after(() => front.stop());
  const port = front.port();
  const kinds = [
    { protocol: 'http/1.1', fresh: false },
    { protocol: 'http/1.1', fresh: true },
    { protocol: 'h2', fresh: false },
    { protocol: 'h2', fresh: true },
  ] as const;
  const loads = kinds.map((kind) => startLoad(t, { port, ca }, { ...kind, lanes: 1 }));
  for (let round = 1; round <= CHANGES; round += 1) {
    await change(round);
    const from = front.log.length;
    if (isBySignal(round)) front.child.kill('SIGHUP');
    const told = isBySignal(round) ? /the new generation serves/ : /the certificates have changed: new/;
    await front.logged(told, from);
    await until(
      async () => (await served(port)).includes(nameOf(round)),
      PATIENCE_MS,
      `the certificate of change ${round}`,
    );
  }
  await Promise.all(loads.map((load) => load.stop()));
  for (const [index, load] of loads.entries()) {
    const kind = JSON.stringify(kinds[index]);
    assert.deepEqual(load.failures, [], kind);
    assert.ok(load.answered() > CHANGES, `${load.answered()} answers over ${kind}`);
  }
  assert.equal(front.log.match(/^error:.*/m), null);
});

test('renewals under h2load fail no request and no handshake', async (t) => {
  const h2load = requireTool(t, 'h2load');
  if (h2load === MISSING) return;
  const folder = makeWorkspace(t);
  const live = folder.at('live');
  mkdirSync(live);
  const write = async (...names: readonly string[]): Promise<void> => {
    const { certPem, keyPem } = await issueLeaf(root, ['localhost', ...names]);
    writeFileSync(join(live, 'site.crt'), certPem);
    writeFileSync(join(live, 'site.key'), keyPem);
  };
  await write();
  const pair = ['--cert', join(live, 'site.crt'), '--key', join(live, 'site.key')];
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', ...pair],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  const load = spawn(h2load, ['-D', '12', '-c', '4', '-m', '4', `https://127.0.0.1:${front.port()}/`]);
  let report = '';
  load.stdout.on('data', (chunk: Buffer) => {
    report += chunk.toString();
  });
  const ended = new Promise((resolve) => load.once('close', resolve));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  for (let round = 0; !isOver; round += 1) {
    const before = front.log.split('new connections get them').length;
    await write(nameOf(round));
    const isReloaded = (): boolean => front.log.split('new connections get them').length > before;
    while (!isOver && !isReloaded()) assert.match(await served(front.port()), /DNS:localhost/);
  }
  await ended;
  assert.match(report, / 0 failed, 0 errored, 0 timeout/, report);
  assert.ok(front.log.split('new connections get them').length > 2, front.log);
});
