/** Holds the tests to one way of asking for outside programs, so that a machine without them skips and does not fail. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MISSING, requireTools } from '../support/tools.js';
import { PACKAGE_ROOT } from '../support/workspace.js';

/** Every machine that can run the tests has these: npm, bash and coreutils. */
const EVERYWHERE = ['npm', 'sh', 'bash', 'cat', 'cp', 'env', 'mkfifo', 'sleep', 'true', 'false'];

/** A program that is named where it is started, instead of a path that tools.ts gave. */
const STARTED_BY_NAME = /\b(?:spawn|spawnSync|execFile|execFileSync|run)\(\s*'([^']+)'/g;

const sources = readdirSync(join(PACKAGE_ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name): readonly [string, string] => [name, readFileSync(join(PACKAGE_ROOT, 'test', name), 'utf8')]);

test('no test starts an outside program without having asked for it', () => {
  const found = sources.flatMap(([name, text]) =>
    [...text.matchAll(STARTED_BY_NAME)]
      .map(([, program = '']) => program)
      .filter((program) => !EVERYWHERE.includes(program.slice(program.lastIndexOf('/') + 1)))
      .map((program) => `${name} starts ${program}`),
  );
  assert.deepEqual(found, []);
});

test('no test names the folder of a program, which another machine keeps elsewhere', () => {
  const named = sources
    .filter(
      ([name, text]) => name !== 'support/tools.ts' && /'\/usr\/s?bin\/(?!(?:env|node)')[\w-]+'/.test(text),
    )
    .map(([name]) => name);
  assert.deepEqual(named, []);
});

test('a file that starts Python or uWSGI for a WSGI file asks for Python', () => {
  // The product's own messages about files that it does not start need none.
  const silent = sources
    .filter(
      ([name, text]) =>
        /planWsgi\(|'--wsgi-file', (?:fixture|INDEX|workspace)/.test(text) && !name.startsWith('support/'),
    )
    .filter(([, text]) => !/(?:require|find)Python\(/.test(text))
    .map(([name]) => name);
  assert.deepEqual(silent, ['cli/check.test.ts']);
});

test('a tool that is missing skips the test and gives MISSING, or fails the test where tools are required', (t) => {
  const skipped: (string | undefined)[] = [];
  const stand = { skip: (reason?: string) => void skipped.push(reason) };
  const before = process.env.TLSFRONT_REQUIRE_TOOLS;
  t.after(() => {
    if (before === undefined) delete process.env.TLSFRONT_REQUIRE_TOOLS;
    else process.env.TLSFRONT_REQUIRE_TOOLS = before;
  });
  delete process.env.TLSFRONT_REQUIRE_TOOLS;
  assert.equal(requireTools(stand, 'no-such-tool'), MISSING);
  assert.deepEqual(skipped, ['no-such-tool is not installed']);
  process.env.TLSFRONT_REQUIRE_TOOLS = '1';
  assert.throws(() => requireTools(stand, 'no-such-tool'), /no-such-tool is not installed/);
});
