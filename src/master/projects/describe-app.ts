/** What a list calls an app: its command, its file, or where it runs. */
import type { AppConfig } from '../../shared/config.js';
import { formatUpstream } from '../../shared/upstream-text.js';

export function describeApp({ worker, upstreams }: AppConfig): string {
  if (worker === null) return upstreams.map((upstream) => formatUpstream(upstream)).join(', ');
  return worker.command === null ? (worker.wsgi?.name ?? '') : worker.command.join(' ');
}
