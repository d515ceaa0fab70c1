/** Metrics: where scrapers find them. */
import { resolve } from 'node:path';
import type { ListenAddress, StatsAddress } from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, readText, refuseWithout } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { readListenAddress } from '../values/addresses.js';

/** Their rows, in the order of `--help`. */
export const METRICS_OPTIONS = {
  metrics: row(
    'Metrics',
    'address',
    '--metrics',
    '<[host:]port>',
    'Serve /metrics for Prometheus, and /healthz, here',
  ),
  stats: row(
    'Metrics',
    'address',
    '--stats',
    '<[host:]port|/file>',
    "Serve uWSGI's statistics in JSON here, for uwsgitop and exporters",
    { uwsgi: 'same' },
  ),
  statsHttp: turn('Metrics', '--stats-http', 'Write an HTTP head before them', { uwsgi: 'same' }),
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

/** Where uWSGI's statistics are served; empty: nowhere. @throws FrontError config_invalid, config_usage */
export function readStats(settings: Settings, platform: Platform): readonly StatsAddress[] {
  const text = readText(settings, 'stats');
  if (text === null) {
    refuseWithout(settings, ['statsHttp'], '--stats');
    return [];
  }
  const { label } = settings.get('stats');
  if (text.startsWith('@'))
    throw invalid(label, text, 'an abstract socket', 'name a file, /run/stats.sock, or 127.0.0.1:1717');
  if (text.includes('/')) return [{ host: '', port: 0, path: resolve(text) }];
  return readListenAddress(label, text, platform.loopback).map((address) => ({ ...address, path: null }));
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
