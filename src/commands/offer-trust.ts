/** Asks once, at the first start on a terminal, whether the development certificate shall be trusted, and has it trusted. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { ensureDevelopmentLeaf } from '../certificates/development/leaf.js';
import { noteAsked, noteTrusted, wasAsked, wasTrusted } from '../certificates/development/trusted-mark.js';
import type { LocalStore } from '../certificates/store/store.js';
import type { Config } from '../shared/config/config.js';
import { isForDevelopment } from '../shared/config/development-listener.js';
import { type CommandIo, printError } from '../terminal/console.js';
import { runCaInstall } from './authority/ca.js';
import { compareStores } from './authority/ca-look.js';

/** Whether there is a person who could answer. */
export interface Audience {
  /** Standard input and standard error are a terminal. */
  readonly isTerminal: boolean;
  /** The certificate is that of the user behind sudo, whose stores we do not reach. */
  readonly isBehindSudo: boolean;
}

/**
 * Nothing where nobody could answer, the stores have it, or somebody has answered before.
 * @throws FrontError config_invalid where the development certificate cannot be made, as the start itself would
 */
export async function offerTrust(
  config: Config,
  store: LocalStore,
  { isTerminal, isBehindSudo }: Audience,
  io: CommandIo,
): Promise<void> {
  const isServed = config.listeners.some((one) => one.kind === 'https' && isForDevelopment(one));
  const isAlone = config.quiet || (io.environment.CI ?? '') !== '' || isBehindSudo || !isTerminal;
  if (!isServed || isAlone) return;
  // With the names of this front, which an authority must permit that is made now.
  const { authorityFile } = await ensureDevelopmentLeaf(store, config.hosts, new Date());
  const pem = await readFile(authorityFile, 'utf8');
  if ((await wasTrusted(store, pem)) || (await wasAsked(store, pem))) return;
  const { having, lacking } = await compareStores(io);
  if (lacking.length === 0) {
    if (having.length > 0) await noteTrusted(store, pem);
    return;
  }
  await noteAsked(store, pem);
  const told: CommandIo = { ...io, stdout: io.stderr };
  io.stderr.write('browsers do not trust the development certificate yet. This has them trust it:\n');
  await runCaInstall({ dryRun: true }, told);
  if (!(await ask(io))) {
    io.stderr.write('to trust it later: tlsfront ca install\n');
    return;
  }
  try {
    await runCaInstall({ yes: true }, told);
  } catch (error) {
    // It serves nevertheless.
    printError(io, error);
  }
}

/** Enter alone is yes, the end of input no; an interrupt ends the start. */
async function ask(io: CommandIo): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('no')));
  terminal.once('SIGINT', () => {
    terminal.close();
    io.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  const answer = await Promise.race([terminal.question('Trust it now? [Y/n] '), closed]);
  terminal.close();
  return /^(?:y(?:es)?)?$/i.test(answer.trim());
}
