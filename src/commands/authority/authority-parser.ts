/** The arguments of `tlsfront ca`, `tlsfront cert` and `tlsfront hosts`. */
import type { Command } from 'commander';
import type { CommandIo } from '../../terminal/console.js';
import type { CaInstallOptions } from './ca.js';
import type { CertOptions } from './cert.js';

type Done = (exitCode: number) => void;

/** Binds them; `done` gets the exit code of the one that runs. */
export function addAuthority(root: Command, io: CommandIo, done: Done): void {
  addCa(root, io, done);
  root
    .command('cert')
    .description('write a certificate of the development authority')
    .argument('[names...]', 'host names, wildcards, IP addresses, e-mail addresses')
    .option('--client', 'for TLS clients too')
    .option('--rsa', 'an RSA key instead of ECDSA')
    .option('--p12', 'one PKCS#12 bundle; its passphrase is changeit')
    .option('--cert-file <file>', 'where to write the certificate or bundle')
    .option('--key-file <file>', 'where to write the key')
    .option('--days <n>', 'how long it is valid; 397 when left out')
    .option('--force', 'replace files that are there')
    .action(async (names: string[], options: Omit<CertOptions, 'names'>) => {
      const { runCert } = await import('./cert.js');
      done(await runCert({ ...options, names }, io));
    });
  addHosts(root, io, done);
}

function addCa(root: Command, io: CommandIo, done: Done): void {
  const ca = root.command('ca').helpCommand(false);
  ca.description('make browsers and tools trust the development authority');
  for (const change of ['install', 'uninstall'] as const) {
    const command = ca
      .command(change)
      .description(
        change === 'install' ? 'put it into every trust store' : 'take it out of every trust store',
      )
      .option('--yes', "do not ask before root's rights are used")
      .option('--dry-run', 'say what would be run, and run nothing')
      .option('--user-only', "leave out what needs root's rights")
      .action(async (options: CaInstallOptions) => {
        const { runCaInstall, runCaUninstall } = await import('./ca.js');
        done(await (change === 'install' ? runCaInstall : runCaUninstall)(options, io));
      });
    if (change === 'uninstall') continue;
    command
      .option('--permit <name...>', 'names that it shall vouch for too; a new authority, if need be')
      .option('--permit-all', 'let it vouch for every name');
  }
  ca.command('status')
    .description('say which stores have it, and try the clients of this machine')
    .action(async () => done(await (await import('./ca-look.js')).runCaStatus({}, io)));
  ca.command('show')
    .description('show its name, file, end and fingerprint')
    .option('--pem', 'print the certificate itself, for other machines')
    .action(async (options: { pem?: true }) =>
      done(await (await import('./ca-look.js')).runCaShow(options, io)),
    );
}

function addHosts(root: Command, io: CommandIo, done: Done): void {
  const hosts = root.command('hosts').helpCommand(false);
  hosts.description('names of this machine in its hosts file');
  const file = ['--file <file>', 'another hosts file'] as const;
  hosts
    .command('add')
    .argument('[names...]', 'plain host names')
    .option(...file)
    .action(async (names: string[], options: { file?: string }) => {
      done(await (await import('./hosts.js')).runHostsAdd({ names, file: options.file }, io));
    });
  hosts
    .command('remove')
    .argument('[names...]', 'host names; all of ours when left out')
    .option(...file)
    .action(async (names: string[], options: { file?: string }) => {
      done(await (await import('./hosts.js')).runHostsRemove({ names, file: options.file }, io));
    });
  hosts
    .command('list')
    .option(...file)
    .action(async (options: { file?: string }) => {
      done(await (await import('./hosts.js')).runHostsList({ file: options.file }, io));
    });
}
