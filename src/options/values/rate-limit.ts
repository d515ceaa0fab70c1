/** Reads one `--rate-limit`: whose requests it counts, how many there may be, and by what clients are told apart. */
import type { RateLimitRule } from '../../shared/config/access.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import { invalid } from '../read-setting.js';
import { cutScope } from './access-scope.js';

const HINT =
  'write 10/s, 100/m,burst=20 or /login=5/m; key=header:X-Api-Key or key=cookie:session counts by these';
const PERIODS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const MAX_REQUESTS = 1_000_000;

/** @throws FrontError config_invalid */
export function readRateLimit(
  label: string,
  text: string,
  listeners: readonly ListenerConfig[],
): RateLimitRule {
  const [scope, rest] = cutScope(label, text, listeners);
  const [rate = '', ...members] = rest.split(',');
  const [, count = '', unit = ''] = /^(\d{1,7})\/([smh])$/.exec(rate) ?? [];
  const requests = readCount(count);
  const periodMs = PERIODS.get(unit);
  if (requests === null || periodMs === undefined) throw invalid(label, text, `'${rate}' is no rate`, HINT);
  let rule: RateLimitRule = { scope, requests, periodMs, burst: requests, key: { kind: 'ip' }, path: '' };
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
