/** What those who watch an exchange hear of it, in which order, and that nobody is asked who does not watch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from '../../../proxy/exchange/counters.js';
import { Exchange, type ExchangeServices } from '../../../proxy/exchange/exchange.js';
import { AccessLog } from '../../../proxy/exchange/log/access-lines.js';
import { LineWriter } from '../../../proxy/exchange/log/line-writer.js';
import { Notices } from '../../../proxy/exchange/log/notices.js';
import { Measures } from '../../../proxy/exchange/measures.js';
import { Counting } from '../../../proxy/exchange/observe/counting.js';
import { compileObservers, ExchangeObserver } from '../../../proxy/exchange/observe/observer.js';
import { Recording } from '../../../proxy/exchange/observe/recording.js';
import { compilePolicy } from '../../../proxy/exchange/policy.js';
import { buildErrorReply } from '../../../proxy/exchange/reply/local-reply.js';
import type { ConnectionFacts, RequestHead } from '../../../proxy/exchange/types.js';
import type { ErrorCode } from '../../../src/shared/errors.js';
import { BARE_LINES } from '../../../src/shared/log-lines.js';
import { resolveGiven } from '../../support/settings.js';

const FACTS: ConnectionFacts = {
  ...{ remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 443, listener: 0 },
  ...{
    tlsVersion: 'TLSv1.3',
    cipher: '',
    tlsGroup: '',
    serverName: '',
    trusted: false,
    certificate: null,
    clientFields: [],
  },
};
const HEAD: RequestHead = {
  ...{ method: 'POST', path: '/', authority: 'a.test', headers: [], memo: null, httpVersion: '1.1' },
};

/** Writes every event down. */
class Witness extends ExchangeObserver {
  readonly seen: string[] = [];
  override onRequestHead({ head }: Exchange): void {
    this.seen.push(`head ${head.method}`);
  }
  override onDispatched({ upstream }: Exchange): void {
    this.seen.push(`dispatched ${upstream}`);
  }
  override onResponseHead({ status }: Exchange, headers: readonly string[], isLocal: boolean): void {
    this.seen.push(`response ${status} ${headers.length} ${isLocal}`);
  }
  override onInterim(_exchange: Exchange, status: number): void {
    this.seen.push(`interim ${status}`);
  }
  override onBody(_exchange: Exchange, direction: string, piece: Buffer | string): void {
    this.seen.push(`body ${direction} ${piece.length > 9 ? 'long' : String(piece)}`);
  }
  override onTrailers(_exchange: Exchange, direction: string, trailers: readonly string[]): void {
    this.seen.push(`trailers ${direction} ${trailers.join('=')}`);
  }
  override onTunnelBytes(_exchange: Exchange, direction: string, bytes: Buffer): void {
    this.seen.push(`tunnel ${direction} ${bytes}`);
  }
  override onFailure(_exchange: Exchange, code: ErrorCode, isFirst: boolean): void {
    this.seen.push(`failure ${code} ${isFirst}`);
  }
  override onCut(): void {
    this.seen.push('cut');
  }
  override onEnd({ status, bodyBytes }: Exchange): void {
    this.seen.push(`end ${status} ${bodyBytes}`);
  }
}

function servicesWatchedBy(...watching: ExchangeObserver[]): ExchangeServices {
  const log = new LineWriter(2);
  const counters = createCounters();
  return {
    policy: compilePolicy(resolveGiven({}), 443, 'm'),
    sites: null,
    counters,
    measures: new Measures(),
    log,
    observers: compileObservers(watching),
    notices: new Notices(log),
  };
}

test('an observer hears of a whole exchange in its order', () => {
  const witness = new Witness();
  const exchange = new Exchange(HEAD, FACTS, servicesWatchedBy(witness));
  exchange.informed(103, []);
  exchange.dispatched('app:1');
  exchange.received(Buffer.from('abc'));
  exchange.trailed('in', ['x', '1']);
  exchange.trailed('out', []);
  exchange.answered(200, ['a', 'b']);
  exchange.sent(Buffer.from('hello'));
  exchange.failed('upstream_cut');
  exchange.failed('downstream_gone');
  exchange.cut();
  exchange.end();
  exchange.end();
  assert.deepEqual(witness.seen, [
    ...[
      'head POST',
      'interim 103',
      'dispatched app:1',
      'body in abc',
      'trailers in x=1',
      'response 200 2 false',
    ],
    ...['body out hello', 'failure upstream_cut true', 'failure downstream_gone false', 'cut', 'end 200 5'],
  ]);
});

test('bytes of a tunnel are told as such, and a reply of our own with its text, which HEAD does not get', () => {
  const witness = new Witness();
  const tunnel = new Exchange({ ...HEAD, method: 'GET' }, FACTS, servicesWatchedBy(witness));
  tunnel.answered(101, []);
  tunnel.sent(Buffer.from('down'));
  tunnel.received(Buffer.from('up'));
  tunnel.end();
  assert.deepEqual(witness.seen.splice(0), [
    'head GET',
    'response 101 0 false',
    'tunnel out down',
    'tunnel in up',
    'end 101 4',
  ]);
  for (const method of ['GET', 'HEAD']) {
    const refused = new Exchange({ ...HEAD, method }, FACTS, servicesWatchedBy(witness));
    refused.answeredItself({ ...buildErrorReply('forbidden', HEAD, ''), headers: [] });
    refused.end();
    const text = method === 'HEAD' ? [] : ['body out long'];
    assert.deepEqual(witness.seen.splice(0, 2 + text.length), [
      `head ${method}`,
      'response 403 0 true',
      ...text,
    ]);
    assert.match(witness.seen.pop() ?? '', method === 'HEAD' ? /^end 403 0$/ : /^end 403 [1-9]/);
  }
});

test('several observers of an event are called in order, and each event reaches only those that want it', () => {
  const seen: string[] = [];
  class OfEnd extends ExchangeObserver {
    constructor(private readonly name: string) {
      super();
    }
    override onEnd(): void {
      seen.push(this.name);
    }
  }
  const [first, second, nobody] = [new OfEnd('first'), new OfEnd('second'), new ExchangeObserver()];
  const observers = compileObservers([first, nobody, second]);
  assert.notEqual(observers.onBody, nobody);
  assert.equal(observers.onBody, compileObservers([]).onBody, 'nobody watches bodies');
  assert.equal(compileObservers([nobody, first]).onEnd, first, 'the only one is called itself');
  new Exchange(HEAD, FACTS, servicesWatchedBy(first, nobody, second)).end();
  assert.deepEqual(seen, ['first', 'second']);
});

test('the counters stand at nothing open when an exchange of each kind has ended', () => {
  const services = servicesWatchedBy();
  const { counters, measures } = services;
  const counted = { ...services, observers: compileObservers([new Counting(counters, measures)]) };
  for (const [status, headers] of [
    [101, []],
    [200, ['content-type', 'text/event-stream']],
    [200, []],
  ] as const) {
    const exchange = new Exchange(HEAD, FACTS, counted);
    exchange.received(Buffer.from('abc'));
    exchange.answered(status, headers);
    assert.equal(
      counters.tunnelsOpen + counters.eventStreamsOpen,
      headers.length === 0 && status === 200 ? 0 : 1,
    );
    exchange.sent(Buffer.from('de'));
    exchange.failed('upstream_cut');
    exchange.end();
  }
  const { requests, requestsOpen, tunnelsOpen, eventStreamsOpen, bytesIn, bytesOut, upstreamErrors } =
    counters;
  assert.deepEqual([requests, requestsOpen, tunnelsOpen, eventStreamsOpen], [3, 0, 0, 0]);
  assert.deepEqual([bytesIn, bytesOut, upstreamErrors], [9, 6, 3]);
});

test('the access log has the time of the app where the app has answered, and none where we have', () => {
  const lines: string[] = [];
  const config = resolveGiven({ flags: { accessLog: ['true'], logFormat: ['json'] } });
  const services = servicesWatchedBy(
    new Recording(new AccessLog(config, BARE_LINES, { write: (line) => lines.push(line) })),
  );
  const answered = new Exchange(HEAD, FACTS, services);
  answered.dispatched('app:1');
  answered.answered(200, []);
  answered.end();
  const refused = new Exchange(HEAD, FACTS, services);
  refused.answeredItself(buildErrorReply('forbidden', HEAD, ''));
  refused.end();
  const [ofApp, ofOurs] = lines.map((line) => JSON.parse(line).upstreamMs);
  assert.ok(typeof ofApp === 'number' && ofApp >= 0 && ofApp < 60_000, String(ofApp));
  assert.deepEqual([ofOurs, lines.length], [null, 2]);
});
