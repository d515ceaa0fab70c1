/** Which certificate files belong to which HTTPS listener: `--cert` and its companions, and the fields of `--https`. */
import type { CertificateFiles } from './config.js';
import type { SettingKey } from './options.js';
import type { Platform } from './platform.js';
import { invalid, misused, readList, readText } from './reading.js';
import type { Settings } from './settings.js';

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

function requireCompanions(settings: Settings, anyCertificate: boolean): void {
  const cert = settings.get('cert');
  const key = settings.get('key');
  if (cert.values.length > 0 && key.values.length === 0) {
    throw misused(
      `${cert.label} is given without --key`,
      'add --key with the private key of that certificate',
    );
  }
  if (key.values.length > 0 && cert.values.length === 0) {
    throw misused(`${key.label} is given without --cert`, 'add --cert with the certificate of that key');
  }
  const companions: readonly SettingKey[] = ['caBundle', 'keyPassphraseFile'];
  for (const companion of companions) {
    const { values, label } = settings.get(companion);
    if (values.length === 0 || anyCertificate) continue;
    throw misused(
      `${label} is given without a certificate`,
      'add --cert and --key, or --https address,cert,key',
    );
  }
}

/** The certificates of the configuration and the index each listener uses. */
export class CertificateChoice {
  readonly certificates: CertificateFiles[] = [];
  /** Index of `--cert`; null: the development certificate. */
  readonly general: number | null;
  readonly #companions: Pick<CertificateFiles, 'caBundles' | 'keyPassphraseFile'>;

  /** @throws FrontError config_usage, config_invalid */
  constructor(settings: Settings, https: readonly HttpsFields[], platform: Platform) {
    const cert = readText(settings, 'cert');
    const key = readText(settings, 'key');
    requireCompanions(settings, cert !== null || https.some((fields) => fields.cert !== null));
    this.#companions = {
      caBundles: readList(settings, 'caBundle'),
      keyPassphraseFile: readText(settings, 'keyPassphraseFile'),
    };
    const files: readonly SettingKey[] = ['cert', 'key', 'caBundle', 'keyPassphraseFile'];
    for (const file of files) {
      const { label, values } = settings.get(file);
      for (const path of values) requireFile(platform, label, path, 'check the path and who may read it');
    }
    this.general = cert === null || key === null ? null : this.#add(cert, key, this.#companions);
    for (const fields of https) {
      for (const path of [fields.cert, fields.key, fields.clientCa?.file]) {
        if (typeof path === 'string')
          requireFile(platform, fields.label, path, `${HTTPS_HINT}; check the path`);
      }
    }
  }

  /** Index of the listener's own certificate, or of the general one. Listeners with the same files share it. */
  indexFor(fields: HttpsFields): number | null {
    const { cert, key } = fields;
    if (cert === null || key === null) return this.general;
    const known = this.certificates.findIndex((files) => files.cert === cert && files.key === key);
    if (known !== -1) return known;
    // The bundle and the passphrase go with --cert where there is one; else they can only mean these.
    const companions = this.general === null ? this.#companions : { caBundles: [], keyPassphraseFile: null };
    return this.#add(cert, key, companions);
  }

  #add(
    cert: string,
    key: string,
    companions: Pick<CertificateFiles, 'caBundles' | 'keyPassphraseFile'>,
  ): number {
    return this.certificates.push({ cert, key, ...companions }) - 1;
  }
}
