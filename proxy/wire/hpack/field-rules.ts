/** How the encoder represents each field: what it may index, and what no intermediary may (RFC 7541 §7.1). */

import { STATIC_COUNT, STATIC_FIELDS } from './static-table.js';

/**
 * `index`: into the dynamic table at first sight. `repeat`: only when the same value comes a second time.
 * `plain`: literal without indexing, it hardly ever repeats. `never`: literal never indexed, it is a secret.
 */
export type Indexing = 'index' | 'repeat' | 'plain' | 'never';

/** What is known of a field name without looking at a connection. */
export interface FieldRule {
  readonly indexing: Indexing;
  /** First entry of this name in the static table, 0 for none. */
  readonly staticIndex: number;
  /** Values of the static entries from `staticIndex` on. */
  readonly staticValues: readonly string[];
}

/** A cookie shorter than this can be guessed from the size of a block (RFC 7541 §7.1.3). */
const MIN_INDEXED_COOKIE_BYTES = 20;

const NEVER = [
  'authorization',
  'proxy-authorization',
  'authentication-info',
  'proxy-authentication-info',
  'set-cookie',
  'set-cookie2',
];

const PLAIN = [
  ':path',
  'age',
  'content-length',
  'content-range',
  'content-disposition',
  'content-location',
  'etag',
  'expires',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'location',
  'proxy-authenticate',
  'referer',
  'retry-after',
  'traceparent',
  'www-authenticate',
  'x-amzn-trace-id',
  'x-correlation-id',
  'x-request-id',
  'x-response-time',
  'x-runtime',
  'x-trace-id',
];

const REPEAT = ['date'];

/** Parts of the names of fields that carry a secret by custom, as `x-api-key`, `x-csrf-token`, `x-amz-security-token`. */
const SECRET_PARTS = [
  'token',
  'secret',
  'passw',
  'credential',
  'api-key',
  'apikey',
  'auth-',
  'session',
  'csrf',
  'xsrf',
];

const UNKNOWN: FieldRule = { indexing: 'index', staticIndex: 0, staticValues: [] };
const SECRET: FieldRule = { indexing: 'never', staticIndex: 0, staticValues: [] };

const RULES = buildRules();

/** The rule of a field name; what the tables do not know is judged by its name. */
export function ruleOf(name: string): FieldRule {
  const rule = RULES.get(name);
  if (rule !== undefined) return rule;
  return SECRET_PARTS.some((part) => name.includes(part)) ? SECRET : UNKNOWN;
}

/** The rule for this value of the field: a short cookie is a short secret. */
export function indexingOf(rule: FieldRule, name: string, value: string): Indexing {
  return name === 'cookie' && value.length < MIN_INDEXED_COOKIE_BYTES ? 'never' : rule.indexing;
}

function buildRules(): Map<string, FieldRule> {
  const rules = new Map<string, FieldRule>();
  for (let index = 1; index <= STATIC_COUNT; index++) {
    const name = STATIC_FIELDS[index << 1] ?? '';
    if (rules.has(name)) continue;
    const staticValues: string[] = [];
    for (let next = index; STATIC_FIELDS[next << 1] === name; next++) {
      staticValues.push(STATIC_FIELDS[(next << 1) + 1] ?? '');
    }
    rules.set(name, { indexing: 'index', staticIndex: index, staticValues });
  }
  const indexings: [Indexing, string[]][] = [
    ['never', NEVER],
    ['plain', PLAIN],
    ['repeat', REPEAT],
  ];
  for (const [indexing, names] of indexings) {
    for (const name of names) rules.set(name, { ...(rules.get(name) ?? UNKNOWN), indexing });
  }
  return rules;
}
