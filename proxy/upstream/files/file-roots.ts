/** Lends answers from the folders of a router, each folder read by one FileRoot. */
import { PLAIN_FILES } from '../../../src/shared/config/apps.js';
import type { Upstream } from '../../routing/upstream.js';
import type { Lease, LeaseHandler } from '../transport.js';
import { FileLease } from './file-lease.js';
import { FileRoot } from './file-root.js';

export class FileRoots {
  private readonly roots = new WeakMap<Upstream, FileRoot>();
  /** Files that are open at this moment. */
  readonly open = { count: 0 };

  /** Never waits. */
  lend(upstream: Upstream, holder: LeaseHandler): Lease {
    return new FileLease(upstream, this.rootOf(upstream), holder, this.open);
  }

  private rootOf(upstream: Upstream): FileRoot {
    let root = this.roots.get(upstream);
    if (root === undefined) {
      const { files } = upstream.app;
      root = new FileRoot(upstream.path ?? '', files ?? PLAIN_FILES);
      this.roots.set(upstream, root);
    }
    return root;
  }
}
