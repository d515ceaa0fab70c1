/** Which source a value comes from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settings } from '../../../src/options/settings.js';
import { environmentName, optionOf, SETTING_KEYS } from '../../../src/options/table.js';
import { complaintOf, resolveGiven } from '../../support/settings.js';

test('a flag beats the environment, the environment beats the default', () => {
  const environment = { TLSFRONT_MERCY: '20s', TLSFRONT_HOLD: '5s' };
  const settings = new Settings({ mercy: ['10s'] }, environment);
  assert.deepEqual(settings.get('mercy'), { values: ['10s'], origin: 'command line', label: '--mercy' });
  assert.deepEqual(settings.get('hold'), { values: ['5s'], origin: 'environment', label: 'TLSFRONT_HOLD' });
  assert.deepEqual(settings.get('readyTimeout'), {
    values: ['60s'],
    origin: 'default',
    label: '--ready-timeout',
  });
});

test('every option can be set from the environment', () => {
  for (const key of SETTING_KEYS) {
    const settings = new Settings({}, { [environmentName(key)]: 'x' });
    assert.deepEqual(settings.get(key), {
      values: ['x'],
      origin: 'environment',
      label: environmentName(key),
    });
  }
});

test('no two options share a flag, a short form or a variable', () => {
  const rows = SETTING_KEYS.map(optionOf);
  const names = [
    ...rows.map(({ flag }) => flag),
    ...rows.flatMap(({ short }) => (short === undefined ? [] : [short])),
    ...SETTING_KEYS.map(environmentName),
  ];
  assert.equal(new Set(names).size, names.length);
});

test('a repeatable option is separated by spaces in the environment and replaced by flags', () => {
  const environment = { TLSFRONT_LISTEN: ' 443  [::1]:8443 ' };
  assert.deepEqual(new Settings({}, environment).get('listen').values, ['443', '[::1]:8443']);
  assert.deepEqual(new Settings({ listen: ['9443'] }, environment).get('listen').values, ['9443']);
});

test('an empty variable counts as not set', () => {
  assert.equal(new Settings({}, { TLSFRONT_MERCY: ' ' }).get('mercy').origin, 'default');
});

test('the last of several values of a single option is taken', () => {
  assert.equal(resolveGiven({ flags: { mercy: ['10s', '20s'] } }).mercyMs, 20_000);
});

test('an app named on the command line replaces the one of the environment', () => {
  const environment = { TLSFRONT_UPSTREAM: '8080', TLSFRONT_WSGI_FILE: 'index.py' };
  assert.equal(resolveGiven({ environment, command: ['node', 'app.js'] }).apps[0]?.upstreams.length, 0);
  assert.equal(
    resolveGiven({ environment, flags: { upstream: ['9090'] } }).apps[0]?.upstreams[0]?.port,
    9090,
  );
  const complaint = complaintOf(() => resolveGiven({ environment }));
  assert.match(complaint, /TLSFRONT_UPSTREAM and TLSFRONT_WSGI_FILE both name an app/);
});

test('a value from the environment is complained about under its variable', () => {
  const complaint = complaintOf(() => resolveGiven({ environment: { TLSFRONT_MERCY: 'soon' } }));
  assert.match(complaint, /^config_invalid: TLSFRONT_MERCY soon: not a time \/ write it as/);
});

test('unknown variables with our prefix are told, those of Kubernetes and our own are not', () => {
  const { warnings } = new Settings(
    {},
    {
      TLSFRONT_LISTENS: '443',
      TLSFRONT_PORT: 'tcp://10.0.0.1:443',
      TLSFRONT_PORT_443_TCP_ADDR: '10.0.0.1',
      TLSFRONT_SERVICE_HOST: '10.0.0.1',
      TLSFRONT_DEBUG: '1',
      TLSFRONT_LISTEN: '443',
      PATH: '/bin',
    },
  );
  assert.deepEqual(warnings, ['TLSFRONT_LISTENS is not a setting of tlsfront and is ignored']);
});

test("no setting's variable looks like one of Kubernetes", () => {
  const alike = SETTING_KEYS.map(environmentName).filter((name) =>
    /^TLSFRONT_(?:SERVICE|PORT)(?:_|$)/.test(name),
  );
  assert.deepEqual(alike, []);
});

for (const [text, expected] of [
  ['1', true],
  ['true', true],
  ['Yes', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['no', false],
  ['OFF', false],
] as const) {
  test(`TLSFRONT_QUIET=${text} is ${expected}`, () => {
    assert.equal(resolveGiven({ environment: { TLSFRONT_QUIET: text } }).quiet, expected);
  });
}

test('a switch that is neither on nor off is refused', () => {
  const complaint = complaintOf(() => resolveGiven({ environment: { TLSFRONT_QUIET: 'maybe' } }));
  assert.match(complaint, /TLSFRONT_QUIET maybe: neither on nor off/);
});
