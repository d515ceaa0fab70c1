/** Copies of the built package as an upgrade meets them: the release that runs, and the one that is on disk by now. */
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram, PACKAGE_ROOT, type Workspace } from './workspace.js';

/** A folder `current` that leads to one of several releases. */
export class Releases {
  private links = 0;

  constructor(private readonly folder: Workspace) {}

  /** The command as it is called, whatever release it is. */
  get command(): string {
    return join(this.folder.at('current'), builtProgram('command').slice(PACKAGE_ROOT.length));
  }

  /** Makes a copy of the built program that calls itself this release. */
  add(release: string): void {
    const root = this.folder.at(release);
    mkdirSync(join(root, 'dist'), { recursive: true });
    const code = builtProgram('command').includes('/bundle/') ? 'dist/bundle' : 'dist';
    cpSync(join(PACKAGE_ROOT, code), join(root, code), { recursive: true });
    const manifest: object = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'));
    writeFileSync(join(root, 'package.json'), JSON.stringify({ ...manifest, version: release }));
    symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(root, 'node_modules'));
  }

  /** What is on disk from now on, in one step. */
  use(release: string): void {
    this.links += 1;
    const link = this.folder.at(`link-${this.links}`);
    symlinkSync(this.folder.at(release), link);
    renameSync(link, this.folder.at('current'));
  }
}
