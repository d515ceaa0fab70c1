/** Brings an authority into trust stores or out of them, by commands that the user sees and consents to. */
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { shellWord } from '../../certificates/findings.js';
import type { AuthorityRef, Holding, Step, TrustStore } from '../../certificates/trust/trust-store.js';
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

/** One store that is not as it is wanted. */
export interface TrustChange {
  readonly store: TrustStore;
  readonly change: 'install' | 'uninstall';
  readonly authority: AuthorityRef;
  readonly steps: readonly Step[];
}

/** What a store shall have after a change. */
const WANTED: Readonly<Record<TrustChange['change'], Holding>> = { install: 'all', uninstall: 'none' };

/** What is to be done, and the words for it. */
export interface TrustPlan {
  readonly changes: readonly TrustChange[];
  readonly text: string;
}

/**
 * Looks at each store, and changes none.
 * @param isNew no store can have this authority yet, and its file may not be there
 */
export async function planChanges(
  stores: readonly TrustStore[],
  authority: AuthorityRef,
  change: TrustChange['change'],
  { userOnly = false }: CaChangeOptions,
  isNew = false,
): Promise<TrustPlan> {
  const changes: TrustChange[] = [];
  let text = '';
  for (const store of stores) {
    if (!isNew && (await store.holding(authority)) === WANTED[change]) {
      text += `${store.name}: nothing to do\n`;
      continue;
    }
    const steps = change === 'install' ? store.installSteps(authority) : store.uninstallSteps(authority);
    if (userOnly && (steps.some(({ asRoot }) => asRoot) || comesWithSystem({ store, steps }))) continue;
    changes.push({ store, change, authority, steps });
    text += comesWithSystem({ store, steps })
      ? `${store.name}: comes with the system's\n`
      : `${store.name}:\n${linesOf(steps)
          .map((line) => `  ${line}\n`)
          .join('')}`;
  }
  return { changes, text };
}

/** Whether a person is there who has to be asked before root's rights are used. */
export function mayAsk({ yes = false }: CaChangeOptions): boolean {
  return !yes && !isRoot() && process.stdin.isTTY;
}

/** Asks where one of them needs root's rights. @throws FrontError config_usage when the user says no */
export async function askForRoot(changes: readonly TrustChange[]): Promise<void> {
  if (!changes.some(needsRoot)) return;
  const [first] = changes;
  await confirm(
    'run this as root?',
    'nothing was run',
    `tlsfront ca ${first?.change} --user-only does what needs no root`,
  );
}

/**
 * Runs the commands of each store, and looks whether they helped; what needs root and may not have it is left.
 * @returns 0 all stores are as wanted, 1 some are not
 * @throws FrontError config_usage when root's rights are needed and not given; internal when a command fails
 */
export async function makeChanges(
  changes: readonly TrustChange[],
  mayBeRoot: boolean,
  io: CommandIo,
): Promise<number> {
  let code = 0;
  const left: string[] = [];
  for (const each of changes) {
    if (needsRoot(each) && !mayBeRoot) {
      left.push(...linesOf(each.steps));
      continue;
    }
    for (const step of (await isDoneBySystem(each)) ? [] : each.steps) {
      if (step.isSlow) tellOfWait(step, io);
      await runStep(step, isRoot(), io);
    }
    if ((await each.store.holding(each.authority)) !== WANTED[each.change]) {
      printWarning(io, `${each.store.name} is as it was before`);
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

function tellOfWait({ argv: [program] }: Step, { stdout }: CommandIo): void {
  if (stdout.isTTY) stdout.write(`${basename(program)} takes a few seconds …\n`);
}

/** Fedora's program makes the whole keystore anew: what was to be taken out of it is gone by now. */
async function isDoneBySystem({ store, authority, change }: TrustChange): Promise<boolean> {
  return store.isFilledBySystem === true && (await store.holding(authority)) === WANTED[change];
}

/** Nothing is to be done for it beside what is done for the system's store. */
function comesWithSystem({ store, steps }: Pick<TrustChange, 'store' | 'steps'>): boolean {
  return store.isFilledBySystem === true && steps.length === 0;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function needsRoot(change: TrustChange): boolean {
  return !isRoot() && (comesWithSystem(change) || change.steps.some(({ asRoot }) => asRoot));
}

function linesOf(steps: readonly Step[]): readonly string[] {
  return steps.map((step) => commandLine(step, isRoot()));
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
