/** What a person at the terminal sees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrontError } from '../../../src/shared/errors.js';
import { type CommandIo, printError, printWarning, usesColour } from '../../../src/terminal/console.js';

interface Recorded extends CommandIo {
  readonly lines: string[];
}

function record(environment: NodeJS.ProcessEnv = {}, isTTY = false): Recorded {
  const lines: string[] = [];
  const stderr = { isTTY, write: (text: string) => lines.push(text) };
  return { lines, environment, stderr, stdout: { write: () => assert.fail('nothing goes to stdout') } };
}

test('an error is one line, its hint another', () => {
  const io = record();
  printError(io, new FrontError('config_usage', 'thing, reason', { hint: 'next step' }));
  assert.deepEqual(io.lines, ['error: thing, reason\n', 'hint: next step\n']);
});

for (const [code, expected] of [
  ['config_usage', 2],
  ['config_invalid', 2],
  ['certificate_broken', 2],
  ['listen_failed', 1],
  ['worker_failed', 1],
  ['internal', 1],
] as const) {
  test(`${code} ends with exit code ${expected}`, () => {
    assert.equal(printError(record(), new FrontError(code, 'x')), expected);
  });
}

test('an unexpected error is one line with how to report it, and exit code 1', () => {
  const io = record();
  assert.equal(printError(io, new TypeError('boom\nsecond line')), 1);
  assert.equal(io.lines.length, 2);
  assert.match(io.lines[0] ?? '', /^error: unexpected: boom\n$/);
  assert.match(io.lines[1] ?? '', /^hint: this is a fault in tlsfront: .*TLSFRONT_DEBUG=1/);
});

test('a thrown text is told too', () => {
  const io = record();
  assert.equal(printError(io, 'just text'), 1);
  assert.equal(io.lines[0], 'error: unexpected: just text\n');
});

test('a stack trace is shown only with TLSFRONT_DEBUG=1', () => {
  const error = new FrontError('config_usage', 'x');
  const quiet = record();
  printError(quiet, error);
  assert.doesNotMatch(quiet.lines.join(''), /at /);
  const loud = record({ TLSFRONT_DEBUG: '1' });
  printError(loud, error);
  assert.match(loud.lines.join(''), /\n\s+at /);
});

test('control characters do not reach the terminal', () => {
  const io = record({}, true);
  printWarning(io, 'a\u001b]0;owned\u0007b\nerror: forged\u009b');
  assert.equal(io.lines.length, 1);
  assert.match(io.lines[0] ?? '', /a\\x1b\]0;owned\\x07b\\x0aerror: forged\\x9b\n$/);
});

test('colour is for terminals without NO_COLOR that are not dumb', () => {
  const terminal = { isTTY: true, write: () => true };
  assert.equal(usesColour(terminal, {}), true);
  assert.equal(usesColour(terminal, { NO_COLOR: '' }), true);
  assert.equal(usesColour(terminal, { NO_COLOR: '1' }), false);
  assert.equal(usesColour(terminal, { TERM: 'dumb' }), false);
  assert.equal(usesColour({ write: () => true }, {}), false);
});

test('only the mark of a line is coloured', () => {
  const io = record({}, true);
  printWarning(io, 'careful');
  assert.deepEqual(io.lines, ['\u001b[33mwarning:\u001b[0m careful\n']);
});
