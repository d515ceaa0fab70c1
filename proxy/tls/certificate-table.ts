/** The certificates of one listener, found by the server name a client asks for. */
import { X509Certificate } from 'node:crypto';
import type { CertificateMaterial } from '../../src/contract/messages.js';
import type { CertificateNames } from '../exchange/types.js';

/** One certificate, or an RSA and an ECDSA certificate of the same names. */
export interface CertificateEntry extends CertificateNames {
  readonly members: readonly CertificateMaterial[];
}

/** Chooses among certificates: the exact name first, then the wildcard of its one label (RFC 6125 §6.4.3). */
export class CertificateTable {
  readonly entries: readonly CertificateEntry[];
  /** Served to clients that send no name, and for names that nothing covers. */
  readonly default: CertificateEntry;
  private readonly byName = new Map<string, CertificateEntry>();

  /** @throws Error when there is no certificate */
  constructor(certificates: readonly CertificateMaterial[]) {
    this.entries = pair(certificates).map(makeEntry);
    const [first] = this.entries;
    if (first === undefined) throw new Error('a TLS listener without certificate');
    this.default = first;
    for (const entry of this.entries) {
      for (const name of entry.names) if (!this.byName.has(name)) this.byName.set(name, entry);
    }
  }

  /** The entry that covers the name, which is in lower case; undefined when none does. */
  find(name: string): CertificateEntry | undefined {
    const exact = this.byName.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return dot === -1 ? undefined : this.byName.get(`*${name.slice(dot)}`);
  }
}

/** The entry of certificates that have the same names. */
export function makeEntry(members: readonly CertificateMaterial[]): CertificateEntry {
  return { names: members[0]?.names ?? [], members };
}

/** Joins certificates of the same names and different kinds of key, in the order given. */
function pair(certificates: readonly CertificateMaterial[]): CertificateMaterial[][] {
  const groups: { names: string; kinds: string[]; members: CertificateMaterial[] }[] = [];
  for (const certificate of certificates) {
    const names = [...certificate.names].sort().join(' ');
    const kind = new X509Certificate(certificate.chainPem).publicKey.asymmetricKeyType ?? '';
    const partner = groups.find((group) => group.names === names && !group.kinds.includes(kind));
    if (partner === undefined) groups.push({ names, kinds: [kind], members: [certificate] });
    else {
      partner.kinds.push(kind);
      partner.members.push(certificate);
    }
  }
  return groups.map(({ members }) => members);
}
