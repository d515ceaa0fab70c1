/** Which certificate files belong to which HTTPS listener: `--cert` and its companions, and the fields of `--https`. */
import type { CertificateFiles, Config, HttpsListener } from '../shared/config.js';
import type { Platform } from '../system/platform.js';
import { invalid, misused, readChoice, readList, readSwitch, readText } from './read-setting.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';

/** The fields of one `--https`, not yet read. */
export interface HttpsFields {
  readonly label: string;
  readonly text: string;
  readonly address: string;
  readonly cert: string | null;
  readonly key: string | null;
  readonly ciphers: string | null;
  readonly clientCa: { readonly file: string; readonly required: boolean } | null;
}

const HTTPS_HINT = 'write address,cert,key[,ciphers[,[!]clientca]] as in uWSGI';

/** Refuses a file that is missing, a folder, or not readable by us. */
export function requireFile(platform: Platform, label: string, path: string, hint: string): void {
  const reason = platform.whyUnreadable(path);
  if (reason !== null) throw invalid(label, path, reason, hint);
}

function requireFolder(platform: Platform, label: string, path: string): void {
  const reason = platform.whyUnreadable(path);
  // A folder is the one thing that is wrong for a file and right here.
  if (reason === 'is a folder') return;
  throw invalid(label, path, reason ?? 'is a file, not a folder', 'give the folder, or the file with --cert');
}

/** The list, or an error that names it when OpenSSL knows none of its ciphers. */
export function requireCiphers(platform: Platform, label: string, list: string): string {
  if (platform.knowsCiphers(list)) return list;
  const hint = 'try HIGH, or leave it out; `openssl ciphers -v HIGH` shows what a list stands for';
  throw invalid(label, list, 'OpenSSL knows no cipher of this list', hint);
}

/** Cuts one `--https` value at its commas. An empty cipher list means the general one. */
export function cutHttps(label: string, text: string): HttpsFields {
  const [address = '', cert = '', key = '', ciphers = '', ca = '', ...more] = text.split(',');
  if (more.length > 0) throw invalid(label, text, 'more than five fields', HTTPS_HINT);
  if (cert !== '' && key === '') throw invalid(label, text, 'the key is missing', HTTPS_HINT);
  if (cert === '' && (key !== '' || ca !== '' || ciphers !== '')) {
    throw invalid(label, text, 'the certificate is missing', HTTPS_HINT);
  }
  const required = ca.startsWith('!');
  const file = required ? ca.slice(1) : ca;
  if (required && file === '') throw invalid(label, text, 'the client CA is missing', HTTPS_HINT);
  return {
    label,
    text,
    address,
    cert: cert === '' ? null : cert,
    key: key === '' ? null : key,
    ciphers: ciphers === '' ? null : ciphers,
    clientCa: file === '' ? null : { file, required },
  };
}

/** The certificates of one listener. */
export type OwnCertificates = Pick<HttpsListener, 'certificates' | 'certificateFolders' | 'acme'>;

type Companions = Pick<CertificateFiles, 'caBundles' | 'keyPassphraseFile'>;

/** Pairs the n-th --cert with the n-th --key; without any --key the keys are in the certificate files. */
function readPairs(settings: Settings): readonly Pick<CertificateFiles, 'cert' | 'key'>[] {
  const cert = settings.get('cert');
  const key = settings.get('key');
  const keys = readList(settings, 'key');
  const certs = readList(settings, 'cert');
  if (keys.length > 0 && certs.length === 0) {
    throw misused(`${key.label} is given without --cert`, 'add --cert with the certificate of that key');
  }
  if (keys.length > 0 && keys.length !== certs.length) {
    throw misused(
      `${cert.label} is given ${certs.length} times and ${key.label} ${keys.length} times`,
      'give one --key for each --cert, in the same order',
    );
  }
  return certs.map((file, index) => ({ cert: file, key: keys[index] ?? null }));
}

function requireCompanions(settings: Settings, anyCertificate: boolean, anyClientCa: boolean): void {
  const companions: readonly SettingKey[] = ['caBundle', 'keyPassphraseFile'];
  for (const companion of companions) {
    const { values, label } = settings.get(companion);
    if (values.length === 0 || anyCertificate) continue;
    throw misused(
      `${label} is given without a certificate`,
      'add --cert and --key, or --https address,cert,key',
    );
  }
  const strict = settings.get('sniStrict');
  if (readSwitch(settings, 'sniStrict') && !anyCertificate && !settings.has('acme')) {
    throw misused(`${strict.label} is given without a certificate`, 'add --cert, or leave it out');
  }
  // Somebody who says how clients are verified must not get a listener that verifies nobody.
  const verify = settings.get('clientVerify');
  const crl = settings.get('clientCrl');
  for (const { label, given, fits } of [
    { label: verify.label, given: settings.has('clientVerify'), fits: settings.has('clientCa') },
    { label: crl.label, given: settings.has('clientCrl'), fits: anyClientCa },
  ]) {
    // A folder may hold authorities (name.ca); whether it does is seen when it is read.
    if (given && !fits && !settings.has('certDir')) {
      throw misused(
        `${label} is given without --client-ca`,
        'add --client-ca with the authority of your client certificates',
      );
    }
  }
}

/** The certificates of the configuration and those each listener uses. */
export class CertificateChoice {
  readonly certificates: CertificateFiles[] = [];
  /** `--cert`, `--cert-dir` and `--acme`; none of them: the development certificate. */
  readonly general: OwnCertificates;
  /** `--client-ca`, for every listener that has none of its own. */
  readonly clientCa: HttpsListener['clientCa'];
  readonly crlFiles: readonly string[];
  /** For the authorities in `--cert-dir`. */
  readonly folderClients: Config['tls']['folderClients'];
  readonly #companions: Companions;

  /** @throws FrontError config_usage, config_invalid */
  constructor(settings: Settings, https: readonly HttpsFields[], platform: Platform) {
    const pairs = readPairs(settings);
    const folders = readList(settings, 'certDir');
    const anyOwn = https.some((fields) => fields.cert !== null);
    const anyClientCa = settings.has('clientCa') || https.some((fields) => fields.clientCa !== null);
    requireCompanions(settings, pairs.length + folders.length > 0 || anyOwn, anyClientCa);
    this.#companions = {
      caBundles: readList(settings, 'caBundle'),
      keyPassphraseFile: readText(settings, 'keyPassphraseFile'),
    };
    const files: readonly SettingKey[] = [
      'cert',
      'key',
      'caBundle',
      'keyPassphraseFile',
      'clientCa',
      'clientCrl',
    ];
    for (const file of files) {
      const { label, values } = settings.get(file);
      for (const path of values) requireFile(platform, label, path, 'check the path and who may read it');
    }
    for (const folder of folders) requireFolder(platform, settings.get('certDir').label, folder);
    this.general = {
      certificates: pairs.map(({ cert, key }) => this.#add(cert, key, this.#companions)),
      certificateFolders: folders,
      acme: settings.has('acme'),
    };
    this.crlFiles = readList(settings, 'clientCrl');
    const file = readText(settings, 'clientCa');
    const required = readChoice(settings, 'clientVerify') === 'require';
    this.clientCa = file === null ? null : { file, required, crlFiles: this.crlFiles };
    this.folderClients = {
      required,
      crlFiles: this.crlFiles,
      isExpected: !anyClientCa && (settings.has('clientVerify') || settings.has('clientCrl')),
    };
    for (const fields of https) {
      for (const path of [fields.cert, fields.key, fields.clientCa?.file]) {
        if (typeof path === 'string')
          requireFile(platform, fields.label, path, `${HTTPS_HINT}; check the path`);
      }
    }
  }

  /** True when `--cert` or `--cert-dir` names a certificate. */
  get hasGeneral(): boolean {
    return this.general.certificates.length + this.general.certificateFolders.length > 0;
  }

  /**
   * The listener's own certificate before those of the folders (as uWSGI's --sni-dir stands beside every --https), or the
   * general ones. Listeners with the same files share one.
   */
  ownOf(fields: HttpsFields): OwnCertificates {
    const { cert, key } = fields;
    if (cert === null || key === null) return this.general;
    const known = this.certificates.findIndex((files) => files.cert === cert && files.key === key);
    const { certificateFolders } = this.general;
    if (known !== -1) return { certificates: [known], certificateFolders, acme: false };
    // The bundle and the passphrase go with --cert where there is one; else they can only mean these.
    const companions = this.hasGeneral ? { caBundles: [], keyPassphraseFile: null } : this.#companions;
    return { certificates: [this.#add(cert, key, companions)], certificateFolders, acme: false };
  }

  #add(cert: string, key: string | null, companions: Companions): number {
    return this.certificates.push({ cert, key, ...companions }) - 1;
  }
}
