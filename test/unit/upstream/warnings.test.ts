/** What the log says where a client only gets a status: no descriptor for the app, no room for a body. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warnOfSpool } from '../../../proxy/direct/body/spool-warning.js';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { Notices } from '../../../proxy/exchange/log/notices.js';
import { createUpstream } from '../../../proxy/routing/upstream.js';
import { warnOfAnswer } from '../../../proxy/upstream/answer-warning.js';
import { warnOfConnecting } from '../../../proxy/upstream/connect-warning.js';
import { appsOf } from '../../support/settings.js';

class Lines extends LineWriter {
  readonly lines: string[] = [];
  override say(level: string, message: string, hint: string | null = null): void {
    this.lines.push(`${level}: ${message}${hint === null ? '' : `\nhint: ${hint}`}`);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

const APP = appsOf('8080')[0] ?? assert.fail();
const UPSTREAM = createUpstream(
  {
    ...{ id: 1, key: 'k', scheme: 'http', host: '127.0.0.1', port: 3000, path: null, app: 0, weight: 1 },
    ...{ proxyProtocol: null, needsLength: false, ready: true, lookUp: null, hostName: null },
  },
  APP,
);

for (const [code, whose] of [
  ['EMFILE', 'this process'],
  ['ENFILE', 'this machine'],
] as const) {
  test(`${code} towards the app is told once, with the way out`, () => {
    const log = new Lines();
    const logs = { log, notices: new Notices(log, () => 0) };
    for (let count = 0; count < 3; count += 1)
      warnOfConnecting(logs, UPSTREAM, 'upstream_refused', failure(code));
    assert.equal(log.lines.length, 1);
    assert.match(
      log.lines[0] ?? '',
      /^warning: no connection to the app at 127\.0\.0\.1:3000: too many files/,
    );
    assert.ok(log.lines[0]?.includes(`are open in ${whose}`));
    assert.match(log.lines[0] ?? '', /\nhint: raise the limit \(ulimit -n/);
  });
}

test('a refusal of the app is no shortage of ours', () => {
  const log = new Lines();
  warnOfConnecting({ log, notices: new Notices(log) }, UPSTREAM, 'upstream_refused', failure('ECONNREFUSED'));
  assert.deepEqual(log.lines, []);
});

test('a full disk under buffered bodies is told once, with the way out', () => {
  const log = new Lines();
  const notices = new Notices(log, () => 0);
  for (let count = 0; count < 3; count += 1) warnOfSpool(notices, failure('ENOSPC'));
  assert.equal(log.lines.length, 1);
  assert.match(
    log.lines[0] ?? '',
    /^warning: a request body could not be held in .*; its client got 500\nhint: make room/,
  );
});

test('an answer that broke a rule is told with the rule, once for each; one that broke none is not', () => {
  const log = new Lines();
  const notices = new Notices(log, () => 0);
  for (const fault of ['', 'truncated', 'truncated', 'chunk_size_invalid', ''])
    warnOfAnswer(notices, UPSTREAM, fault);
  assert.deepEqual(log.lines, [
    'warning: 127.0.0.1:3000: an answer is refused: it ended before it was whole',
    'warning: 127.0.0.1:3000: an answer is refused: chunk size invalid',
  ]);
});
