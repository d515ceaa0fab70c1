/** The authority and revocation lists of one listener's clients; files that break leave the old ones in force. */
import {
  type RevocationList,
  readClientAuthority,
  readRevocationLists,
} from '../certificates/chain/client-authority.js';
import type { Config } from '../shared/config/config.js';
import type { HttpsListener } from '../shared/config/listeners.js';
import type { CertificateMaterial, TlsMaterial } from '../shared/messages/router-messages.js';
import type { LoadReport } from './load-report.js';
import { noteRootless } from './rootless-authority.js';

type Clients = Pick<TlsMaterial, 'clientAuthority' | 'clientCrls'>;

interface FileList extends RevocationList {
  readonly file: string;
}

/** Remembers what was in force. */
export class ListenerClients {
  private authority: string | null = null;
  private lists: readonly FileList[] | null = null;

  constructor(
    private readonly listener: HttpsListener,
    private readonly config: Config,
  ) {}

  /** @throws FrontError config_invalid at the start: a listener without its authority would be open or closed to all */
  async load(certificates: readonly CertificateMaterial[], report: LoadReport): Promise<Clients> {
    const { clientCa } = this.listener;
    const isAsked = clientCa !== null || certificates.some(({ clients }) => clients !== undefined);
    if (!isAsked) return { clientAuthority: null, clientCrls: [] };
    if (clientCa !== null) this.authority = await this.readAuthority(clientCa.file, report);
    this.lists = await this.readLists(clientCa?.crlFiles ?? this.config.tls.folderClients.crlFiles, report);
    for (const { file, nextUpdate } of this.lists) {
      if (nextUpdate === undefined) continue;
      report.listEnds.push({ file, atMs: nextUpdate.getTime() });
      if (nextUpdate > new Date()) continue;
      const text =
        'a revocation list has run out: every client certificate is refused until there is a newer one';
      const hint = `fetch a newer list into ${file}: it spoke until ${nextUpdate.toISOString().slice(0, 16)}Z`;
      report.notes.push({ kind: 'warning', text, hint });
    }
    return { clientAuthority: this.authority, clientCrls: this.lists.map(({ pem }) => pem) };
  }

  private async readAuthority(file: string, report: LoadReport): Promise<string> {
    report.files.add(file);
    try {
      const authority = await readClientAuthority(file);
      noteRootless(file, authority, report.notes);
      return authority;
    } catch (error) {
      if (this.authority === null) throw error;
      report.fail(error, 'the old authority stays in force');
      return this.authority;
    }
  }

  private async readLists(files: readonly string[], report: LoadReport): Promise<readonly FileList[]> {
    for (const file of files) report.files.add(file);
    try {
      const read = files.map(async (file) =>
        (await readRevocationLists(file)).map((list) => ({ ...list, file })),
      );
      return (await Promise.all(read)).flat();
    } catch (error) {
      if (this.lists === null) throw error;
      report.fail(error, 'the old lists stay in force');
      return this.lists;
    }
  }
}
