/** What a start says: who it is, what it waits for, and where it serves. */
import type { Config } from '../shared/config/config.js';
import type { BoundListener, Identity, TlsMaterial } from '../shared/messages/router-messages.js';
import { openUrl } from '../system/open-url.js';
import { networkLines, readyLine, readyUrls } from './boot-lines.js';
import type { Generation } from './generation.js';
import type { Life } from './life.js';
import type { MasterLog } from './log.js';
import { findSilent } from './workers/answering.js';

/** After this long a start says that it waits for the app. */
const APP_PATIENCE_MS = 1500;

/** @param identity who the other processes become; null: who the master is */
export function greet(version: string, identity: Identity | null, log: MasterLog): void {
  log.detail(
    `*** Starting tlsfront ${version} (Node ${process.versions.node}) on [${new Date().toString()}] ***`,
  );
  if (process.getuid?.() === 0 && identity === null) {
    log.warning('serving as root: --uid NAME gives the privileges up once the ports are bound');
  }
}

/** Waits for the apps of a start, and says so when that takes longer than a moment. @throws StateLeft when the end has begun */
export async function waitForApps(
  apps: Promise<unknown>,
  config: Config,
  life: Life,
  log: MasterLog,
): Promise<void> {
  const seconds = longestStartMs(config) / 1000;
  const timer = setTimeout(() => {
    log.line(
      `waiting for the app to accept connections, ${seconds} seconds at most; requests are held meanwhile`,
    );
  }, APP_PATIENCE_MS);
  try {
    await life.during('starting', apps);
  } finally {
    clearTimeout(timer);
  }
}

/** How long an app of ours may take to accept connections. */
function longestStartMs({ apps }: Config): number {
  return Math.max(...apps.map(({ worker }) => worker?.readyTimeoutMs ?? 0));
}

/** What serves now. */
export interface Served {
  readonly config: Config;
  readonly bound: readonly BoundListener[];
  readonly tls: readonly (TlsMaterial | null)[];
  readonly generation: Generation;
}

/** The line everybody looks for; on a terminal with what a person wants to know besides. @throws StateLeft when the end has begun */
export async function tellReady(
  { config, bound, tls, generation }: Served,
  life: Life,
  { log, environment }: { readonly log: MasterLog; readonly environment: Readonly<NodeJS.ProcessEnv> },
): Promise<void> {
  const urls = readyUrls(bound, config, tls);
  log.ready(readyLine(urls, generation.routedUpstreams));
  const [first] = urls;
  if (config.open && first !== undefined) {
    openUrl(first, { platform: process.platform, environment }, (reason) =>
      log.warning(`${first} cannot be shown: ${reason}; set BROWSER to the program that shows it`),
    );
  }
  if (!log.isBrief) return;
  for (const line of networkLines(bound, urls)) log.line(line);
  const elsewhere = generation.upstreams.filter(({ app }) => config.apps[app]?.worker === null);
  const silent = await life.during('starting', findSilent(elsewhere));
  if (silent.length === 0) return;
  const holdMs = Math.max(...config.apps.map((app) => app.holdMs));
  log.warning(`nothing answers at ${silent.join(', ')} yet; requests wait up to ${holdMs / 1000} s for it`);
}
