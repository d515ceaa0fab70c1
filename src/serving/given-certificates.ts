/** The certificates of --cert and --https: each is read by itself, and one that cannot be used keeps its old material. */
import { readPassphrase } from '../certificates/chain/input-file.js';
import { loadCertificate } from '../certificates/chain/load.js';
import type { Config } from '../shared/config/config.js';
import type { CertificateFiles } from '../shared/config/listeners.js';
import type { LoadReport } from './load-report.js';
import { type Servable, toServable } from './servable.js';

/** Remembers what was served of each. */
export class GivenCertificates {
  private readonly kept = new Map<number, Servable>();

  constructor(private readonly config: Config) {}

  /** By index in Config.certificates; null: it cannot be used, and never could. */
  async load(report: LoadReport): Promise<readonly (Servable | null)[]> {
    const loaded: (Servable | null)[] = [];
    for (const [index, files] of this.config.certificates.entries()) {
      try {
        const servable = await this.loadOne(files, report);
        this.kept.set(index, servable);
        report.hasFresh = true;
      } catch (error) {
        report.fail(error, this.kept.has(index) ? 'the old one goes on serving' : 'it is not served');
      }
      loaded.push(this.kept.get(index) ?? null);
    }
    return loaded;
  }

  private async loadOne(
    { cert, key, caBundles, keyPassphraseFile }: CertificateFiles,
    { files, notes }: LoadReport,
  ): Promise<Servable> {
    for (const file of [cert, ...(key === null ? [] : [key]), ...caBundles]) files.add(file);
    const loaded = await loadCertificate({
      certFiles: [cert],
      ...(key === null ? {} : { keyFile: key }),
      caBundleFiles: caBundles,
      passphrase: keyPassphraseFile === null ? undefined : await readPassphrase(keyPassphraseFile),
      hosts: hostsOfGiven(this.config),
    });
    return toServable(loaded, cert, notes);
  }
}

/** Names that given certificates should cover: with ACME `--host` names others. */
function hostsOfGiven({ acme, hosts }: Config): readonly string[] {
  return acme === null ? hosts : [];
}
