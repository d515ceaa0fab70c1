/** Lines of the log as the journal, a file and a reader of JSON get them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLogRecord, type LineStyle } from '../../../src/shared/log-lines.js';

const TIME = new Date('2026-11-29T18:37:04.123Z');
const RECORD = { level: 'warning', message: 'two\nlines', hint: 'do it', source: 'master' } as const;

const ROWS: readonly (readonly [name: string, style: Pick<LineStyle, 'form' | 'toJournal'>, text: string])[] =
  [
    ['the journal', { form: 'bare', toJournal: true }, '<4>warning: two | lines\n<4>hint: do it\n'],
    [
      'the journal, as JSON',
      { form: 'json', toJournal: true },
      '<4>{"time":"2026-11-29T18:37:04.123Z","level":"warning","source":"master","message":"two\\nlines","hint":"do it"}\n',
    ],
    [
      'a file',
      { form: 'timed', toJournal: false },
      '2026-11-29T18:37:04.123Z warning: two | lines\n2026-11-29T18:37:04.123Z hint: do it\n',
    ],
  ];

for (const [name, style, text] of ROWS) {
  test(`for ${name}`, () => {
    assert.equal(formatLogRecord(RECORD, { ...style, onTerminal: false, coloured: false }, TIME), text);
  });
}
