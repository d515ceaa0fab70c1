/** The app's output is cut into lines in bounded memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { LineSplitter, MAX_LINE_BYTES, relayLines } from '../../../app/output.js';
import { BARE_LINES } from '../../../src/shared/log-lines.js';
import { DescriptorWriter, MAX_QUEUED_BYTES } from '../../../src/system/descriptor-writer.js';
import { until } from '../../support/deadline.js';
import { makeWorkspace } from '../../support/workspace.js';

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

/** A named pipe whose reader takes nothing until it is asked to. */
function pipeOf(t: TestContext): { readonly write: number; readonly takeAll: () => number } {
  const path = makeWorkspace(t).at('pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.after(() => {
    for (const descriptor of [read, write]) closeSync(descriptor);
  });
  const bytes = Buffer.alloc(65_536);
  return {
    write,
    takeAll: () => {
      try {
        return readSync(read, bytes);
      } catch {
        return 0;
      }
    },
  };
}

test('an app whose output nobody reads is held up, and loses nothing when somebody does', async (t) => {
  const pipe = pipeOf(t);
  const writer = new DescriptorWriter(pipe.write, true);
  const source = new PassThrough({ highWaterMark: 65_536 });
  let lines = 0;
  relayLines(source, writer, { prefix: '[app] ', lines: BARE_LINES, stream: 'stdout' }, () => {
    lines += 1;
  });
  const line = Buffer.from(`${'x'.repeat(999)}\n`);
  let written = 0;
  // So much that a relay which goes on reading would hold all of it.
  while (source.write(line) && written < 20_000) written += 1;
  await until(() => writer.full, 10_000, 'a full queue');
  while (source.write(line) && written < 20_000) written += 1;
  assert.ok(source.isPaused());
  assert.ok(lines * line.length < 2 * MAX_QUEUED_BYTES, `${lines} lines were taken`);
  source.end();
  let taken = 0;
  await until(
    () => {
      taken += pipe.takeAll();
      return source.readableEnded && !writer.waits && pipe.takeAll() === 0;
    },
    20_000,
    'the rest',
  );
  assert.ok(taken > 0);
  assert.ok(lines > written, `${lines} of ${written}`);
});
