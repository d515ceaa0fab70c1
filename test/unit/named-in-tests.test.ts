/** Whatever a table lists for people is made to happen by a test that names it: findings about chains, options, metrics. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FINDINGS } from '../../src/certificates/findings.js';
import { optionOf, SETTING_KEYS } from '../../src/options/table.js';
import { METRICS } from '../../src/shared/metrics.js';
import { PACKAGE_ROOT } from '../support/workspace.js';

/** These read the tables themselves and name what they find there. */
const BY_TABLE = ['unit/options/docs.test.ts', 'unit/named-in-tests.test.ts'];

const SOURCES = readdirSync(join(PACKAGE_ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !BY_TABLE.includes(name) && !name.startsWith('mutate/'))
  .map((name) => readFileSync(join(PACKAGE_ROOT, 'test', name), 'utf8'))
  .join('\n');

/** Every word of the tests, so that `--key` is not found in `--keylog`. */
const WORDS = new Set(SOURCES.match(/[\w-]+/g));

const unnamed = (names: readonly string[]): string[] => names.filter((name) => !WORDS.has(name));

// The errors of requests are in edge/error-codes, the faults of HTTP/2 connections in wire/http2/close-reasons.

test('each finding of the chain doctor', () => {
  assert.deepEqual(unnamed(Object.keys(FINDINGS)), []);
});

test('each option, by its flag or by its name in code', () => {
  const missing = SETTING_KEYS.filter((key) => unnamed([optionOf(key).flag, key]).length === 2);
  assert.deepEqual(missing, []);
});

test('each metric', () => {
  assert.deepEqual(unnamed(Object.keys(METRICS)), []);
});
