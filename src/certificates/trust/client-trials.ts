/** Tries the clients of this machine for real: each opens an HTTPS address that only the development authority vouches for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPairPem } from '../development/x509-issuer.js';
import { tryFirefox } from './firefox-trial.js';
import { tryJava } from './java-trial.js';
import { PROBE_PAGE, startProbeServer } from './probe-server.js';
import type { Machine, Step } from './trust-store.js';

/** What one client did. */
export interface ClientTrial {
  readonly name: string;
  /** `failed`: it ran and never got as far as the certificate; `untried`: it cannot be run for this. */
  readonly outcome: 'trusts' | 'refuses' | 'failed' | 'untried';
  /** Why it failed or was not tried, or what the outcome does not cover. */
  readonly reason?: string;
}

/** At these the clients are ended and their files removed before we go. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs every client that is installed. @param leaf a certificate for localhost and its key */
export async function tryClients(machine: Machine, leaf: KeyPairPem): Promise<ClientTrial[]> {
  const ending = new AbortController();
  const end = (signal: NodeJS.Signals): void => ending.abort(signal);
  for (const signal of ENDING_SIGNALS) process.once(signal, end);
  const probe = await startProbeServer(leaf);
  // mkdtemp makes it 0700: what clients keep there is for nobody else.
  const folder = mkdtempSync(join(tmpdir(), 'tlsfront-trial-'));
  try {
    const simple = clientsOf(machine, probe.url('/'), folder).map(
      async ({ name, argv }): Promise<ClientTrial> => {
        const { out } = await machine.run(argv, { signal: ending.signal });
        return { name, outcome: out.includes(PROBE_PAGE) ? 'trusts' : 'refuses' };
      },
    );
    const quick = await Promise.all([...simple, tryJava(machine, probe, folder, ending.signal)]);
    // Alone: it is judged by whether anybody refuses the certificate while it runs.
    const trials = [...quick, await tryFirefox(machine, probe, folder, ending.signal)];
    return trials.filter((trial) => trial !== undefined);
  } finally {
    probe.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    for (const signal of ENDING_SIGNALS) process.off(signal, end);
    if (ending.signal.aborted) process.kill(process.pid, ending.signal.reason);
  }
}

function clientsOf(machine: Machine, url: string, folder: string): { name: string; argv: Step['argv'] }[] {
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
