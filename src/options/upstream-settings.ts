/** Reads the settings about several apps and their health. */

import type { Config, HealthConfig } from '../shared/config.js';
import type { Platform } from '../system/platform.js';
import { requireFile } from './certificate-choice.js';
import { invalid, misused, readList, readNumber, readSwitch, readText } from './read-setting.js';
import type { Settings } from './settings.js';

/** What of the configuration this file reads. */
export type UpstreamSettings = Pick<Config, 'stripPrefix' | 'sticky' | 'health' | 'upstreamTls'>;

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

function readTls(settings: Settings, platform: Platform): Config['upstreamTls'] {
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
