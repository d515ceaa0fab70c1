/** The app's output is cut into lines in bounded memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSplitter, MAX_LINE_BYTES } from '../../../app/output.js';

function split(...chunks: readonly string[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line.toString('utf8')));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return lines;
}

test('lines are whole however the bytes arrive', () => {
  assert.deepEqual(split('a', 'b\nc', '\n', '\nd\ne\n'), ['ab', 'c', '', 'd', 'e']);
});

test('a last line without newline is delivered at the end', () => {
  assert.deepEqual(split('a\nb'), ['a', 'b']);
});

test('a carriage return and colours stay in the line', () => {
  assert.deepEqual(split('\u001b[1mx\u001b[0m\r\n'), ['\u001b[1mx\u001b[0m\r']);
});

test('a line without end is delivered in pieces', () => {
  const long = 'x'.repeat(MAX_LINE_BYTES * 2 + 5);
  const lines = split(long.slice(0, 30_000), long.slice(30_000), '\n');
  assert.deepEqual(
    lines.map((line) => line.length),
    [MAX_LINE_BYTES, MAX_LINE_BYTES, 5],
  );
});
