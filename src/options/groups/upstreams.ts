/** Several apps and their health: which of them get requests, and how they are reached. */

import { formatHostPort } from '../../shared/addresses/host-port.js';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { AppConfig, HealthConfig, UpstreamTls } from '../../shared/config/apps.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row, turn } from '../option-row.js';
import {
  invalid,
  misused,
  readList,
  readNumber,
  readSwitch,
  readText,
  requireFile,
} from '../read-setting.js';
import type { Settings } from '../settings.js';
import { cutAddress, readPort } from '../values/addresses.js';
import { MAX_DURATION_MS } from '../values/quantities.js';

const GROUP = 'Several apps';
const PAUSE = { least: 100, most: MAX_DURATION_MS };

/** Their rows, in the order of `--help`. */
export const UPSTREAM_OPTIONS = {
  stripPrefix: turn(GROUP, '--strip-prefix', "Take the route's prefix off the path that the app sees"),
  sticky: turn(GROUP, '--sticky', 'Keep a client at one of several apps, by a cookie'),
  healthPath: row(
    GROUP,
    'text',
    '--health-path',
    '<path>',
    'Ask every app for this path; who fails is left out',
  ),
  healthInterval: row(GROUP, 'duration', '--health-interval', '<time>', 'Pause between two such questions', {
    default: '10s',
    ...PAUSE,
  }),
  healthStatus: row(GROUP, 'text', '--health-status', '<codes>', 'Answers that count as healthy', {
    default: '200-399',
    repeatable: true,
    commas: true,
  }),
  failCount: row(GROUP, 'count', '--fail-count', '<n>', 'So many failures leave an app out; 0: none do', {
    default: '3',
    least: 0,
    most: 1_000_000,
  }),
  failWindow: row(GROUP, 'duration', '--fail-window', '<time>', 'Within this time, and for so long', {
    default: '10s',
    ...PAUSE,
  }),
  upstreamCa: row(GROUP, 'file', '--upstream-ca', '<file>', 'Authorities to trust for https:// apps, PEM', {
    defaultText: 'those of Node',
  }),
  dnsServer: row(
    GROUP,
    'address',
    '--dns-server',
    '<address[:port]>',
    'Ask this DNS server for dns:// and srv:// apps',
    { repeatable: true, defaultText: 'those of the system' },
  ),
  upstreamInsecure: turn(GROUP, '--upstream-insecure', 'Do not verify the certificates of https:// apps'),
} satisfies Record<string, OptionRow>;

/** The members of each app that these options make. */
export type UpstreamSettings = Pick<AppConfig, 'stripPrefix' | 'sticky' | 'health' | 'upstreamTls'>;

function readPath(settings: Settings): string | null {
  const path = readText(settings, 'healthPath');
  if (path === null) return null;
  if (/^\/[!-~]*$/.test(path) && !path.includes('#')) return path;
  throw invalid(settings.get('healthPath').label, path, 'not a path', 'write /health');
}

function readStatuses(settings: Settings): HealthConfig['statuses'] {
  const { label } = settings.get('healthStatus');
  return readList(settings, 'healthStatus').map((text) => {
    const [, first = '', last = first] = /^([2-5]\d\d)(?:-([2-5]\d\d))?$/.exec(text) ?? [];
    const range = { first: Number(first), last: Number(last) };
    if (first === '' || range.last < range.first)
      throw invalid(label, text, 'not a status or a range of them', 'write 200, 200-299 or 200-299,404');
    return range;
  });
}

/** The servers as node:dns takes them. @throws FrontError config_invalid */
export function readDnsServers(settings: Settings): readonly string[] {
  const { label, values } = settings.get('dnsServer');
  return values.map((text) => {
    const parts = ipFamily(text) === 0 ? cutAddress(text) : { host: text, port: '53' };
    const host = parts?.host ?? '';
    if (parts === null || ipFamily(host) === 0)
      throw invalid(label, text, 'not an address', 'write 127.0.0.1:8600, 10.0.0.2 or [fd00::2]:53');
    return formatHostPort(host, readPort(label, text, parts.port, 'write 127.0.0.1:8600'));
  });
}

/** Whom https servers behind the front must be. @throws FrontError config_usage, config_invalid */
export function readTls(settings: Settings, platform: Platform): UpstreamTls {
  const ca = readText(settings, 'upstreamCa');
  const insecure = readSwitch(settings, 'upstreamInsecure');
  const { label } = settings.get('upstreamCa');
  if (ca !== null && insecure)
    throw misused(`${label} has no effect with --upstream-insecure`, 'keep one of them');
  if (ca !== null) requireFile(platform, label, ca, 'give a PEM file with the certificates of authorities');
  return { ca, insecure };
}

/** @throws FrontError config_invalid or config_usage */
export function readUpstreamSettings(settings: Settings, platform: Platform): UpstreamSettings {
  const path = readPath(settings);
  for (const key of ['healthInterval', 'healthStatus'] as const) {
    const { origin, label } = settings.get(key);
    if (path === null && origin === 'command line')
      throw misused(`${label} has no effect without --health-path`, 'name the path, such as /health');
  }
  return {
    upstreamTls: readTls(settings, platform),
    stripPrefix: readSwitch(settings, 'stripPrefix'),
    sticky: readSwitch(settings, 'sticky'),
    health: {
      path,
      intervalMs: readNumber(settings, 'healthInterval'),
      statuses: readStatuses(settings),
      failCount: readNumber(settings, 'failCount'),
      failWindowMs: readNumber(settings, 'failWindow'),
    },
  };
}
