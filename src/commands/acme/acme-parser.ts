/** The arguments of `tlsfront acme`. */
import type { Command } from 'commander';
import type { CommandIo } from '../../terminal/console.js';
import type { AuthorityChoice } from './acme.js';

/** Binds its subcommands; `done` gets the exit code of the one that runs. */
export function addAcme(root: Command, io: CommandIo, done: (exitCode: number) => void): void {
  const acme = root.command('acme').helpCommand(false);
  acme.description('look after accounts and certificates of ACME authorities');
  acme
    .command('status')
    .description('say which accounts and certificates there are, until when, and in which files')
    .action(async () => done(await (await import('./acme.js')).runAcmeStatus(io)));
  acme
    .command('renew')
    .description('have a certificate ordered anew by the front that uses this data folder')
    .argument('<name>', 'host name or address of the certificate')
    .action(async (name: string) => done(await (await import('./acme.js')).runAcmeRenew(name, io)));
  withAuthority(acme.command('revoke'))
    .description('have the authority take a certificate back, and order another')
    .argument('<name>', 'host name or address of the certificate')
    .action(async (name: string, choice: AuthorityChoice) =>
      done(await (await import('./acme.js')).runAcmeRevoke(name, choice, io)),
    );
  withAuthority(acme.command('rollover'))
    .description('give the account at an authority a new key')
    .action(async (choice: AuthorityChoice) =>
      done(await (await import('./acme.js')).runAcmeRollover(choice, io)),
    );
  withAuthority(acme.command('deactivate'))
    .description('end the account at an authority for ever')
    .action(async (choice: AuthorityChoice) =>
      done(await (await import('./acme.js')).runAcmeDeactivate(choice, io)),
    );
}

function withAuthority(command: Command): Command {
  return command
    .option('--acme-directory <url|staging>', "directory of the authority; Let's Encrypt when left out")
    .option('--acme-ca <file>', 'trust these certificates alone when asking it');
}
