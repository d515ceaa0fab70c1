/** ACME as the commands see it: who orders, what is served until then and after, and what `check` says of it. */

import { keysOf, readNewestCertificate } from '../certificates/acme/stored-certificate.js';
import { temporaryCertificate } from '../certificates/acme/temporary.js';
import type { LocalStore } from '../certificates/store/store.js';
import type { AcmeConfig, CertificateOrders } from '../shared/config/acme.js';
import type { Config } from '../shared/config/config.js';
import { dayOf } from '../shared/day.js';
import { FrontError } from '../shared/errors.js';
import type { CertificateMaterial } from '../shared/messages/router-messages.js';
import type { Note, ServingLog } from './notes.js';
import { daysUntil, validityText } from './validity.js';

/** Those who order certificates; null without `--acme`. @throws FrontError config_invalid when a file of its options cannot be used */
export async function createOrders(
  config: Config,
  store: LocalStore,
  log: ServingLog,
  version: string,
  environment: Readonly<NodeJS.ProcessEnv>,
): Promise<CertificateOrders | null> {
  if (config.acme === null) return null;
  const { readAcmeSecrets } = await import('../certificates/acme/account.js');
  const { AcmeOrders } = await import('../certificates/acme/acme-orders.js');
  const secrets = await readAcmeSecrets(config.acme);
  return new AcmeOrders({
    config: config.acme,
    secrets,
    store,
    log,
    userAgent: `tlsfront/${version}`,
    environment,
  });
}

/** What a client is shown that names nobody, where every name gets its certificate at its first handshake (RFC 2606: nobody's). */
const NOBODY = 'no-name.invalid';

/** The certificates of ACME names as they stand in the store. */
export class AcmeCertificates {
  private temporary: { readonly names: string; readonly material: CertificateMaterial } | null = null;

  constructor(
    private readonly config: AcmeConfig,
    private readonly store: LocalStore,
  ) {}

  /** One for each name; those that are not there yet share a temporary one, which is the last. */
  async load(
    files: Set<string>,
    notes: Note[],
    purpose: 'serve' | 'check',
  ): Promise<readonly CertificateMaterial[]> {
    const { names, directories } = this.config;
    const found: CertificateMaterial[] = [];
    const missing: string[] = [];
    for (const name of names) {
      for (const directory of directories) files.add(this.store.pathOf(keysOf(directory).certificate(name)));
      const newest = await readNewestCertificate(this.store, directories, name);
      if (newest === undefined) missing.push(name);
      else {
        const { chainPem, keyPem, names: covered, endMs } = newest.certificate;
        found.push({ chainPem, keyPem, names: covered });
        const file = this.store.pathOf(keysOf(newest.directory).certificate(name));
        notes.push(validityNote(name, endMs, file));
      }
    }
    if (names.length === 0 && purpose === 'serve') return [await this.temporaryFor([NOBODY])];
    if (missing.length === 0) return found;
    const text = `no certificate yet for ${missing.join(', ')}: until it has come, clients are shown a temporary one, which they refuse`;
    notes.push({ kind: 'line', text });
    return purpose === 'check' ? found : [...found, await this.temporaryFor(missing)];
  }

  /** Made once: another at each look would count as a change. */
  private async temporaryFor(missing: readonly string[]): Promise<CertificateMaterial> {
    const names = missing.join(' ');
    if (this.temporary?.names !== names) {
      this.temporary = { names, material: await temporaryCertificate(missing, Date.now()) };
    }
    return this.temporary.material;
  }
}

function validityNote(name: string, endMs: number, file: string): Note {
  if (daysUntil(endMs) >= 0)
    return { kind: 'line', text: `${validityText(name, endMs)}, from ACME: ${file}` };
  return { kind: 'warning', text: `the certificate of ${name} has expired on ${dayOf(endMs)}: ${file}` };
}

/** @throws FrontError config_usage when a given certificate is for a name that ACME is asked for too */
export function refuseGiven(acme: AcmeConfig | null, given: readonly (readonly string[])[]): void {
  const twice = acme?.names.find((name) => given.some((names) => names.includes(name)));
  if (twice === undefined) return;
  throw new FrontError(
    'config_usage',
    `${twice} is to get a certificate from ACME, and has one of --cert or --cert-dir already`,
    { hint: `leave out --host ${twice}, or that certificate` },
  );
}

/** What ACME would do, a line for the whole and one for each name. Asks no network and writes nothing. */
export async function describeAcme(acme: AcmeConfig, store: LocalStore): Promise<string> {
  const { readAcmeSecrets } = await import('../certificates/acme/account.js');
  await readAcmeSecrets(acme);
  const lines = [`acme: ${acme.directories.join(', else ')} by ${acme.challenges.join(', else ')}`];
  if (acme.ask !== null) lines.push(`  any other name: at its first handshake, where ${acme.ask} says so`);
  for (const name of acme.names) {
    const newest = await readNewestCertificate(store, acme.directories, name);
    const until = newest === undefined ? null : dayOf(newest.certificate.endMs);
    lines.push(until === null ? `  ${name}: would be ordered` : `  ${name}: stored, until ${until}`);
  }
  return lines.map((line) => `  ${line}\n`).join('');
}
