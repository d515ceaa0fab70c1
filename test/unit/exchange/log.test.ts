/** What strangers may do to the log: their values are cut and escaped, and nobody's lines are lost while somebody reads. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { type AccessRecord, formatAccessRecord } from '../../../proxy/exchange/log/access-log.js';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { Notices } from '../../../proxy/exchange/log/notices.js';
import { makeWorkspace } from '../../support/workspace.js';

function recordOf(path: string, agent: string): AccessRecord {
  return {
    time: new Date(0),
    head: {
      method: 'GET',
      path,
      authority: 'localhost',
      headers: ['user-agent', agent, 'referer', agent],
      memo: null,
      httpVersion: '1.1',
    },
    facts: {
      remoteAddress: '192.0.2.1',
      remotePort: 1,
      localAddress: '192.0.2.2',
      localPort: 2,
      tlsVersion: '',
      cipher: '',
      tlsGroup: '',
      serverName: '',
      trusted: false,
      certificate: null,
      listener: 0,
      clientFields: [],
    },
    requestId: 'id',
    status: 200,
    bodyBytes: 0,
    durationMs: 1,
    upstreamMs: null,
    upstream: '',
    user: '',
    error: '',
    addedFields: [],
  };
}

for (const format of ['pretty', 'json', 'uwsgi'] as const) {
  test(`${format}: a path is cut at 2 KiB and other values at 512 bytes, and marked`, () => {
    const line = formatAccessRecord(recordOf(`/${'p'.repeat(3000)}`, '\xff'.repeat(15_000)), format);
    assert.ok(line.length < 8 * 1024, `${line.length} bytes`);
    assert.match(line, /p\.\.\.\[\+953 bytes\]/);
    if (format !== 'uwsgi') assert.match(line, /\.\.\.\[\+14488 bytes\]/);
  });

  test(`${format}: control characters of strangers never reach a terminal`, () => {
    const line = formatAccessRecord(recordOf('/\x9b31m\x85\x7f', '\x9d0;title\x07\x1b[2J\n'), format);
    const codes = Array.from(line.slice(0, -1), (character) => character.charCodeAt(0));
    assert.deepEqual(
      codes.filter((code) => code <= 0x1f || (code >= 0x7f && code <= 0x9f)),
      [],
    );
  });
}

test('a JSON line with C1 controls reads back as what was sent', () => {
  const line = formatAccessRecord(recordOf('/\x9b31m', 'caf\xe9 \x9d'), 'json');
  const { path, userAgent }: Record<string, unknown> = JSON.parse(line);
  assert.deepEqual([path, userAgent], ['/\x9b31m', 'caf\xe9 \x9d']);
});

test('a burst far beyond the buffer loses no line while the file takes it', (t) => {
  const folder = makeWorkspace(t);
  const file = folder.at('log');
  const descriptor = openSync(file, 'w+');
  t.after(() => closeSync(descriptor));
  let lost = 0;
  const log = new LineWriter(descriptor, () => {
    lost += 1;
  });
  const line = `${'x'.repeat(999)}\n`;
  for (let count = 0; count < 5000; count += 1) log.write(line);
  log.flush();
  assert.equal(lost, 0);
  const buffer = Buffer.alloc(6_000_000);
  assert.equal(readSync(descriptor, buffer, 0, buffer.length, 0), 5000 * 1000);
});

test('lines are dropped where nobody reads the pipe; how many is counted, and told when somebody does', (t) => {
  const folder = makeWorkspace(t);
  const fifo = folder.at('pipe');
  assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
  const descriptor = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(descriptor));
  let lost = 0;
  const log = new LineWriter(descriptor, () => {
    lost += 1;
  });
  for (let count = 0; count < 2000; count += 1) log.write(`${'x'.repeat(999)}\n`);
  assert.ok(lost > 0 && lost < 2000);
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  // What the log says last is on its way at the latest after the second flush.
  for (let turn = 0; turn < 40; turn += 1) {
    try {
      text += buffer.toString('latin1', 0, readSync(descriptor, buffer));
    } catch {
      log.flush();
    }
  }
  assert.match(text, new RegExp(`\\nwarning: ${lost} log lines lost, the log is not read fast enough\\n$`));
  assert.equal(text.split('\n').filter((line) => line.length === 999).length, 2000 - lost);
});

test('a notice is written at once, then once in a while with what it stands for', (t) => {
  const folder = makeWorkspace(t);
  const descriptor = openSync(folder.at('log'), 'w+');
  t.after(() => closeSync(descriptor));
  const log = new LineWriter(descriptor);
  let nowMs = 0;
  const notices = new Notices(log, () => nowMs);
  for (let count = 0; count < 5; count += 1) notices.warn('a', 'too many', 'fewer');
  notices.warn('b', 'another');
  nowMs = 10_000;
  notices.warn('a', 'too many', 'fewer');
  nowMs = 20_000;
  notices.warn('a', 'too many');
  log.flush();
  const buffer = Buffer.alloc(4096);
  assert.equal(
    buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, 4096, 0)),
    'warning: too many\nhint: fewer\nwarning: another\n' +
      'warning: too many (and 4 more since the last such line)\nhint: fewer\nwarning: too many\n',
  );
});
