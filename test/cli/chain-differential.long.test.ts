/** More than four hundred generated chains: what the doctor calls sound is what OpenSSL, Node, curl, Chromium, Java and Go accept, all of them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { inspect } from '../../src/certificates/chain/inspect.js';
import type { FindingCode } from '../../src/certificates/findings.js';
import { pemOfKey } from '../../src/certificates/formats/pem-text.js';
import { BrowserPage } from '../support/browser.js';
import { type GeneratedChain, generateChains } from '../support/generated-chains.js';
import { findTool, MISSING, requireTools } from '../support/tools.js';
import { fixture, makeWorkspace, type Workspace } from '../support/workspace.js';

const chains = generateChains();
const roots = [...new Set(chains.map(({ root }) => root))];

/** Warnings about clients that are not asked here: Apple's devices and Firefox. */
const OF_OTHER_CLIENTS: readonly FindingCode[] = ['no_purpose', 'too_long_validity', 'authority_as_leaf'];

interface Verdict {
  readonly isSound: boolean;
  readonly codes: readonly FindingCode[];
  readonly isOfOthers: boolean;
}

/** About Go programs alone: nobody refuses it where none can be asked. */
const OF_GO: readonly FindingCode[] = ['constraint_form'];

function examine({ certificates, root, host }: GeneratedChain, others: readonly FindingCode[]): Verdict {
  const source = (file: string, text: string) => ({ file, bytes: Buffer.from(text), mode: 0o600 });
  const { findings } = inspect({
    certificates: [source('chain.pem', certificates.join(''))],
    bundle: [source('root.pem', root)],
    hosts: [host],
  });
  const heavy = findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code);
  return {
    isSound: heavy.length === 0,
    codes: heavy,
    isOfOthers: heavy.every((code) => others.includes(code)),
  };
}

/** Serves every chain on one port, chosen by the host. */
async function serveAll(t: TestContext): Promise<number> {
  const contexts = new Map(
    chains.map(({ host, certificates, key }) => {
      return [host, tls.createSecureContext({ cert: certificates.join(''), key: pemOfKey(key) })];
    }),
  );
  const server = tls.createServer(
    { SNICallback: (name, done) => done(null, contexts.get(name)), ALPNProtocols: ['http/1.1'] },
    (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      });
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function run(program: string, args: readonly string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(program, [...args], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout) => {
      resolve({ code: error === null ? 0 : 1, stdout });
    });
  });
}

/** Runs the work for each item, four at a time. */
async function inLanes<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}

/** The hosts of chains that the client accepts. */
type Accepted = ReadonlySet<string>;

/** A process for each: every fourth chain; the others count as Node has them, whose OpenSSL is of another version. */
async function askOpenssl(
  openssl: string,
  folder: Workspace,
  rootsFile: string,
  byNode: Accepted,
): Promise<Accepted> {
  const asked = chains.filter((_, index) => index % 4 === 0);
  const accepted = new Set(byNode);
  for (const { host } of asked) accepted.delete(host);
  await inLanes(asked, async ({ host, certificates }) => {
    const [leaf = '', ...above] = certificates;
    const { code } = await run(openssl, [
      ...['verify', '-CAfile', rootsFile, '-purpose', 'sslserver', '-verify_hostname', host],
      ...(above.length === 0 ? [] : ['-untrusted', folder.write(`${host}.above`, above.join(''))]),
      folder.write(`${host}.leaf`, leaf),
    ]);
    if (code === 0) accepted.add(host);
  });
  return accepted;
}

async function askNode(port: number): Promise<Accepted> {
  const accepted = new Set<string>();
  const secureContext = tls.createSecureContext({ ca: roots });
  await inLanes(chains, async ({ host }) => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const isAccepted = await new Promise<boolean>((resolve) => {
        const versions = { minVersion: version, maxVersion: version };
        const socket = tls.connect({ port, host: '127.0.0.1', servername: host, secureContext, ...versions });
        socket.once('secureConnect', () => resolve(true));
        socket.on('error', () => resolve(false));
        socket.once('secureConnect', () => socket.destroy());
      });
      if (!isAccepted) return;
    }
    accepted.add(host);
  });
  return accepted;
}

/** One process, one URL after the other. */
async function askCurl(curl: string, port: number, folder: Workspace, rootsFile: string): Promise<Accepted> {
  const lines = chains.map(({ host }) => `url = "https://${host}:${port}/"\noutput = "/dev/null"`);
  const { stdout } = await run(curl, [
    ...['-sS', '--noproxy', '*', '--cacert', rootsFile, '--connect-to', `::127.0.0.1:${port}`],
    ...['-w', '%{url} %{http_code}\\n', '-K', folder.write('curl.config', lines.join('\n'))],
  ]);
  return new Set([...stdout.matchAll(/https:\/\/([^:]+):\d+\/ 200/g)].map(([, host = '']) => host));
}

/** One process for all, which prints a line for each. */
async function askProgram(
  program: string,
  args: readonly string[],
  port: number,
  folder: Workspace,
  rootsFile: string,
): Promise<Accepted> {
  const hosts = folder.write('hosts', `${chains.map(({ host }) => host).join('\n')}\n`);
  const { code, stdout } = await run(program, [...args, String(port), rootsFile, hosts]);
  assert.equal(code, 0, `${program} ${args.join(' ')}`);
  return new Set([...stdout.matchAll(/^yes (\S+)$/gm)].map(([, host = '']) => host));
}

/** One browser: a page of the first chain fetches from all the others. */
async function askChromium(page: BrowserPage, port: number): Promise<Accepted> {
  const [first] = chains;
  await page.load(`https://${first?.host}:${port}/`);
  const hosts = JSON.stringify(chains.map(({ host }) => host));
  const answer = await page.evaluate(`(async () => {
    const rest = ${hosts}, good = [];
    const lane = async () => {
      for (let host = rest.shift(); host !== undefined; host = rest.shift()) {
        try { await fetch('https://' + host + ':${port}/', { mode: 'no-cors', cache: 'no-store' }); good.push(host); } catch {}
      }
    };
    await Promise.all(Array.from({ length: 6 }, lane));
    return good.join(' ');
  })()`);
  return new Set(String(answer).split(' '));
}

test('what is called sound is accepted by every client, and what is called wrong is refused by one', async (t) => {
  const tools = requireTools(t, 'openssl', 'curl', 'chromium', 'certutil', 'java');
  if (tools === MISSING) return;
  const { openssl, curl, chromium, certutil, java } = tools;
  const go = findTool('go');
  assert.ok(chains.length >= 400, `${chains.length} chains`);
  const folder = makeWorkspace(t);
  const rootsFile = folder.write('roots.pem', roots.join(''));
  const port = await serveAll(t);
  const rootFiles = roots.map((root, index) => folder.write(`root-${index}.pem`, root));
  const page = await BrowserPage.start(t, chromium, certutil, rootFiles, [
    '--host-resolver-rules=MAP * 127.0.0.1',
  ]);
  const byNode = await askNode(port);
  const clients = new Map<string, Accepted>([
    ['Node', byNode],
    ['OpenSSL', await askOpenssl(openssl, folder, rootsFile, byNode)],
    ['curl', await askCurl(curl, port, folder, rootsFile)],
    ['Chromium', await askChromium(page, port)],
    ['Java', await askProgram(java, [fixture('Verdicts.java')], port, folder, rootsFile)],
  ]);
  // A compiler of some hundred megabytes: it is asked where it is there.
  if (go !== MISSING) {
    clients.set('Go', await askProgram(go, ['run', fixture('verdicts.go')], port, folder, rootsFile));
  }
  for (const [client, accepted] of clients)
    assert.ok(accepted.size > 100, `${client} accepts ${accepted.size}`);
  const disagreements: string[] = [];
  const others = go === MISSING ? [...OF_OTHER_CLIENTS, ...OF_GO] : OF_OTHER_CLIENTS;
  for (const chain of chains) {
    const { isSound, codes, isOfOthers } = examine(chain, others);
    const refusing = [...clients].filter(([, accepted]) => !accepted.has(chain.host)).map(([name]) => name);
    if (isSound && refusing.length > 0)
      disagreements.push(`${chain.name}: called sound, refused by ${refusing.join(', ')}`);
    if (!isOfOthers && refusing.length === 0)
      disagreements.push(`${chain.name}: ${codes.join(', ')}, accepted by all`);
  }
  assert.deepEqual(disagreements, []);
});
