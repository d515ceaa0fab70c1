/** Who may come in: address blocks, and how many requests a client may make. */
import type { AccessConfig, AddressRule } from '../../shared/access.js';
import { parseBlock } from '../../shared/address-blocks.js';
import type { ListenerConfig } from '../../shared/config.js';
import type { Platform } from '../../system/platform.js';
import { cutScope } from '../access-scope.js';
import { BLOCK_HINT } from '../address-blocks.js';
import { type OptionRow, row } from '../option-row.js';
import { readRateLimit } from '../rate-limit.js';
import { invalid, requireFile } from '../read-setting.js';
import type { Settings } from '../settings.js';

const GROUP = 'Access';

/** Their rows, in the order of `--help`. */
export const ACCESS_OPTIONS = {
  allow: row(GROUP, 'text', '--allow', '<[route=]cidr|@file>', 'Serve these clients alone; others get 403', {
    repeatable: true,
    commas: true,
  }),
  deny: row(GROUP, 'text', '--deny', '<[route=]cidr|@file>', 'Serve all but these clients; before --allow', {
    repeatable: true,
    commas: true,
  }),
  rateLimit: row(
    GROUP,
    'text',
    '--rate-limit',
    '<[route=]n/s[,burst=n][,key=…][,path=…]>',
    'Requests a client may make, evenly; beyond them 429',
    { repeatable: true },
  ),
} satisfies Record<string, OptionRow>;

/** @param listeners whose ports rules may name. @throws FrontError config_invalid */
export function readAccess(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  platform: Platform,
): AccessConfig {
  const rates = settings.get('rateLimit');
  return {
    addresses: [
      ...readAddressRules(settings, 'deny', listeners, platform),
      ...readAddressRules(settings, 'allow', listeners, platform),
    ],
    rateLimits: rates.values.map((text) => readRateLimit(rates.label, text, listeners)),
  };
}

/** One rule a value: its scope holds for all that the value names. */
function readAddressRules(
  settings: Settings,
  action: AddressRule['action'],
  listeners: readonly ListenerConfig[],
  platform: Platform,
): readonly AddressRule[] {
  const { label, values } = settings.get(action);
  return values.map((text) => {
    const [scope, rest] = cutScope(label, text, listeners);
    const blocks: string[] = [];
    const files: string[] = [];
    for (const member of rest.split(',').map((part) => part.trim())) {
      if (member.startsWith('@')) {
        const file = member.slice(1);
        if (file === '') throw invalid(label, text, 'behind @ stands no file', BLOCK_HINT);
        requireFile(platform, label, file, 'the file has one address block a line; check the path');
        files.push(file);
        continue;
      }
      const block = parseBlock(member);
      if (block !== null) blocks.push(block);
      else if (member === '') throw invalid(label, text, 'a value is empty', BLOCK_HINT);
      else if (member.includes('='))
        throw invalid(label, text, `'${member}' stands behind a comma`, `repeat ${label} for another route`);
      else throw invalid(label, text, 'not an address block', `${BLOCK_HINT}, or @FILE`);
    }
    return { action, scope, blocks, files };
  });
}
