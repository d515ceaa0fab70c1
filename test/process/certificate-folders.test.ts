/** Folders of certificates beneath a running front: renewals of every layout under load, and a faulty one beside sound ones. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import tls from 'node:tls';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { listenLocally } from '../support/app-behind.js';
import { issueRound, LAYOUTS } from '../support/certificate-layouts.js';
import { daysFromNow, testCertificates } from '../support/certificates.js';
import { CLI } from '../support/command.js';
import { until } from '../support/deadline.js';
import { startLoad } from '../support/load.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const HASTY_WATCH = new URL('../support/hasty-watch.js', import.meta.url).href;
const { root, intermediate } = await testCertificates();

/** DER of the certificate that a new connection for the name gets, or why there is none. */
function served(port: number, servername: string): Promise<string> {
  return new Promise((resolve) => {
    const client = tls.connect({ port, host: '127.0.0.1', servername, ca: root.certPem }, () => {
      resolve(client.getPeerX509Certificate()?.toString() ?? '');
      client.destroy();
    });
    client.on('error', (error) => resolve(error.message));
  });
}

test('three renewals of every layout under load fail no request, and each new certificate is served', async (t) => {
  const app = createServer((_request, response) => void setTimeout(() => response.end('hello'), 20));
  const upstream = String(await listenLocally(app));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const folders = new Map(LAYOUTS.map(({ program }) => [program, makeWorkspace(t)]));
  /** Everything is issued before the first file is written. */
  const renewAll = async (round: number): Promise<Map<string, string>> => {
    const issued = await Promise.all(
      LAYOUTS.map(async ({ program }) => issueRound(`${program}.layout.test`, round, round === 0)),
    );
    const leaves = new Map<string, string>();
    for (const [index, { program, renew }] of LAYOUTS.entries()) {
      const [folder, one] = [folders.get(program), issued[index]];
      if (folder === undefined || one === undefined) continue;
      renew(folder, one, round);
      leaves.set(program, one.leaf);
    }
    return leaves;
  };
  await renewAll(0);
  await renewAll(1);
  const own = makeWorkspace(t);
  const { certPem, keyPem } = await issueLeaf(root, ['localhost']);
  const front = await StartedFront.start({
    program: [process.execPath, '--import', HASTY_WATCH, CLI],
    arguments: [
      ...['--https', `127.0.0.1:0,${own.write('l.crt', certPem)},${own.write('l.key', keyPem)},HIGH`],
      ...['--upstream', upstream],
      ...LAYOUTS.flatMap((one) => ['--cert-dir', folders.get(one.program)?.at(one.root) ?? '']),
    ],
  });
  t.after(() => front.stop());
  const port = front.port();
  const kinds = [
    { protocol: 'http/1.1', fresh: true },
    { protocol: 'h2', fresh: false },
  ] as const;
  const loads = kinds.map((kind) => startLoad(t, { port, ca: root.certPem }, { ...kind, lanes: 1 }));
  for (let round = 2; round <= 4; round += 1) {
    const leaves = await renewAll(round);
    for (const [program, leaf] of leaves) {
      const name = `www.${program}.layout.test`;
      await until(
        async () => (await served(port, name)) === leaf,
        PATIENCE_MS,
        `renewal ${round - 1} of ${program}`,
      );
    }
  }
  for (const load of loads) {
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(load.answered() > 20, String(load.answered()));
  }
});

async function writePair(folder: Workspace, path: string, name: string, ago = 1): Promise<string> {
  const { certPem, keyPem } = await issueLeaf(intermediate, [name], {
    now: daysFromNow(-ago),
    validDays: 90,
  });
  folder.write(`${path}.crt`, certPem + intermediate.certPem);
  folder.write(`${path}.key`, keyPem);
  return certPem;
}

test('a lapsed certificate and a key alone keep no other from being renewed, by the watch and by SIGHUP', async (t) => {
  const folder = makeWorkspace(t);
  await writePair(folder, 'a/lapsed', 'lapsed.example', 100);
  folder.write('c/new.example.key', (await issueLeaf(root, ['new.example'])).keyPem);
  const first = await writePair(folder, 'b/good', 'good.example');
  const port = await freePort();
  const front = await StartedFront.start({
    arguments: ['--listen', `127.0.0.1:${port}`, '--cert-dir', folder.path],
    app: SAMPLE_APP,
  });
  t.after(() => front.stop());
  assert.match(front.log, /^error: .*lapsed\.crt.* expired on .*; it is not served\nhint: /m);
  assert.match(front.log, /^left out of .*: private keys without a certificate \(.*new\.example\.key\)$/m);
  assert.equal(await served(port, 'good.example'), first);
  const from = front.log.length;
  const second = await writePair(folder, 'b/good', 'good.example');
  await until(async () => (await served(port, 'good.example')) === second, PATIENCE_MS, 'the renewal');
  await front.logged(/^error: the certificates have changed and cannot be used: .*lapsed\.crt/m, from);
  const third = await writePair(folder, 'b/good', 'good.example');
  front.child.kill('SIGHUP');
  await front.logged(
    /^error: reload: .*lapsed\.crt.*; it is not served\n[\s\S]*the new generation serves/m,
    from,
  );
  assert.equal(await served(port, 'good.example'), third);
  front.child.kill('SIGUSR1');
  const [, reason] = await front.logged(/"certificateProblems":\[\{"reason":"([^"]*)"/, from);
  assert.match(reason ?? '', /lapsed\.crt/);
});
