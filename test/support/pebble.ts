/** Debian's Pebble, an ACME authority for tests, with a configuration and an authority for its own HTTPS of our making. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import type { TestContext } from 'node:test';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { testCertificates } from './certificates.js';
import { until } from './deadline.js';
import { DnsServer } from './dns-server.js';
import { freePort } from './ports.js';
import { MISSING, type Missing, requireTool } from './tools.js';
import { makeWorkspace, type Workspace } from './workspace.js';

export interface PebbleOptions {
  /** Kept from an earlier one that has ended. */
  readonly port?: number;
  /** Where it looks for challenges; a port that nobody has where left out. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  readonly validitySeconds?: number;
  /** Share of good nonces that it refuses, in percent. */
  readonly refusedNonces?: number;
  readonly blockedNames?: readonly string[];
  /** Keys of external accounts by their id; where given, one is needed. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
}

const START_MS = 60_000;

/** Pebble while it runs. */
export class Pebble {
  /** What it wrote. */
  log = '';
  private readonly child: ChildProcess;

  private constructor(
    program: string,
    config: string,
    readonly port: number,
    readonly managementPort: number,
    readonly dns: DnsServer,
    readonly folder: Workspace,
    /** File with the authority of its HTTPS, for --acme-ca. */
    readonly caFile: string,
    refusedNonces: number,
  ) {
    this.child = spawn(program, ['-config', config, '-dnsserver', dns.address], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PEBBLE_VA_NOSLEEP: '1',
        PEBBLE_AUTHZREUSE: '0',
        PEBBLE_WFE_NONCEREJECT: String(refusedNonces),
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
  }

  /** Starts it; MISSING after the test was marked as skipped, where it is not installed. */
  static async start(t: TestContext, options: PebbleOptions = {}): Promise<Pebble | Missing> {
    const program = requireTool(t, 'pebble');
    if (program === MISSING) return MISSING;
    const { root } = await testCertificates();
    const { certPem, keyPem } = await issueLeaf(root, ['localhost', '127.0.0.1']);
    const folder = makeWorkspace(t);
    const dns = await DnsServer.start(t);
    const port = options.port ?? (await freePort());
    const managementPort = await freePort();
    const pebble = {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: folder.write('pebble.crt', certPem),
      privateKey: folder.write('pebble.key', keyPem),
      httpPort: options.httpPort ?? (await freePort()),
      tlsPort: options.tlsPort ?? (await freePort()),
      externalAccountBindingRequired: options.externalAccounts !== undefined,
      externalAccountMACKeys: options.externalAccounts ?? {},
      domainBlocklist: options.blockedNames ?? [],
      certificateValidityPeriod: options.validitySeconds ?? 90 * 86_400,
    };
    const config = folder.write('pebble.json', JSON.stringify({ pebble }));
    const caFile = folder.write('pebble-ca.pem', root.certPem);
    const started = new Pebble(
      program,
      config,
      port,
      managementPort,
      dns,
      folder,
      caFile,
      options.refusedNonces ?? 0,
    );
    t.after(() => started.stop());
    await started.serves(root.certPem);
    return started;
  }

  /** Waits until it answers. @throws Error with what it wrote when it does not, or ends */
  private async serves(ca: string): Promise<void> {
    const isServing = async (): Promise<boolean> => {
      if (this.child.exitCode !== null) throw new Error('Pebble has ended');
      return ask(this.port, '/dir', ca).then(
        () => true,
        () => false,
      );
    };
    await until(isServing, START_MS, 'the start of Pebble').catch((cause: unknown) => {
      throw new Error(`Pebble does not serve: ${this.log}`, { cause });
    });
  }

  get directory(): string {
    return `https://127.0.0.1:${this.port}/dir`;
  }

  /** PEM of the root of its certificates, another at each start. */
  async root(): Promise<string> {
    const { root } = await testCertificates();
    return ask(this.managementPort, '/roots/0', root.certPem);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

function ask(port: number, path: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, ca, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}
