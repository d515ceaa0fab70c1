/** Which certificate files belong to which HTTPS listener: `--cert` and its companions, and the fields of `--https`. */
import type { Config } from '../../shared/config/config.js';
import type { CertificateFiles, HttpsListener } from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { readPairs, requireCompanions, requireFolder } from '../groups/certificates.js';
import { invalid, readChoice, readList, readText, requireFile } from '../read-setting.js';
import type { Settings } from '../settings.js';
import type { SettingKey } from '../table.js';

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

/** The certificates of the configuration and those each listener uses. */
export class CertificateChoice {
  /** `--cert`, `--cert-dir` and `--acme`; none of them: the development certificate. */
  readonly general: OwnCertificates;
  /** `--client-ca`, for every listener that has none of its own. */
  readonly clientCa: HttpsListener['clientCa'];
  readonly crlFiles: readonly string[];
  /** For the authorities in `--cert-dir`. */
  readonly folderClients: Config['tls']['folderClients'];
  private readonly companions: Companions;

  /**
   * @param certificates where they are added
   * @throws FrontError config_usage, config_invalid
   */
  constructor(
    settings: Settings,
    https: readonly HttpsFields[],
    platform: Platform,
    readonly certificates: CertificateFiles[] = [],
  ) {
    const pairs = readPairs(settings);
    const folders = readList(settings, 'certDir');
    const anyOwn = https.some((fields) => fields.cert !== null);
    const anyClientCa = settings.has('clientCa') || https.some((fields) => fields.clientCa !== null);
    requireCompanions(settings, pairs.length + folders.length > 0 || anyOwn, anyClientCa);
    this.companions = {
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
      certificates: pairs.map(({ cert, key }) => this.add(cert, key, this.companions)),
      certificateFolders: folders.map((path) => ({ path, ...this.companions })),
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
    const companions = this.hasGeneral ? { caBundles: [], keyPassphraseFile: null } : this.companions;
    return { certificates: [this.add(cert, key, companions)], certificateFolders, acme: false };
  }

  private add(cert: string, key: string | null, companions: Companions): number {
    return this.certificates.push({ cert, key, ...companions }) - 1;
  }
}
