/** Who may come in: address blocks, and how many requests a client may make. */
import type { Config, RateLimitRule } from '../../shared/config.js';
import { readBlocks } from '../address-blocks.js';
import { type OptionRow, row } from '../option-row.js';
import { invalid } from '../read-setting.js';
import type { Settings } from '../settings.js';

const GROUP = 'Access';

/** Their rows, in the order of `--help`. */
export const ACCESS_OPTIONS = {
  allow: row(GROUP, 'text', '--allow', '<cidr>', 'Serve these clients alone; others get 403', {
    repeatable: true,
    commas: true,
  }),
  deny: row(GROUP, 'text', '--deny', '<cidr>', 'Serve all but these clients; before --allow', {
    repeatable: true,
    commas: true,
  }),
  rateLimit: row(
    GROUP,
    'text',
    '--rate-limit',
    '<n/s[,burst=n][,key=…][,path=…]>',
    'Requests a client may make, evenly; beyond them 429',
    { repeatable: true },
  ),
} satisfies Record<string, OptionRow>;

/** The part of the configuration that these settings make. */
export type AccessSettings = Pick<Config, 'allow' | 'deny' | 'rateLimits'>;

/** @throws FrontError config_invalid */
export function readAccess(settings: Settings): AccessSettings {
  const { label, values } = settings.get('rateLimit');
  return {
    allow: readBlocks(settings, 'allow'),
    deny: readBlocks(settings, 'deny'),
    rateLimits: values.map((text) => readRateLimit(label, text)),
  };
}

const HINT =
  'write 10/s, 100/m,burst=20 or 5/m,path=/login; key=header:X-Api-Key or key=cookie:session counts by these';
const PERIODS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const MAX_REQUESTS = 1_000_000;

function readRateLimit(label: string, text: string): RateLimitRule {
  const [rate = '', ...members] = text.split(',');
  const [, count = '', unit = ''] = /^(\d{1,7})\/([smh])$/.exec(rate) ?? [];
  const requests = readCount(count);
  const periodMs = PERIODS.get(unit);
  if (requests === null || periodMs === undefined) throw invalid(label, text, `'${rate}' is no rate`, HINT);
  let rule: RateLimitRule = { requests, periodMs, burst: requests, key: { kind: 'ip' }, path: '' };
  for (const member of members) {
    const at = member.indexOf('=');
    const value = member.slice(at + 1);
    switch (at === -1 ? '' : member.slice(0, at)) {
      case 'burst': {
        const burst = readCount(value);
        if (burst === null) throw invalid(label, text, `'${value}' is no number of requests`, HINT);
        rule = { ...rule, burst };
        break;
      }
      case 'key':
        rule = { ...rule, key: readKey(label, text, value) };
        break;
      case 'path':
        if (!/^\/[!-~]*$/.test(value) || /[?#]/.test(value))
          throw invalid(label, text, `'${value}' is no path`, HINT);
        rule = { ...rule, path: value };
        break;
      default:
        throw invalid(label, text, `'${member}' is unknown`, HINT);
    }
  }
  return rule;
}

function readCount(text: string): number | null {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_REQUESTS ? count : null;
}

function readKey(label: string, text: string, value: string): RateLimitRule['key'] {
  if (value === 'ip') return { kind: 'ip' };
  const [, kind, name = ''] = /^(header|cookie):([!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.exec(value) ?? [];
  if (kind === 'header') return { kind, name: name.toLowerCase() };
  if (kind === 'cookie') return { kind, name };
  throw invalid(label, text, `'${value}' is nothing to count by`, HINT);
}
