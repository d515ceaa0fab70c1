/** More connections than files: told at the start, with numbers that help. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { parseDescriptorLimit, warnOfDescriptors } from '../../../proxy/listen/descriptor-limit.js';
import type { LogLevel } from '../../../src/shared/log-lines.js';

class Lines extends LineWriter {
  text = '';
  override say(level: LogLevel, message: string, hint: string | null = null): void {
    this.text += `${level}: ${message}\n${hint === null ? '' : `hint: ${hint}\n`}`;
  }
}

function told(maxConnections: number, limit: number | null): string {
  const lines = new Lines();
  warnOfDescriptors({ maxConnections, maxUpstreamConnections: 256 }, lines, limit);
  return lines.text;
}

test('the soft limit is read as Linux writes it', () => {
  const text =
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files     \n';
  assert.equal(parseDescriptorLimit(text), 1024);
  assert.equal(
    parseDescriptorLimit('Max open files            unlimited            unlimited            files\n'),
    null,
  );
});

test('nothing is said where the limit is high enough or not known', () => {
  assert.equal(told(16_384, 16_704), '');
  assert.equal(told(16_384, null), '');
});

test('a lower limit is told with the number of connections it allows', () => {
  const text = told(16_384, 1024);
  assert.match(
    text,
    /^warning: --max-connections 16384 is more than this process may open: its limit is 1024 files\n/,
  );
  assert.match(text, /ulimit -n 16704.*--max-connections 704\n$/);
});
