/** What the log says of apps that do not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { reachabilityLog } from '../../../proxy/routing/reachability-log.js';
import { createUpstream } from '../../../proxy/routing/upstream.js';
import { Upstreams } from '../../../proxy/routing/upstreams.js';
import type { LogLevel } from '../../../src/shared/log-lines.js';
import type { UpstreamState } from '../../../src/shared/messages/router-messages.js';
import { appsOf } from '../../support/settings.js';

class Lines extends LineWriter {
  readonly lines: string[] = [];
  override say(level: LogLevel, message: string): void {
    this.lines.push(`${level === 'info' ? '' : `${level}: `}${message}\n`);
  }
}

const APP = appsOf('8080')[0] ?? assert.fail();

const STATE: UpstreamState = {
  id: 1,
  key: 'k',
  scheme: 'http',
  host: '127.0.0.1',
  port: 3000,
  path: null,
  app: 0,
  lookUp: null,
  hostName: null,
  weight: 1,
  proxyProtocol: null,
  needsLength: false,
  ready: true,
};

test('one line when an app is left out, one when it is back, and no more while it flaps', () => {
  const log = new Lines();
  let nowMs = 0;
  const report = reachabilityLog(log, () => nowMs);
  const upstream = createUpstream(STATE, APP);
  report(upstream, 'nothing answers there');
  report(upstream, null);
  report(upstream, 'nothing answers there');
  report(upstream, null);
  nowMs = 1_000;
  report(upstream, '3 failures within 10 s');
  assert.deepEqual(log.lines, [
    'warning: the app at 127.0.0.1:3000 is left out: nothing answers there; ' +
      'GET requests wait up to 10 s for it, others go to another app or get 503\n',
    'the app at 127.0.0.1:3000 answers again\n',
    'warning: the app at 127.0.0.1:3000 is left out: 3 failures within 10 s; ' +
      'GET requests wait up to 10 s for it, others go to another app or get 503\n',
  ]);
});

test('a refusal is told once, however many requests meet it', () => {
  const reasons: (string | null)[] = [];
  const upstreams = new Upstreams([APP], (_upstream, reason) => reasons.push(reason));
  upstreams.update([STATE]);
  const [upstream] =
    upstreams.find(
      { method: 'GET', path: '/', authority: 'a', headers: [], memo: null, httpVersion: '1.1' },
      null,
    )?.upstreams ?? [];
  assert.ok(upstream !== undefined);
  upstreams.markDown(upstream);
  upstreams.markDown(upstream);
  assert.deepEqual(reasons, ['nothing answers there']);
});
