/** Prints a table: two good clients beside each attack, before tlsfront, nginx and HAProxy with 256 places at the app each. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TestCertificateFiles, writeTestCertificates } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { residentMib } from '../support/held-memory.js';
import { freePort } from '../support/ports.js';
import { type FrontAddress, openSocket } from '../support/raw-client.js';
import { findTool, MISSING } from '../support/tools.js';
import {
  type Attack,
  idleStreams,
  rapidReset,
  slowBodies,
  slowHeads,
  slowStreams,
  unreadAnswers,
  unreadStreams,
} from './attacks.js';
import { Scene } from './scene.js';

/** Requests of each good client, one after the other, and how long it has for all of them. */
const REQUESTS = 100;
const PATIENCE_MS = 20_000;
const PLACES = 256;
const FOUR = ['127.0.0.4', '127.0.0.5', '127.0.0.6', '127.0.0.7'];

const ATTACKS: Readonly<Record<string, Attack>> = {
  alone: () => Promise.resolve(),
  '300 POSTs of a byte, HTTP/1.1': slowBodies(300, 'length'),
  '300 of them, chunked': slowBodies(300, 'chunked'),
  '300 of them over 3 HTTP/2 connections': slowStreams(3),
  '320 answers that nobody reads, HTTP/1.1': unreadAnswers(40),
  '300 of them over 3 HTTP/2 connections, no window': unreadStreams(3),
  '300 heads that do not end': slowHeads(300),
  '300 streams whose body does not begin': idleStreams(3),
  'rapid reset, 8000 requests, 4 attackers, one address': rapidReset(4, ['127.0.0.4'], 8000),
  'rapid reset, 8000 requests, 4 attackers and addresses': rapidReset(4, FOUR, 8000),
};

/** A front under attack. */
interface Rival {
  readonly name: string;
  readonly target: FrontAddress;
  /** Of the process that serves. */
  memoryMib(): number;
  stop(): Promise<unknown>;
}

function nginxConfiguration(
  folder: string,
  port: number,
  upstream: number,
  files: TestCertificateFiles,
): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (n) => `${n}_temp_path ${join(folder, n)};`,
  );
  return `${user} daemon off; worker_processes 1; pid ${join(folder, 'pid')}; error_log ${join(folder, 'log')} error;
    events { worker_connections 4096; }
    http { access_log off; ${paths.join(' ')}
      upstream app { server 127.0.0.1:${upstream} max_conns=${PLACES}; keepalive 64; }
      server { listen 127.0.0.1:${port} ssl http2; ssl_certificate ${files.chainFile}; ssl_certificate_key ${files.keyFile};
        location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`;
}

function haproxyConfiguration(
  folder: string,
  port: number,
  upstream: number,
  files: TestCertificateFiles,
): string {
  const bundle = join(folder, 'bundle.pem');
  writeFileSync(bundle, readFileSync(files.chainFile, 'utf8') + readFileSync(files.keyFile, 'utf8'), {
    mode: 0o600,
  });
  return `global
  maxconn 4096
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout http-request 30s
frontend edge
  bind 127.0.0.1:${port} ssl crt ${bundle} alpn h2,http/1.1
  option http-buffer-request
  default_backend app
backend app
  server app 127.0.0.1:${upstream} maxconn ${PLACES}
`;
}

/** Starts a peer with a setting as near to ours as it has. */
async function startPeer(name: 'nginx' | 'haproxy', upstream: number): Promise<Rival | null> {
  const program = findTool(name);
  if (program === MISSING) return null;
  const folder = mkdtempSync(join(tmpdir(), 'tlsfront-hostile-'));
  const files = await writeTestCertificates(folder);
  const port = await freePort();
  const file = join(folder, 'configuration');
  const write = name === 'nginx' ? nginxConfiguration : haproxyConfiguration;
  writeFileSync(file, write(folder, port, upstream, files));
  const args = name === 'nginx' ? ['-p', folder, '-c', file] : ['-db', '-f', file];
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  const target = { port, ca: readFileSync(files.rootFile, 'utf8') };
  await until(
    () =>
      openSocket(target, 'http/1.1')
        .then((socket) => !socket.destroy().connecting)
        .catch(() => false),
    20_000,
    `${name} serving`,
  );
  const pid = child.pid ?? 0;
  const serving = (): number =>
    Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0] ?? '') || pid;
  return {
    name,
    target,
    memoryMib: () => residentMib(serving()),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Answers {
  readonly times: readonly number[];
  readonly lost: number;
}

/** A good client: one connection, one request after the other. */
async function askMany(target: FrontAddress, localAddress: string): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const endsAtMs = performance.now() + PATIENCE_MS;
  const times: number[] = [];
  let lost = 0;
  const own = {
    host: '127.0.0.1',
    port: target.port,
    ca: target.ca,
    servername: 'localhost',
    localAddress,
    agent,
    path: '/good',
  };
  for (let count = 0; count < REQUESTS; count += 1) {
    const startedMs = performance.now();
    const leftMs = endsAtMs - startedMs;
    const isServed = leftMs > 0 && (await askOnce(own, leftMs));
    if (isServed) times.push(performance.now() - startedMs);
    else lost += 1;
  }
  agent.destroy();
  return { times, lost };
}

function askOnce(options: RequestOptions, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    });
    asked.setTimeout(timeoutMs, () => asked.destroy());
    asked.once('error', () => resolve(false));
    asked.once('close', () => resolve(false));
  });
}

function percentile(values: readonly number[], part: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return value === undefined ? '-' : value.toFixed(0);
}

function attackedRequests(counts: ReadonlyMap<string, number>): number {
  return ['/slow', '/big', '/never'].reduce((sum, path) => sum + (counts.get(path) ?? 0), 0);
}

/** One line of the table. */
async function measure(scene: Scene, rival: Rival, name: string, attack: Attack): Promise<string> {
  scene.begun.clear();
  const opened: Socket[] = [];
  const running = attack(rival.target, opened).catch(() => undefined);
  // Rapid reset goes on beside the good clients; what only holds has begun before them.
  if (!name.startsWith('rapid')) await running;
  const [, second] = await Promise.all(['127.0.0.2', '127.0.0.3'].map((from) => askMany(rival.target, from)));
  const memory = rival.memoryMib();
  const begun = attackedRequests(scene.begun);
  const open = attackedRequests(scene.open);
  await running;
  for (const socket of opened) socket.destroy();
  const idle = (): boolean => attackedRequests(scene.open) <= 0;
  await until(idle, 5_000, 'the app at rest').catch(() => undefined);
  const { times, lost } = second ?? { times: [], lost: REQUESTS };
  return `| ${name} | ${rival.name} | ${times.length} of ${times.length + lost} | ${percentile(times, 0.5)} | ${percentile(times, 0.99)} | ${begun} | ${open} | ${memory.toFixed(0)} |`;
}

test('the table', async (t) => {
  const scene = await Scene.start('--max-upstream-connections', String(PLACES));
  t.after(() => scene.stop());
  const ours: Rival = {
    name: 'tlsfront',
    target: scene.address,
    memoryMib: () => residentMib(scene.front.pid('http')),
    stop: () => Promise.resolve(),
  };
  const rivals = [ours, await startPeer('nginx', scene.appPort), await startPeer('haproxy', scene.appPort)];
  const lines: string[] = [];
  const print = (line: string): void => {
    lines.push(line);
    // At once: what was measured is worth something also when the rest is given up.
    process.stdout.write(`${line}\n`);
  };
  print(
    '| attack | front | second client answered | p50 ms | p99 ms | attacking requests at the app | still open there | MiB |',
  );
  print('|---|---|---|---|---|---|---|---|');
  for (const [name, attack] of Object.entries(ATTACKS)) {
    for (const rival of rivals) if (rival !== null) print(await measure(scene, rival, name, attack));
  }
  for (const rival of rivals) await rival?.stop();
  const bodies = lines.filter((line) => /\| tlsfront \|/.test(line) && /POSTs|them, chunked/.test(line));
  for (const line of bodies) assert.match(line, /\| 0 \| 0 \| \d+ \|$/);
});
