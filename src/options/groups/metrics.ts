/** Metrics: where scrapers find them. */
import type { ListenAddress } from '../../shared/config.js';
import type { Platform } from '../../system/platform.js';
import { readListenAddress } from '../addresses.js';
import { type OptionRow, row } from '../option-row.js';
import { invalid, readText } from '../read-setting.js';
import type { Settings } from '../settings.js';

/** Their rows, in the order of `--help`. */
export const METRICS_OPTIONS = {
  metrics: row(
    'Metrics',
    'address',
    '--metrics',
    '<[host:]port>',
    'Serve /metrics for Prometheus, and /healthz, here',
  ),
  healthAnswer: row(
    'Metrics',
    'text',
    '--health-answer',
    '<path>',
    'Answer 200 to this path ourselves, for load balancers',
  ),
} satisfies Record<string, OptionRow>;

/** Where metrics are served; empty: nowhere. @throws FrontError config_invalid */
export function readMetrics(settings: Settings, platform: Platform): readonly ListenAddress[] {
  const text = readText(settings, 'metrics');
  return text === null ? [] : readListenAddress(settings.get('metrics').label, text, platform.loopback);
}

/** The path that the front answers itself; null: none. @throws FrontError config_invalid */
export function readHealthAnswer(settings: Settings): string | null {
  const path = readText(settings, 'healthAnswer');
  if (path === null || (path.startsWith('/') && !/[?#\s]/.test(path))) return path;
  throw invalid(
    settings.get('healthAnswer').label,
    path,
    'no path',
    'begin it with /, such as /up, without a query',
  );
}
