/** The doctor's verdicts held against real clients: curl, and Chromium, shake hands with a server that sends each file as it stands. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import tls from 'node:tls';
import { inspect } from '../../src/certificates/chain/inspect.js';
import { FINDINGS } from '../../src/certificates/findings.js';
import { testCertificates } from '../support/certificates.js';
import { type ChainCase, chainCases, keyOf } from '../support/chain-cases.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const cases = await chainCases();
const { root } = await testCertificates();

type Verdict = 'accept' | 'reject' | 'either';

function verdictOf({ codes }: ChainCase): Verdict {
  const severities = codes.map((code) => FINDINGS[code].severity);
  if (severities.includes('error')) return 'reject';
  return severities.includes('warning') ? 'either' : 'accept';
}

/** Damage that OpenSSL's own reader forgives and other servers do not, and findings that no handshake shows. */
const FORGIVEN =
  /^(?:damaged_border|glued_borders|blank_line_inside|key_mismatch|encrypted_key|wrong_passphrase|no_key_found|unreadable_key|empty_file|der_encoded|pkcs12_bundle)$/;

/** A server that sends the file as it stands; undefined where it cannot even load it. */
async function serve(
  one: ChainCase,
): Promise<{ server: tls.Server; port: number; name: string } | undefined> {
  const cert = Buffer.from(one.cert);
  const { chain } = inspect({ certificates: [{ file: 'c', bytes: cert, mode: 0o600 }] });
  const key = chain && keyOf(chain.leaf.pem);
  if (chain === undefined || key === undefined) return undefined;
  let server: tls.Server;
  try {
    server = tls.createServer({ cert, key }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nTHE-PAGE');
    });
  } catch {
    return undefined;
  }
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const own = chain.leaf.names?.find((name) => name === 'localhost') ?? chain.leaf.names?.[0];
  const name = one.hosts?.[0]?.replace(/\.$/, '') ?? own?.replace('*', 'any') ?? 'localhost';
  return { server, port: address.port, name };
}

function run(program: string, args: readonly string[], env = process.env): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env, timeout: 30_000 }, (_error, out) => resolve(out));
  });
}

function trustFile(one: ChainCase, folder: Workspace): string {
  return folder.write('trusted.pem', one.root ?? root.certPem);
}

test('curl accepts what is called sound and rejects what is called an error', async (t) => {
  const curl = requireTool(t, 'curl');
  if (curl === MISSING) return;
  const folder = makeWorkspace(t);
  const disagreements: string[] = [];
  let compared = 0;
  for (const one of cases) {
    const served = await serve(one);
    const expected = verdictOf(one);
    let accepted = false;
    if (served !== undefined) {
      const { port, name } = served;
      const host = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
      const args = ['-sS', '--max-time', '10', '--noproxy', '*', '--cacert', trustFile(one, folder)];
      const url = `https://${host}:${port}/`;
      accepted = (await run(curl, [...args, '--connect-to', `::127.0.0.1:${port}`, url])).includes(
        'THE-PAGE',
      );
      served.server.close();
    }
    // curl still looks into the common name, browsers do not.
    const seen = !/common name/.test(one.name) && !one.codes.some((code) => FORGIVEN.test(code));
    if (expected === 'either' || (expected === 'reject' && !seen)) continue;
    // Without a server certificate of our own making there is nothing to serve.
    if (expected === 'accept' && served === undefined) continue;
    compared += 1;
    if (accepted !== (expected === 'accept')) disagreements.push(`${one.name}: we say ${expected}`);
  }
  assert.deepEqual(disagreements, []);
  assert.ok(compared >= 60, `only ${compared} compared`);
});

const BROWSER_CASES = [
  'a sound chain',
  'a sound RSA chain',
  'the intermediate first',
  'no intermediate',
  'expired',
  'a host not named',
  'no alternative names',
  'a SHA-1 signature',
  'a client certificate',
];

test('Chromium accepts what is called sound and rejects what is called an error', async (t) => {
  const chromium = requireTool(t, 'chromium');
  const certutil = requireTool(t, 'certutil');
  if (chromium === MISSING || certutil === MISSING) return;
  const folder = makeWorkspace(t);
  folder.write('home/.pki/nssdb/.keep', '');
  const database = `sql:${folder.at('home/.pki/nssdb')}`;
  await run(certutil, ['-d', database, '-N', '--empty-password']);
  const rootFile = folder.write('root.pem', root.certPem);
  await run(certutil, ['-d', database, '-A', '-t', 'C,,', '-n', 'test', '-i', rootFile]);
  const env = { ...process.env, HOME: folder.at('home'), XDG_CONFIG_HOME: folder.at('home/config') };
  const disagreements: string[] = [];
  for (const one of cases.filter(({ name }) => BROWSER_CASES.includes(name))) {
    const served = await serve(one);
    const expected = verdictOf(one);
    let accepted = false;
    if (served !== undefined) {
      const { port, name } = served;
      const visit = async (): Promise<boolean> =>
        (
          await run(
            chromium,
            [
              '--headless',
              '--no-sandbox',
              '--disable-gpu',
              '--no-proxy-server',
              `--user-data-dir=${folder.at('profile')}`,
              `--host-resolver-rules=MAP * 127.0.0.1`,
              '--dump-dom',
              `https://${name}:${port}/`,
            ],
            env,
          )
        ).includes('THE-PAGE');
      accepted = await visit();
      // A browser that fails to start on a busy machine shows no page either; what must be refused is never asked again.
      for (let again = 0; again < 2 && expected === 'accept' && !accepted; again += 1)
        accepted = await visit();
      served.server.close();
    }
    if (expected !== 'either' && accepted !== (expected === 'accept')) {
      disagreements.push(`${one.name}: we say ${expected}, Chromium ${accepted ? 'accepts' : 'rejects'}`);
    }
  }
  assert.deepEqual(disagreements, []);
});
