/** The router process: takes its start message, binds, drops privileges, says ready, drains when told. */
import { FrontError } from '../src/shared/errors.js';
import type { MasterToRouter } from '../src/shared/messages/router-messages.js';
import { programLasts } from '../src/system/compiled-code.js';
import { leaveProcess } from '../src/system/descriptor-writer.js';
import { ownRelease } from '../src/system/release.js';
import { openMasterChannel, type Report } from './router/master-channel.js';
import type { Router } from './router/router.js';
import { startRouter } from './router/start.js';

let router: Router | null = null;
/** Resolves when the master has put this process into its folder (`--chroot`). */
let settleEnclosed: () => void = () => {};
const enclosed = new Promise<void>((resolve) => {
  settleEnclosed = resolve;
});
/** What the master said while the router was starting; null: it has not been told to start. */
let pending: MasterToRouter[] | null = null;

const link = openMasterChannel({
  onMessage: (message) => {
    if (router !== null) router.obey(message);
    else if (message.type === 'drain') process.exit(0);
    else if (message.type === 'enclosed') settleEnclosed();
    else if (message.type === 'start') {
      pending = [];
      void startRouter(message, report, enclosed).then(begin, fail);
    } else pending?.push(message);
  },
  onGone: () => leaveProcess(0, router === null ? [] : [router.log]),
});
const report: Report = (message) => link?.report(message);

function begin(started: Router): void {
  router = started;
  programLasts();
  for (const message of pending ?? []) started.obey(message);
}

function fail(error: unknown): void {
  const known = error instanceof FrontError ? error : null;
  report({
    type: 'failed',
    code: known?.code ?? 'internal',
    message: oneLine(error instanceof Error ? error.message : String(error)),
    hint: known?.hint ?? null,
  });
  link?.end(() => process.exit(1));
}

/** What the master takes: text without control characters, and not too long. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 1000);
}

if (link === null) {
  process.stderr.write('error: proxy/main.js is started by the tlsfront master\nhint: run tlsfront\n');
  process.exitCode = 2;
} else {
  // A terminal sends these to the whole group; the master decides what they mean. With SIGUSR1 Node would open its
  // inspector, and with it this process, to every user of the machine.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => {});
  process.on('SIGTERM', () => (router === null ? process.exit(0) : router.drain(true)));
  report({ type: 'loaded', release: ownRelease() });
}
