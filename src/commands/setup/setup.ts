/** `tlsfront setup` and `setup --undo`: what needs root once on a developer's machine (ports, trust, names), shown before it is done. */
import { requireNames } from '../../certificates/host-names.js';
import type { Step } from '../../certificates/trust/trust-store.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { runCaInstall, runCaUninstall } from '../authority/ca.js';
import { namesOfOurs } from '../authority/hosts.js';
import { commandLine, runStep } from '../authority/trust-change.js';
import { attempt, confirm, requirePerson } from '../confirm.js';
import { type PortsPlan, planPorts, planPortsUndo, readOrNone } from './ports.js';

/** Options of `setup`. */
export interface SetupOptions {
  /** Names of this machine for its hosts file. */
  readonly names: readonly string[];
  /** Take back what setup has done. */
  readonly undo?: true;
  /** Ask nothing. */
  readonly yes?: true;
  /** Say what would be run, and run nothing. */
  readonly dryRun?: true;
}

/**
 * Shows every command, asks once, runs them; what fails keeps nothing else from being done.
 * @returns 0 all is done, 1 something is not
 * @throws FrontError config_usage where there is nobody to ask, or the answer is no
 */
export async function runSetup(options: SetupOptions, io: CommandIo): Promise<number> {
  const { names, undo, yes, dryRun } = options;
  if (undo === true && names.length > 0) {
    throw new FrontError('config_usage', 'setup --undo takes no names: it removes all of ours', {
      hint: 'remove some only: tlsfront hosts remove NAME',
    });
  }
  const isRoot = process.getuid?.() === 0;
  const change = undo === true ? runCaUninstall : runCaInstall;
  const machine = { platform: process.platform, root: '', read: readOrNone };
  const plans = [
    undo === true ? planPortsUndo(machine) : planPorts(machine),
    undo === true ? await planNamesUndo(io) : planNames(requireNames(names)),
  ];
  for (const { text, steps } of plans) {
    io.stdout.write(`${text}\n${steps.map((step) => `  ${commandLine(step, isRoot)}\n`).join('')}`);
  }
  const shown = await attempt(io, () => change({ dryRun: true }, io));
  if (dryRun === true) return shown;
  if (yes !== true) {
    requirePerson('give --yes, or look first: tlsfront setup --dry-run');
    await confirm('run this?', 'nothing was run');
  }
  let code: number = EXIT_SUCCESS;
  for (const step of plans.flatMap(({ steps }) => steps)) {
    const done = await attempt(io, async () => {
      await runStep(step, isRoot, io);
      return EXIT_SUCCESS;
    });
    code = Math.max(code, done);
  }
  code = Math.max(code, await attempt(io, () => change({ yes: true }, io)));
  if (code === EXIT_SUCCESS && undo !== true) {
    io.stdout.write('done; tlsfront setup --undo takes it all back\n');
  }
  return code;
}

function planNames(names: readonly string[]): PortsPlan {
  if (names.length === 0) return { text: 'names: none; those beneath .localhost need no entry', steps: [] };
  return { text: `names: ${names.join(', ')} in the hosts file`, steps: [hostsStep('add', names)] };
}

async function planNamesUndo(io: CommandIo): Promise<PortsPlan> {
  const names = await namesOfOurs(io);
  if (names.length === 0) return { text: 'names: none of ours', steps: [] };
  return { text: `names: ${names.join(', ')} out of the hosts file`, steps: [hostsStep('remove', [])] };
}

/** By this very program, wherever root's PATH leads. */
function hostsStep(verb: 'add' | 'remove', names: readonly string[]): Step {
  const [, script = 'tlsfront'] = process.argv;
  return { argv: [process.execPath, script, 'hosts', verb, ...names], asRoot: process.platform !== 'win32' };
}
