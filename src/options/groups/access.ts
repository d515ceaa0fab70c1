/** Who may come in: address blocks, and how many requests a client may make. */

import { parseBlock } from '../../shared/addresses/address-blocks.js';
import type { AccessConfig, AddressRule } from '../../shared/config/access.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { invalid, readSwitch, readText, refuseWithout, requireFile } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { cutScope } from '../values/access-scope.js';
import { BLOCK_HINT } from '../values/address-blocks.js';
import { readForwardAuth } from '../values/forward-auth.js';
import { MAX_DURATION_MS } from '../values/quantities.js';
import { readRateLimit } from '../values/rate-limit.js';
import { readTls } from './upstreams.js';

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
  basicAuth: row(
    GROUP,
    'file',
    '--basic-auth',
    '<[route=]file>',
    'Ask for a user and password of this htpasswd file (bcrypt or scrypt)',
    { repeatable: true },
  ),
  basicAuthPlain: turn(GROUP, '--basic-auth-plain', 'Ask for passwords over plain HTTP too'),
  basicAuthPass: turn(GROUP, '--basic-auth-pass', 'Let the app have the Authorization header too'),
  forwardAuth: row(
    GROUP,
    'text',
    '--forward-auth',
    '<[route=]url>',
    'Ask this server about each request: 2xx lets it in, else the client gets its answer',
    { repeatable: true },
  ),
  forwardAuthHeaders: row(
    GROUP,
    'text',
    '--forward-auth-headers',
    '<name>',
    'Header fields of its answer that the app gets, and that clients cannot send',
    { repeatable: true, commas: true },
  ),
  forwardAuthReplyHeaders: row(
    GROUP,
    'text',
    '--forward-auth-reply-headers',
    '<name>',
    "Header fields of its 2xx answer that the client gets with the app's, as Set-Cookie",
    { repeatable: true, commas: true },
  ),
  forwardAuthTimeout: row(
    GROUP,
    'duration',
    '--forward-auth-timeout',
    '<time>',
    'It must answer within this',
    {
      default: '10s',
      least: 1,
      most: MAX_DURATION_MS,
    },
  ),
  banFile: row(
    GROUP,
    'text',
    '--ban-file',
    '<file>',
    'Keep the bans of tlsfront ban in this file, and take those in it',
  ),
  anyHost: turn(
    GROUP,
    '--any-host',
    'Serve every Host on loopback too, not only localhost, .test, --host and routes',
  ),
} satisfies Record<string, OptionRow>;

/** @param listeners whose ports rules may name. @throws FrontError config_invalid */
export function readAccess(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  platform: Platform,
): AccessConfig {
  const rates = settings.get('rateLimit');
  const passwords = settings.get('basicAuth');
  const plain = readSwitch(settings, 'basicAuthPlain');
  const passesOn = readSwitch(settings, 'basicAuthPass');
  return {
    addresses: [
      ...readAddressRules(settings, 'deny', listeners, platform),
      ...readAddressRules(settings, 'allow', listeners, platform),
    ],
    rateLimits: rates.values.map((text) => readRateLimit(rates.label, text, listeners)),
    passwords: passwords.values.map((text) => {
      const [scope, file] = cutScope(passwords.label, text, listeners);
      if (file === '') throw invalid(passwords.label, text, 'no file is named', PASSWORD_HINT);
      requireFile(platform, passwords.label, file, PASSWORD_HINT);
      return { scope, file, plain, passesOn };
    }),
    forwardAuth: readForwardAuth(settings, listeners, readTls(settings, platform)),
    banFile: readText(settings, 'banFile'),
  };
}

/** Refuses what says how passwords are asked for where nobody asks, here or in a site. @throws FrontError config_usage */
export function requirePasswords(settings: Settings): void {
  const asking = [settings, ...settings.sites.map((site) => site.settings)];
  if (asking.some((one) => one.has('basicAuth'))) return;
  refuseWithout(settings, ['basicAuthPlain', 'basicAuthPass'], '--basic-auth');
}

const PASSWORD_HINT = 'make it with tlsfront password USER >> FILE, or with htpasswd -B';

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
