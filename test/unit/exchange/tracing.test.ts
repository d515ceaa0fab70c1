/** traceparent is passed on where it is one, and begun where it is missing or wrong; X-Request-Start says when a request came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removeReplaced, traceIdOf, tracingFields } from '../../../proxy/exchange/headers/tracing.js';
import type { ConnectionFacts } from '../../../proxy/exchange/types.js';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const BOTH = { traceparent: true, requestStart: true };

function factsOf(trusted: boolean): ConnectionFacts {
  return {
    remoteAddress: '192.0.2.1',
    remotePort: 1,
    localAddress: '',
    localPort: 2,
    tlsVersion: '',
    cipher: '',
    tlsGroup: '',
    serverName: '',
    trusted,
    listener: 0,
    certificate: null,
    clientFields: [],
  };
}

/** W3C Trace Context §3.2 and §4.3: the value, and whether it is one. */
const VALUES: readonly (readonly [string, boolean])[] = [
  [`00-${ID}-${PARENT}-01`, true],
  [`00-${ID}-${PARENT}-00`, true],
  [`cc-${ID}-${PARENT}-01`, true],
  [`cc-${ID}-${PARENT}-01-what-comes`, true],
  [`cc-${ID}-${PARENT}-01.what`, false],
  [`00-${ID}-${PARENT}-01-more`, false],
  [`ff-${ID}-${PARENT}-01`, false],
  [`00-${ID.toUpperCase()}-${PARENT}-01`, false],
  [`00-${'0'.repeat(32)}-${PARENT}-01`, false],
  [`00-${ID}-${'0'.repeat(16)}-01`, false],
  [`00-${ID}-${PARENT}-1`, false],
  [`00-${ID}-${PARENT}_01`, false],
  ['', false],
  ['x', false],
];

for (const [value, isValid] of VALUES) {
  test(`'${value}' is ${isValid ? 'passed on' : 'replaced'}`, () => {
    const headers = ['traceparent', value, 'tracestate', 'a=b', 'accept', '*/*'];
    const added = tracingFields(headers, factsOf(false), { ...BOTH, requestStart: false }, 0);
    const out = [...headers];
    removeReplaced(out, headers, factsOf(false), BOTH);
    if (isValid) assert.deepEqual([added, out, traceIdOf(headers)], [[], headers, ID]);
    else {
      assert.match(added.join(' '), /^traceparent 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      assert.deepEqual(out, ['accept', '*/*']);
      assert.equal(traceIdOf(added).length, 32);
    }
  });
}

test('sent twice it is none', () => {
  const headers = ['traceparent', VALUES[0]?.[0] ?? '', 'traceparent', VALUES[1]?.[0] ?? ''];
  assert.equal(traceIdOf(headers), '');
});

test("X-Request-Start is ours, but a trusted front's stays", () => {
  const config = { ...BOTH, traceparent: false };
  const given = ['x-request-start', 't=1'];
  const ago = performance.now() - 5000;
  const [name, value = ''] = tracingFields(given, factsOf(false), config, ago);
  assert.equal(name, 'x-request-start');
  const agoMs = Date.now() - Number(/^t=(\d{13})$/.exec(value)?.[1]);
  assert.ok(agoMs >= 5000 && agoMs < 60_000, `${agoMs}`);
  const out = [...given];
  removeReplaced(out, given, factsOf(false), config);
  assert.deepEqual(out, []);
  assert.deepEqual(tracingFields(given, factsOf(true), config, ago), []);
  const kept = [...given];
  removeReplaced(kept, given, factsOf(true), config);
  assert.deepEqual(kept, given);
});

test('without the options nothing is added or taken', () => {
  const headers = ['traceparent', 'x', 'x-request-start', 'y'];
  const config = { traceparent: false, requestStart: false };
  const out = [...headers];
  removeReplaced(out, headers, factsOf(false), config);
  assert.deepEqual([tracingFields(headers, factsOf(false), config, 0), out], [[], headers]);
});
