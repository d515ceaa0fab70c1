/** Secrets in a query stay out of the log, in every format. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAccessRecord, redactRecord } from '../../../proxy/exchange/log/access-log.js';
import { redactQuery, redactUser } from '../../../proxy/exchange/log/redact.js';
import { LOG_FORMATS } from '../../../src/shared/config/log-formats.js';
import { resolveGiven } from '../../support/settings.js';

const NAMES = ['token', 'password'];

const CASES: readonly (readonly [string, string])[] = [
  ['/a', '/a'],
  ['/a?', '/a?'],
  ['/a?b=c', '/a?b=c'],
  ['/a?token=s3cret', '/a?token=***'],
  ['/a?x=1&TOKEN=s&y=2&password=p', '/a?x=1&TOKEN=***&y=2&password=***'],
  ['/a?%74oken=s', '/a?%74oken=***'],
  ['/a?%zztoken=s', '/a?%zztoken=s'],
  ['/a?token', '/a?token'],
  ['/a?token=', '/a?token=***'],
  ['/a?token=a=b?c', '/a?token=***'],
  ['/a?mytoken=1', '/a?mytoken=1'],
  ['/token=s', '/token=s'],
  ['https://h/?token=s#f', 'https://h/?token=***#f'],
  ['/a;token=s;v=1/b;TOKEN=t?x=1', '/a;token=***;v=1/b;TOKEN=***?x=1'],
  ['/a;b', '/a;b'],
];

for (const [text, clean] of CASES) {
  test(`${text} is logged as ${clean}`, () => assert.equal(redactQuery(text, NAMES), clean));
}

for (const [address, clean] of [
  ['https://user:pass@h/p@q', 'https://***@h/p@q'],
  ['https://u@h', 'https://***@h'],
  ['https://h/a@b', 'https://h/a@b'],
  ['-', '-'],
  ['', ''],
] as const) {
  test(`${address} is logged without its user`, () => assert.equal(redactUser(address), clean));
}

for (const format of LOG_FORMATS) {
  test(`the ${format} line of a request has no secret of its path or its Referer`, () => {
    const record = {
      time: new Date(0),
      head: {
        method: 'GET',
        path: '/login?password=hunter2&next=/',
        authority: 'app.test',
        headers: [
          'referer',
          'https://ada:hunter2@app.test/;token=hunter2/?token=hunter2',
          'cookie',
          'hunter2',
          'authorization',
          'hunter2',
        ],
        memo: null,
        httpVersion: '1.1',
      },
      facts: {
        remoteAddress: '192.0.2.1',
        remotePort: 1,
        localAddress: '192.0.2.2',
        localPort: 443,
        tlsVersion: 'TLSv1.3',
        cipher: '',
        tlsGroup: '',
        serverName: '',
        trusted: false,
        certificate: null,
        listener: 0,
        clientFields: [],
      },
      requestId: 'r',
      status: 200,
      bodyBytes: 5,
      durationMs: 1,
      upstreamMs: 1,
      upstream: '',
      user: '',
      error: '',
      addedFields: [],
    } as const;
    const line = formatAccessRecord(redactRecord(record, NAMES), format);
    assert.doesNotMatch(line, /hunter2/);
    assert.match(line, /password=\*\*\*&next=\//);
  });
}

test('the names are those of --log-redact, in any case, or none', () => {
  const { logRedact } = resolveGiven({});
  assert.ok(logRedact.includes('password') && logRedact.includes('token'));
  assert.deepEqual(resolveGiven({ flags: { logRedact: ['none'] } }).logRedact, []);
  assert.deepEqual(resolveGiven({ flags: { logRedact: ['Pin,otp'] } }).logRedact, ['pin', 'otp']);
});
