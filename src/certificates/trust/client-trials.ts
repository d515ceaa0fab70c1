/** Tries the clients of this machine for real: each opens an HTTPS address that only the development authority vouches for. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPairPem } from '../issue.js';
import type { Machine, Step } from './trust-store.js';

/** What one client did. */
export interface ClientTrial {
  readonly name: string;
  readonly trusts: boolean;
}

const PAGE = 'tlsfront-trust-trial';

/** Runs every client that is installed. @param leaf a certificate for localhost and its key */
export async function tryClients(machine: Machine, leaf: KeyPairPem): Promise<ClientTrial[]> {
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(PAGE);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'tlsfront-trial-'));
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const trials: ClientTrial[] = [];
    for (const { name, argv } of clientsOf(machine, port, folder)) {
      trials.push({ name, trusts: (await machine.run(argv)).out.includes(PAGE) });
    }
    return trials;
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function clientsOf(machine: Machine, port: number, folder: string): { name: string; argv: Step['argv'] }[] {
  const url = `https://localhost:${port}/`;
  const clients: { name: string; argv: Step['argv'] }[] = [];
  const curl = machine.find('curl');
  if (curl !== undefined) {
    clients.push({ name: 'curl', argv: [curl, '-sS', '-4', '--noproxy', '*', '--max-time', '10', url] });
  }
  const program = `require('node:https').get(${JSON.stringify(url)}, (r) => r.pipe(process.stdout))`;
  clients.push({ name: 'Node', argv: [process.execPath, '-e', program] });
  const python = machine.find('python3');
  if (python !== undefined) {
    const script =
      'import urllib.request as r;print(r.build_opener(r.ProxyHandler({})).open(' +
      `${JSON.stringify(url)}, timeout=10).read().decode())`;
    clients.push({ name: 'Python', argv: [python, '-c', script] });
  }
  const chromium = ['chromium', 'chromium-browser', 'google-chrome']
    .map((name) => machine.find(name))
    .find((path) => path !== undefined);
  if (chromium !== undefined) clients.push({ name: 'Chromium', argv: browser(chromium, folder, url) });
  return clients;
}

function browser(chromium: string, folder: string, url: string): Step['argv'] {
  // A sandbox needs what root and containers do not have; only our own page is opened.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const options = ['--headless', '--disable-gpu', '--no-proxy-server', `--user-data-dir=${folder}`];
  return [chromium, ...sandbox, ...options, '--timeout=10000', '--dump-dom', url];
}
