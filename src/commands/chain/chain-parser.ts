/** The arguments of `tlsfront chain check|show|fix|merge`, which share no option with the front. */
import type { Command } from 'commander';
import type { CommandIo } from '../../terminal/console.js';
import { collect } from '../collect.js';
import type { ChainFiles } from './chain-input.js';

interface ChainOptions {
  readonly key?: string;
  readonly keyPassphraseFile?: string;
  readonly caBundle?: readonly string[];
  readonly fetch?: true;
  readonly connect?: string;
  readonly host?: readonly string[];
  readonly json?: true;
  readonly output?: string;
  readonly keyOutput?: string;
  readonly force?: true;
}

type Action = (files: string[], options: ChainOptions) => Promise<number>;

/** What all of them read. */
function inputOf(files: readonly string[], options: ChainOptions): ChainFiles {
  const { key, keyPassphraseFile, caBundle = [], fetch = false, connect } = options;
  return { files, keyFile: key, passphraseFile: keyPassphraseFile, caBundleFiles: caBundle, fetch, connect };
}

function addInput(parser: Command): Command {
  return parser
    .argument('[files...]', 'certificate files and folders, in any order and form')
    .option('--key <file>', 'private key that must belong to the certificate')
    .option('--key-passphrase-file <file>', 'file whose first line opens an encrypted key or bundle')
    .option('--ca-bundle <file>', 'file or folder with intermediate certificates (repeatable)', collect)
    .option('--fetch', 'download missing intermediates from where the certificates say they are');
}

function addExamination(parser: Command): Command {
  return addInput(parser)
    .option('--connect <host:port>', 'examine what a running server sends')
    .option('--host <name>', 'name that the certificate must cover (repeatable)', collect)
    .option('--json', 'print one JSON object');
}

/** Binds the four; `done` gets the exit code of the one that runs. */
export function addChain(root: Command, io: CommandIo, done: (exitCode: number) => void): void {
  const chain = root.command('chain').helpCommand(false);
  chain.description('find and repair faults of a certificate file');
  const bind = (parser: Command, description: string, action: Action): void => {
    parser
      .description(description)
      .action(async (files: string[], options: ChainOptions) => done(await action(files, options)));
  };
  bind(
    addExamination(chain.command('check')),
    'say whether every client would accept the file as it stands; exit code 0 yes, 1 no',
    async (files, options) => {
      const { runChainCheck } = await import('./chain.js');
      const { host = [], json = false } = options;
      return runChainCheck({ ...inputOf(files, options), hosts: host, json }, io);
    },
  );
  bind(
    addExamination(chain.command('show')),
    'draw the chain as a tree, with a mark at each certificate',
    async (files, options) => {
      const { runChainShow } = await import('./chain-show.js');
      const { host = [], json = false } = options;
      return runChainShow({ ...inputOf(files, options), hosts: host, json }, io);
    },
  );
  bind(
    addInput(chain.command('fix'))
      .option('-o, --output <file>', 'certificate file to write; an old one is kept beside it')
      .option('--key-output <file>', 'write the private key too, not encrypted, readable by its owner only')
      .option('--host <name>', 'name to try in the handshake that proves the result (repeatable)', collect)
      .option('--force', 'write what clients would reject'),
    'write the file that a server should have, and prove it by a TLS handshake first',
    async (files, options) => {
      const { runChainFix } = await import('./chain-fix.js');
      const { output, keyOutput, host = [], force = false } = options;
      return runChainFix({ ...inputOf(files, options), hosts: host, output, keyOutput, force }, io);
    },
  );
  bind(
    addInput(chain.command('merge'))
      .option('-o, --output <file>', 'file to write; standard output when left out')
      .option('--force', 'overwrite an input, and write what clients would reject'),
    'write the certificates of all files in the order that clients want',
    async (files, options) => {
      const { runChainMerge } = await import('./chain.js');
      const { output, force = false } = options;
      return runChainMerge({ ...inputOf(files, options), output, force }, io);
    },
  );
}
