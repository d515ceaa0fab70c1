/** The certificates of one listener, found by the server name a client asks for. */
import { X509Certificate } from 'node:crypto';
import type { CertificateMaterial, ClientRule } from '../../src/shared/messages/router-messages.js';
import type { CertificateNames } from '../exchange/types.js';
import { hostOf } from '../wire/syntax/field-list.js';
import { isSameRule } from './client-rules.js';

/** One certificate, or an RSA and an ECDSA certificate of the same names. */
export interface CertificateEntry extends CertificateNames {
  readonly members: readonly CertificateMaterial[];
  /** Whom it lets in; null: whom the listener does. */
  readonly clients: ClientRule | null;
}

/** Whether clients of one rule may ask for an authority. */
export type Admission = (clients: ClientRule | null, authority: string) => boolean;

/** Chooses among certificates: the exact name first, then the wildcard of its one label (RFC 6125 §6.4.3). */
export class CertificateTable {
  readonly entries: readonly CertificateEntry[];
  /** Served to clients that send no name, and for names that nothing covers. */
  readonly default: CertificateEntry;
  /** Some certificate has a rule of its own. */
  readonly hasRules: boolean;
  private readonly byName = new Map<string, CertificateEntry>();

  /** @throws Error when there is no certificate, or one name has two rules */
  constructor(certificates: readonly CertificateMaterial[], admits: Admission) {
    this.entries = pair(certificates).map((members) => makeEntry(members, admits));
    this.hasRules = this.entries.some(({ clients }) => clients !== null);
    const [first] = this.entries;
    if (first === undefined) throw new Error('a TLS listener without certificate');
    this.default = first;
    for (const entry of this.entries) {
      for (const name of entry.names) {
        const first = this.byName.get(name) ?? entry;
        if (!isSameRule(first.clients, entry.clients))
          throw new Error(`two rules for the clients of ${name}`);
        this.byName.set(name, first);
      }
    }
  }

  /** The entry that covers the name, which is in lower case; undefined when none does. */
  find(name: string): CertificateEntry | undefined {
    const exact = this.byName.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return dot === -1 ? undefined : this.byName.get(`*${name.slice(dot)}`);
  }

  /** The entry that covers the host of a request; `a.test.` is `a.test` to whatever resolves it, and names have no brackets. */
  ofAuthority(authority: string): CertificateEntry | undefined {
    return this.find(hostOf(authority).replace(/^\[|\]$|\.$/g, ''));
  }
}

/** The entry of certificates that have the same names. */
export function makeEntry(members: readonly CertificateMaterial[], admits: Admission): CertificateEntry {
  const clients = members[0]?.clients ?? null;
  return {
    names: members[0]?.names ?? [],
    members,
    clients,
    admits: (authority) => admits(clients, authority),
  };
}

/** Joins certificates of the same names and different kinds of key, in the order given. */
function pair(certificates: readonly CertificateMaterial[]): CertificateMaterial[][] {
  const groups: {
    names: string;
    rule: ClientRule | null;
    kinds: string[];
    members: CertificateMaterial[];
  }[] = [];
  for (const certificate of certificates) {
    const names = [...certificate.names].sort().join(' ');
    const kind = new X509Certificate(certificate.chainPem).publicKey.asymmetricKeyType ?? '';
    const rule = certificate.clients ?? null;
    const partner = groups.find(
      (group) => group.names === names && isSameRule(group.rule, rule) && !group.kinds.includes(kind),
    );
    if (partner === undefined) groups.push({ names, rule, kinds: [kind], members: [certificate] });
    else {
      partner.kinds.push(kind);
      partner.members.push(certificate);
    }
  }
  return groups.map(({ members }) => members);
}
