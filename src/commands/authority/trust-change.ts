/** Brings an authority into trust stores or out of them, by commands that the user sees and consents to. */
import { spawn } from 'node:child_process';
import { shellWord } from '../../certificates/findings.js';
import type { AuthorityRef, Step, TrustStore } from '../../certificates/trust/trust-store.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, printWarning } from '../../terminal/console.js';
import { confirm } from '../confirm.js';

/** Options of `install` and `uninstall`. */
export interface CaChangeOptions {
  /** Do not ask before root's rights are used. */
  readonly yes?: boolean;
  /** Say what would be run, and run nothing. */
  readonly dryRun?: boolean;
  /** Leave out the stores that need root's rights. */
  readonly userOnly?: boolean;
}

/**
 * Shows the commands that each store needs, asks before those of root, runs them, and looks whether they helped.
 * @returns 0 all stores are as wanted, 1 some are not
 * @throws FrontError config_usage when root's rights are needed and not given; internal when a command fails
 */
export async function changeStores(
  stores: readonly TrustStore[],
  authority: AuthorityRef,
  change: 'install' | 'uninstall',
  { yes = false, dryRun = false, userOnly = false }: CaChangeOptions,
  io: CommandIo,
): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const wanted = change === 'install';
  let code = 0;
  /** Commands that only root may run, with nobody there to ask. */
  const left: string[] = [];
  for (const store of stores) {
    if ((await store.isTrusted(authority)) === wanted) {
      io.stdout.write(`${store.name}: nothing to do\n`);
      continue;
    }
    const steps = wanted ? store.installSteps(authority) : store.uninstallSteps(authority);
    const ofRoot = steps.some(({ asRoot }) => asRoot);
    if (ofRoot && userOnly) continue;
    const needsRoot = ofRoot && !isRoot;
    const lines = steps.map((step) => commandLine(step, isRoot));
    io.stdout.write(`${store.name}:\n${lines.map((line) => `  ${line}\n`).join('')}`);
    if (dryRun) continue;
    if (needsRoot && !yes && !process.stdin.isTTY) {
      left.push(...lines);
      continue;
    }
    if (needsRoot && !yes) await confirm('run this as root?', 'nothing was run as root');
    for (const step of steps) await runStep(step, isRoot, io);
    if ((await store.isTrusted(authority)) !== wanted) {
      printWarning(io, `${store.name} is as it was before`);
      code = 1;
    }
  }
  if (left.length > 0) {
    throw new FrontError('config_usage', 'the rest needs root, and there is nobody to ask', {
      hint: `run it in a terminal, give --yes, leave it out with --user-only, or run: ${left.join(' && ')}`,
    });
  }
  return code;
}

/** A step as it is typed. */
export function commandLine({ argv, asRoot }: Step, isRoot: boolean): string {
  return [...(asRoot && !isRoot ? ['sudo'] : []), ...argv].map(shellWord).join(' ');
}

/** Rejects with a FrontError where it fails. */
export function runStep({ argv, asRoot }: Step, isRoot: boolean, io: CommandIo): Promise<void> {
  const [program, ...rest] = asRoot && !isRoot ? ['sudo', ...argv] : argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program ?? '', rest, { env: io.environment, stdio: ['inherit', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.once('error', (cause) => {
      reject(new FrontError('internal', `${program} cannot be run: ${cause.message}`, { cause }));
    });
    child.once('close', (status) => {
      if (status === 0) return resolve();
      const [reason = ''] = complaint.trim().split('\n').slice(-1);
      reject(
        new FrontError('internal', `${program} ended with ${status}: ${reason}`, {
          hint: 'run it by hand to see more',
        }),
      );
    });
  });
}
