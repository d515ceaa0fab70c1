/** Holds that one name lets in one kind of clients, and that options of client certificates have an authority. */
import type { Config } from '../shared/config/config.js';
import { FrontError } from '../shared/errors.js';
import type { ClientRule } from '../shared/messages/router-messages.js';

/** What a listener serves, as far as its clients are concerned. */
interface NamesAndClients {
  readonly names: readonly string[];
  readonly clients?: ClientRule | null;
}

/** @throws FrontError config_invalid: two certificates of one name let in different clients, and which is served is chance */
export function refuseTwoRulesOfOneName(certificates: readonly NamesAndClients[]): void {
  const rules = new Map<string, string>();
  for (const { names, clients } of certificates) {
    const rule = clients?.authority ?? '';
    for (const name of names) {
      if (rule !== (rules.get(name) ?? rule)) {
        throw new FrontError('config_invalid', `${name} stands in two certificates with different clients`, {
          hint: 'put the same client authority (name.ca) beside both, or take the name out of one',
        });
      }
      rules.set(name, rule);
    }
  }
}

/** @throws FrontError config_usage: options speak of client certificates and no folder has an authority */
export function requireExpectedClients(
  { tls }: Config,
  certificates: readonly { readonly clients?: ClientRule | null }[],
): void {
  if (!tls.folderClients.isExpected || certificates.some(({ clients }) => clients)) return;
  throw new FrontError('config_usage', 'client certificates are to be verified, and no authority was given', {
    hint: 'add --client-ca with the authority of your client certificates, or put name.ca beside name.key',
  });
}
