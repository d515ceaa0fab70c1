/** Where the answer to http-01 stands among what the front decides about a request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from '../../../proxy/exchange/counters.js';
import { Exchange } from '../../../proxy/exchange/exchange.js';
import { passGate } from '../../../proxy/exchange/gate.js';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { Notices } from '../../../proxy/exchange/log/notices.js';
import { Measures } from '../../../proxy/exchange/measures.js';
import { compileObservers } from '../../../proxy/exchange/observe/observer.js';
import { compilePolicy } from '../../../proxy/exchange/policy.js';
import type { ConnectionFacts } from '../../../proxy/exchange/types.js';
import { Upstreams } from '../../../proxy/routing/upstreams.js';
import { resolveGiven } from '../../support/settings.js';

const PLAIN: ConnectionFacts = {
  remoteAddress: '127.0.0.1',
  remotePort: 1,
  localAddress: '127.0.0.1',
  localPort: 80,
  tlsVersion: '',
  cipher: '',
  tlsGroup: '',
  serverName: '',
  trusted: false,
  certificate: null,
  listener: 0,
  clientFields: [],
};

/** The status of the front's own answer on a plain listener while `token` is being validated; null: the app is asked. */
function statusOf(path: string, isClosed: boolean): number | null {
  const config = resolveGiven({ flags: { http: ['127.0.0.1:0'], upstream: ['8080'] } });
  const policy = compilePolicy(config, 443, 'marker');
  policy.live.challenges = new Map([['token', 'token.thumbprint']]);
  policy.live.isClosed = () => isClosed;
  const head = { method: 'GET', path, authority: 'closed.example', headers: [], httpVersion: '1.1' } as const;
  const log = new LineWriter();
  const services = {
    policy,
    sites: null,
    counters: createCounters(),
    measures: new Measures(),
    log,
    observers: compileObservers([]),
    notices: new Notices(log),
  };
  const exchange = new Exchange({ ...head, headers: [], memo: null }, PLAIN, services);
  const upstreams = new Upstreams(config.apps);
  upstreams.update([]);
  const passed = passGate({ exchange, role: 'serve', contentLength: 0 }, upstreams);
  return 'status' in passed ? passed.status : null;
}

test('a name that lets in clients with a certificate alone can still be validated', () => {
  assert.equal(statusOf('/.well-known/acme-challenge/token', true), 200);
});

test('nothing else of such a name is given out without a certificate', () => {
  assert.equal(statusOf('/.well-known/acme-challenge/other', true), 421);
  assert.equal(statusOf('/', true), 421);
});

test("tokens that are not being validated are the app's", () => {
  assert.equal(statusOf('/.well-known/acme-challenge/other', false), null);
});
