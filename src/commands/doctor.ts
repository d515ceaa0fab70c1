/** `tlsfront doctor`: looks at everything on this machine that the front needs, and says the cure beside what is not well. */
import { lookup } from 'node:dns/promises';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { findPortOwner } from '../master/listening/port-owner.js';
import { systemCode } from '../shared/system-error.js';
import { programFile } from '../system/package-files.js';
import { type CommandIo, EXIT_FAILURE, EXIT_SUCCESS, paint, usesColour } from '../terminal/console.js';
import { examineTrust } from './authority/ca-look.js';

/** What was looked at. */
export interface Examination {
  readonly name: string;
  /** Undefined: neither well nor ill, worth knowing. */
  readonly ok: boolean | undefined;
  readonly text: string;
  /** What to do about it. */
  readonly cure?: string;
}

/** @returns 0 all is well, 1 something is not */
export async function runDoctor(io: CommandIo): Promise<number> {
  const rows = [
    examineNode(),
    ...(await Promise.all([443, 80].map(examinePort))),
    ...(await Promise.all(['localhost', 'app.localhost'].map(examineName))),
    ...examineProxies(io.environment),
    examineClock(),
    ...examineWsl(),
    ...(await examineAuthority(io)),
  ];
  const coloured = usesColour(io.stdout, io.environment);
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, ok, text, cure } of rows) {
    const judged = ok ? paint('✓', 'green', coloured) : paint('✗', 'red', coloured);
    io.stdout.write(`${ok === undefined ? '-' : judged} ${name.padEnd(width)}  ${text}\n`);
    if (cure !== undefined)
      io.stdout.write(`  ${' '.repeat(width)}  ${paint('→', 'cyan', coloured)} ${cure}\n`);
  }
  return rows.every(({ ok }) => ok !== false) ? EXIT_SUCCESS : EXIT_FAILURE;
}

function examineNode(): Examination {
  const { node, openssl = '' } = process.versions;
  const text = `${node} with OpenSSL ${openssl} on ${process.platform} ${process.arch}`;
  const isOld = Number(node.split('.')[0]) < 22;
  return isOld
    ? { name: 'Node', ok: true, text: `${text}; 22 and later start faster, 24 has post-quantum key exchange` }
    : { name: 'Node', ok: true, text };
}

/** Whether the port could be had on loopback. */
async function examinePort(port: number): Promise<Examination> {
  const name = `port ${port}`;
  const code = await new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(systemCode(error) ?? error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(null)));
  });
  if (code === null) return { name, ok: true, text: 'free' };
  if (code === 'EADDRINUSE') {
    const owner = findPortOwner(port) ?? 'another process';
    return {
      name,
      ok: owner.includes('tlsfront') ? undefined : false,
      text: `${owner} has it`,
      cure:
        port === 443 ? 'end it, or listen elsewhere: --listen 8443' : 'only redirects from http:// are lost',
    };
  }
  if (code === 'EACCES') {
    return {
      name,
      ok: undefined,
      text: 'not permitted to this user',
      cure: `tlsfront setup, or sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}${port === 443 ? '; without it 8443 is taken' : ''}`,
    };
  }
  return { name, ok: false, text: code };
}

async function examineName(name: string): Promise<Examination> {
  const found = await lookup(name, { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  if (addresses.some((address) => address === '::1' || address.startsWith('127.'))) {
    return { name, ok: true, text: `leads to ${addresses.join(', ')}` };
  }
  if (name !== 'localhost') {
    return {
      name,
      ok: undefined,
      text: 'unknown to this system; browsers lead it to this machine themselves',
    };
  }
  const text = addresses.length === 0 ? 'leads nowhere' : `leads to ${addresses.join(', ')}`;
  return { name, ok: false, text, cure: 'add to the hosts file: 127.0.0.1 localhost' };
}

/** Programs that obey these send requests for localhost to a proxy, which cannot reach it. */
export function examineProxies(environment: Readonly<NodeJS.ProcessEnv>): readonly Examination[] {
  const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];
  const name = names.find((each) => (environment[each] ?? '') !== '');
  if (name === undefined) return [];
  const exempt = environment.NO_PROXY ?? environment.no_proxy ?? '';
  if (exempt.split(',').some((each) => ['localhost', '*'].includes(each.trim()))) {
    return [{ name, ok: true, text: 'set; localhost is exempt' }];
  }
  const text = 'set, and localhost is not exempt: curl and others would ask the proxy for it';
  const all = ['localhost,127.0.0.1,::1,.localhost,.test', ...(exempt === '' ? [] : [exempt])].join(',');
  return [{ name, ok: false, text, cure: `export NO_PROXY=${all}` }];
}

/** Certificates made by a clock that is behind are not valid yet for everybody else. */
function examineClock(): Examination {
  const installed = statSync(programFile('command')).mtimeMs;
  const now = new Date();
  return now.getTime() < installed
    ? {
        name: 'clock',
        ok: false,
        text: `${now.toISOString()} is before this program was installed`,
        cure: 'set it: timedatectl set-ntp true',
      }
    : { name: 'clock', ok: true, text: now.toISOString() };
}

function examineWsl(): readonly Examination[] {
  if (process.platform !== 'linux' || !/microsoft/i.test(readKernel())) return [];
  return [
    {
      name: 'WSL',
      ok: undefined,
      text: 'browsers of Windows do not look into the trust stores of this system',
      cure: 'tlsfront ca show --pem > ca.crt && certutil.exe -user -addstore Root "$(wslpath -w ca.crt)"',
    },
  ];
}

function readKernel(): string {
  try {
    return readFileSync('/proc/version', 'utf8');
  } catch {
    return '';
  }
}

async function examineAuthority(io: CommandIo): Promise<readonly Examination[]> {
  const rows = await examineTrust(io);
  if (typeof rows === 'string') {
    return [
      {
        name: 'authority',
        ok: undefined,
        text: rows,
        cure: 'tlsfront ca install makes one and has it trusted',
      },
    ];
  }
  return rows;
}
