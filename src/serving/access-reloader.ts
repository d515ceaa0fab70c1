/** What the files of access rules hold: read for a generation, watched, and given to the routers when it changes. */
import type { AccessConfig, AccessMaterial } from '../shared/config/access.js';
import { accessFiles, readAccessFiles } from './access-files.js';
import { FileWatch } from './file-watch.js';
import type { ServingLog } from './notes.js';

/** The rules of the newest generation, held to their files. */
export class AccessReloader {
  private config: AccessConfig | null = null;
  private known = '';
  private watch: FileWatch | null = null;

  /**
   * @param mayRefresh false while a generation is being started
   * @param give gives what has changed to the routers
   */
  constructor(
    private readonly log: ServingLog,
    private readonly mayRefresh: () => boolean,
    private readonly give: (material: AccessMaterial) => void,
  ) {}

  /** Reads the files for a new generation. @throws FrontError config_invalid */
  read(config: AccessConfig): Promise<AccessMaterial> {
    return readAccessFiles(config);
  }

  /** The generation with these rules serves now. */
  commit(config: AccessConfig, material: AccessMaterial): void {
    this.config = config;
    this.known = JSON.stringify(material);
    const files = accessFiles(config);
    if (files.length > 0) {
      this.watch ??= new FileWatch(
        () => (this.config === null ? [] : accessFiles(this.config)),
        () => void this.refresh(),
      );
    }
    this.watch?.restart();
  }

  /** No generation is starting any more: what has changed meanwhile is looked at again. */
  settle(): void {
    this.watch?.restart();
  }

  private async refresh(): Promise<void> {
    const { config } = this;
    if (config === null || !this.mayRefresh()) return;
    try {
      const material = await readAccessFiles(config);
      const text = JSON.stringify(material);
      if (text === this.known || this.config !== config) return;
      this.known = text;
      this.give(material);
      this.log.line('the files of the access rules have changed: they count from now on');
    } catch (error) {
      this.log.failure(error, (reason) => `${reason}; what it held before still counts`);
    }
  }
}
