/** `tlsfront cert NAME…`: writes a certificate of the development authority, for other servers and for clients. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { wideWildcards } from '../../certificates/chain/path-findings.js';
import { ensureAuthority } from '../../certificates/development/authority.js';
import {
  commonNameOf,
  DAY_MS,
  issueCertificate,
  newEcdsaKey,
  newRsaKey,
  type Purpose,
} from '../../certificates/development/x509-issuer.js';
import { writePkcs12 } from '../../certificates/formats/pkcs12-write.js';
import { requireNames } from '../../certificates/host-names.js';
import { openLocalStore } from '../../certificates/store/local-store.js';
import { replaceFile } from '../../certificates/store/replace-file.js';
import { FrontError } from '../../shared/errors.js';
import type { CommandIo } from '../../terminal/console.js';
import { unwritable } from '../chain/chain-input.js';

/** Options of `cert`. */
export interface CertOptions {
  /** Host names, wildcards, IP addresses, e-mail addresses. */
  readonly names: readonly string[];
  /** For clients too. An e-mail address alone makes a certificate for clients and mail. */
  readonly client?: boolean;
  readonly rsa?: boolean;
  /** Write one PKCS#12 bundle instead, with the passphrase `changeit`. */
  readonly p12?: boolean;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly days?: string | undefined;
  readonly force?: boolean;
}

/** What Java and mkcert use; a bundle needs one, and everybody knows this one. */
const P12_PASSPHRASE = 'changeit';
/** Apple's limit. */
const MAX_DAYS = 825;

/** @returns 0 when written; @throws FrontError config_usage, config_invalid */
export async function runCert(options: CertOptions, io: CommandIo): Promise<number> {
  const mails = options.names.filter((name) => /^[^@\s]+@[^@\s]+$/.test(name));
  const hosts = requireNames(options.names.filter((name) => !mails.includes(name)));
  const names = [...hosts, ...mails];
  const [first] = names;
  if (first === undefined) {
    throw new FrontError('config_usage', 'no name was given', {
      hint: "tlsfront cert app.test '*.app.test' 127.0.0.1",
    });
  }
  const stem = `${first.replace('*', '_wildcard')}${names.length > 1 ? `+${names.length - 1}` : ''}${options.client ? '-client' : ''}`;
  const certFile = options.certFile ?? `${stem}${options.p12 ? '.p12' : '.pem'}`;
  const keyFile = options.keyFile ?? `${stem}-key.pem`;
  const outputs = options.p12 ? [certFile] : [certFile, keyFile];
  const taken = outputs.find((file) => existsSync(file));
  if (taken !== undefined && options.force !== true) {
    throw new FrontError('config_usage', `${taken} is there already`, {
      hint: 'give another name with --cert-file and --key-file, or --force to replace it',
    });
  }
  const { environment } = io;
  const store = openLocalStore(environment);
  const now = new Date();
  const days = readDays(options.days);
  const commonName = commonNameOf(names);
  const authority = await ensureAuthority(store, names, now);
  const { certPem, keyPem } = await issueCertificate(
    {
      ...(commonName === undefined ? {} : { commonName }),
      organization: 'tlsfront development certificate',
      names,
      notBefore: new Date(now.getTime() - 5 * 60_000),
      notAfter: endOf(authority.certPem, days, now),
      purposes: purposesOf(hosts, mails, options.client === true),
      key: options.rsa ? newRsaKey() : newEcdsaKey(),
    },
    authority,
  );
  for (const { message, fix } of wideWildcards(hosts)) io.stderr.write(`warning: ${message}\nhint: ${fix}\n`);
  if (options.p12) {
    const certificates = [certPem, authority.certPem].map((pem) => new X509Certificate(pem).raw);
    await write(certFile, writePkcs12({ certificates, keyPem, name: first }, P12_PASSPHRASE), 0o600);
    io.stdout.write(`wrote ${certFile}: ${names.join(', ')} (passphrase: ${P12_PASSPHRASE})\n`);
    return 0;
  }
  await write(keyFile, keyPem, 0o600);
  await write(certFile, certPem, 0o644);
  io.stdout.write(`wrote ${certFile}: ${names.join(', ')}\nwrote ${keyFile}: its private key\n`);
  return 0;
}

function purposesOf(hosts: readonly string[], mails: readonly string[], client: boolean): Purpose[] {
  const isClient = client || hosts.length === 0;
  return [
    ...(hosts.length > 0 ? (['server'] as const) : []),
    ...(isClient ? (['client'] as const) : []),
    ...(mails.length > 0 ? (['email'] as const) : []),
  ];
}

function readDays(text: string | undefined): number {
  const days = text === undefined ? 397 : /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MAX_DAYS) return days;
  throw new FrontError('config_invalid', `--days ${text}: not between 1 and ${MAX_DAYS}`, {
    hint: 'clients refuse certificates that are valid for longer',
  });
}

function endOf(authorityPem: string, days: number, now: Date): Date {
  const authorityEnd = Date.parse(new X509Certificate(authorityPem).validTo);
  return new Date(Math.min(now.getTime() + days * DAY_MS, authorityEnd));
}

async function write(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  await replaceFile(file, content, { mode, exact: mode === 0o600 }).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
}
