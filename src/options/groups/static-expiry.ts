/** How long answers with static files may be kept: uWSGI's `--static-expires` and its like. */
import type { ExpiryRule } from '../../shared/config/apps.js';
import { type OptionRow, row } from '../option-row.js';
import { invalid } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { parseDuration } from '../values/quantities.js';

const GROUP = 'Static files';

function expiryRow(flag: string, argument: string, description: string): OptionRow {
  return row(GROUP, 'text', flag, argument, description, { repeatable: true, lines: true, uwsgi: 'same' });
}

/** Their rows, in the order of `--help`. */
export const EXPIRY_OPTIONS = {
  staticExpires: expiryRow(
    '--static-expires',
    '<regexp time>',
    'Expires: so long after the request, for files whose whole name matches',
  ),
  staticExpiresMtime: expiryRow(
    '--static-expires-mtime',
    '<regexp time>',
    'The same, counted from the last change of the file',
  ),
  staticExpiresPathInfo: expiryRow(
    '--static-expires-path-info',
    '<regexp time>',
    'Expires by the path of the request, decoded',
  ),
  staticExpiresPathInfoMtime: expiryRow(
    '--static-expires-path-info-mtime',
    '<regexp time>',
    'The same, counted from the last change of the file',
  ),
  staticExpiresUri: expiryRow(
    '--static-expires-uri',
    '<regexp time>',
    'Expires by path and query as they were sent',
  ),
  staticExpiresUriMtime: expiryRow(
    '--static-expires-uri-mtime',
    '<regexp time>',
    'The same, counted from the last change of the file',
  ),
  staticExpiresType: expiryRow(
    '--static-expires-type',
    '<type=time>',
    'Expires by the media type: text/css=1d',
  ),
  staticExpiresTypeMtime: expiryRow(
    '--static-expires-type-mtime',
    '<type=time>',
    'The same, counted from the last change of the file',
  ),
} satisfies Record<string, OptionRow>;

/** In the order in which uWSGI asks them, and by which the first that fits is found. */
const KINDS: readonly (readonly [
  key: keyof typeof EXPIRY_OPTIONS,
  of: ExpiryRule['of'],
  from: ExpiryRule['from'],
])[] = [
  ['staticExpires', 'file', 'request'],
  ['staticExpiresMtime', 'file', 'change'],
  ['staticExpiresPathInfo', 'path', 'request'],
  ['staticExpiresPathInfoMtime', 'path', 'change'],
  ['staticExpiresUri', 'uri', 'request'],
  ['staticExpiresUriMtime', 'uri', 'change'],
  ['staticExpiresType', 'type', 'request'],
  ['staticExpiresTypeMtime', 'type', 'change'],
];

/** Names of their settings. */
export const EXPIRY_KEYS = KINDS.map(([key]) => key);

/** Dates beyond that are no use, and those far beyond are none (RFC 9111 §1.2.2 ends at 2^31 seconds). */
const MAX_MS = 2 ** 31 * 1000;

/** The rules in their order. @throws FrontError config_invalid */
export function readExpiries(settings: Settings): readonly ExpiryRule[] {
  return KINDS.flatMap(([key, of, from]) => {
    const { label, values } = settings.get(key);
    return values.map((text) => readRule(label, text, of, from));
  });
}

function readRule(label: string, text: string, of: ExpiryRule['of'], from: ExpiryRule['from']): ExpiryRule {
  const hint =
    of === 'type' ? 'write text/css=1d' : "write '/static/.* 1d': a regular expression, a blank, a time";
  const at = text.indexOf(of === 'type' ? '=' : ' ');
  if (at < 1) throw invalid(label, text, 'not a pattern and a time', hint);
  const pattern = text.slice(0, at);
  const time = text.slice(at + 1).trim();
  const afterMs = parseDuration(time);
  if (afterMs === null) throw invalid(label, text, `'${time}' is not a time`, hint);
  if (afterMs > MAX_MS) throw invalid(label, text, 'too long', 'the most is 24855d');
  if (of === 'type') return { of, pattern: pattern.toLowerCase(), afterMs, from };
  try {
    new RegExp(pattern);
  } catch {
    throw invalid(label, text, `'${pattern}' is not a regular expression`, hint);
  }
  return { of, pattern, afterMs, from };
}
