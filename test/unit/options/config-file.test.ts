/** The configuration file: what is found, how it is read and written, and what it says about mistakes. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { findConfigFile } from '../../../src/options/config-file/find.js';
import { FILE_KEYS, fileName, readConfigFile } from '../../../src/options/config-file/read.js';
import { configSchema } from '../../../src/options/config-file/schema.js';
import { writeConfigFile } from '../../../src/options/config-file/write.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { type FileLayer, Settings } from '../../../src/options/settings.js';
import { optionOf, type SETTING_KEYS } from '../../../src/options/table.js';
import { FrontError } from '../../../src/shared/errors.js';
import { TEST_PLATFORM } from '../../support/settings.js';
import { makeWorkspace } from '../../support/workspace.js';

function readToml(text: string, path = 'tlsfront.toml'): Promise<FileLayer> {
  return readConfigFile({ path, form: 'toml', text });
}

function readPackage(settings: unknown): Promise<FileLayer> {
  const text = JSON.stringify({ name: 'shop', tlsfront: settings }, null, 2);
  return readConfigFile({ path: 'package.json', form: 'package.json', text });
}

async function complaint(read: Promise<FileLayer>): Promise<string> {
  try {
    const file = await read;
    const settings = new Settings({ upstream: ['8080'] }, {}, null, file);
    resolveConfig(settings, TEST_PLATFORM);
  } catch (error) {
    if (error instanceof FrontError) return `${error.message} / ${error.hint}`;
    throw error;
  }
  return 'no complaint';
}

const SOUND: readonly (readonly [string, Readonly<Record<string, readonly string[]>>])[] = [
  ['listen = "443"', { listen: ['443'] }],
  ['listen = 443', { listen: ['443'] }],
  ['listen = [443, "0.0.0.0:8443"]', { listen: ['443', '0.0.0.0:8443'] }],
  ['access-log = true\nquiet = false', { accessLog: ['true'], quiet: ['false'] }],
  ['mercy = 1.5', { mercy: ['1.5'] }],
  ['"listen" = "1"', { listen: ['1'] }],
  ['host = []', {}],
  ['# only a comment', {}],
  ['header-up = ["X-A one two", "-Cookie"]', { headerUp: ['X-A one two', '-Cookie'] }],
];

for (const [text, values] of SOUND) {
  test(`${JSON.stringify(text)} is read`, async () =>
    assert.deepEqual((await readToml(text)).values, values));
}

test('paths are meant from the folder of the file', async () => {
  const text =
    'cert = "a.crt"\nkey = "/k/a.key"\nhttps = "443,a.crt,/b.key,HIGH,!ca.crt"\nlogto = "log/front.log"';
  const { values } = await readToml(text, '/etc/tlsfront/tlsfront.toml');
  assert.deepEqual(values, {
    cert: ['/etc/tlsfront/a.crt'],
    key: ['/k/a.key'],
    https: ['443,/etc/tlsfront/a.crt,/b.key,HIGH,!/etc/tlsfront/ca.crt'],
    logto: ['/etc/tlsfront/log/front.log'],
  });
  assert.deepEqual((await readToml('cert = "a.crt"')).values, { cert: ['a.crt'] });
});

test('a command is a list of words, or a text cut at its blanks', async () => {
  assert.deepEqual((await readToml('command = ["npm", "run a"]')).command, ['npm', 'run a']);
  assert.deepEqual((await readToml('command = "npm run  dev"')).command, ['npm', 'run', 'dev']);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['lisen = 1', /^tlsfront\.toml:1:1: lisen is not an option \/ did you mean listen\?$/],
  ['quiet = true\n\n  acess-log = true', /^tlsfront\.toml:3:3: acess-log .* \/ did you mean access-log\?$/],
  ['access_log = true', /^tlsfront\.toml:1:1: access_log .* \/ did you mean access-log\?$/],
  ['"--listen" = 1', /did you mean listen\?$/],
  ['x = """\nlisten = 1\n"""\n[listen]', /^tlsfront\.toml:1:1: x is not an option/],
  ['header-up = [\n  "A b", # ]\n]\nqqqqqqqq = 1', /^tlsfront\.toml:4:1: qqqqqqqq is not an option/],
  ['emperor = "x"', /emperor is an option of uWSGI that tlsfront does not have/],
  ['threads = 4', /threads is an option of uWSGI .*uwsgi-option = \["threads=/],
  ['config = "other.toml"', /a file cannot name another/],
  ['quiet = 1', /^tlsfront\.toml:1:1: quiet is a switch \/ write quiet = true or quiet = false$/],
  ['mercy = ["1s", "2s"]', /mercy takes one value, not a list \/ write mercy = "<time>"$/],
  ['listen = true', /listen cannot be true/],
  ['min-tls = 1.3', /^tlsfront\.toml:1:1: min-tls cannot be 1\.3 \/ write min-tls = "1\.2"/],
  ['listen = 1979-05-27', /listen cannot be/],
  ['[listen]\nport = 1', /listen cannot be a table/],
  ['command = []', /command is not a list of words/],
  ['command = "a | b"', /no shell reads the command/],
  ['command = ["a", 1]', /command is not a list of words/],
  ['listen = ', /^tlsfront\.toml:1:\d+: not TOML: /],
  ['listen = 1\nlisten = 2', /^tlsfront\.toml:2:\d+: not TOML: /],
  ['quiet = true\nlisten = "abc"', /^tlsfront\.toml:2: listen abc: 'abc' is not a port/],
  ['mercy = "abc"', /^tlsfront\.toml:1: mercy abc: not a time/],
];

for (const [text, message] of WRONG) {
  test(`${JSON.stringify(text)} is refused where it stands`, async () => {
    assert.match(await complaint(readToml(text)), message);
  });
}

test('the key tlsfront of a package.json is read as a file is, and its mistakes have their lines', async () => {
  const { values, command } = await readPackage({ listen: [443], command: ['npm', 'start'] });
  assert.deepEqual([values, command], [{ listen: ['443'] }, ['npm', 'start']]);
  assert.match(
    await complaint(readPackage({ lisen: 1 })),
    /^package\.json:4:5: lisen .*did you mean listen\?$/,
  );
});

test('a named file counts before the working folder, its toml before package.json, both before the machine', (t) => {
  const files = makeWorkspace(t);
  files.write('machine/tlsfront.toml', 'quiet = true');
  const machine = join(files.path, 'machine');
  const find = (named?: string) => findConfigFile(named, join(files.path, 'work'), machine)?.path ?? null;
  files.write('work/other.toml', '');
  assert.equal(find(), join(files.path, 'machine/tlsfront.toml'));
  files.write('work/package.json', '{"name": "a"}');
  assert.equal(find(), join(files.path, 'machine/tlsfront.toml'));
  files.write('work/package.json', '{"name": "a", "tlsfront": {}}');
  assert.equal(find(), 'package.json');
  files.write('work/tlsfront.toml', '');
  assert.equal(find(), 'tlsfront.toml');
  assert.equal(find('other.toml'), 'other.toml');
  assert.equal(find('none'), null);
  assert.throws(() => find('gone.toml'), /configuration file gone\.toml: no such file/);
});

test('a flag beats the environment, the environment beats the file, the file beats the default', async () => {
  const file = await readToml('mercy = "1s"\nhold = "2s"\nhealth-interval = "3s"');
  const settings = new Settings({ mercy: ['9s'] }, { TLSFRONT_HOLD: '8s' }, null, file);
  const seen = (['mercy', 'hold', 'healthInterval', 'readyTimeout'] as const).map((key) => {
    const { values, origin } = settings.get(key);
    return `${values.join()} ${origin}`;
  });
  assert.deepEqual(seen, ['9s command line', '8s environment', '3s file', '60s default']);
});

test('an app of the command line or the environment replaces the one of the file', async () => {
  const file = await readToml('command = ["npm", "start"]\nlisten = 1');
  assert.deepEqual(new Settings({}, {}, null, file).command, ['npm', 'start']);
  assert.equal(new Settings({ upstream: ['80'] }, {}, null, file).command, null);
  assert.equal(new Settings({}, { TLSFRONT_UPSTREAM: '80' }, null, file).command, null);
  assert.deepEqual(new Settings({}, {}, ['own'], file).command, ['own']);
  const other = await readToml('upstream = 80');
  assert.equal(new Settings({}, {}, ['own'], other).has('upstream'), false);
});

/** A value that the reader of each kind takes. */
function sampleOf(key: (typeof SETTING_KEYS)[number]): string {
  const { kind, choices, default: standard } = optionOf(key);
  if (standard !== null) return standard;
  return choices?.[0] ?? (kind === 'switch' ? 'true' : '7');
}

test('what is written is read back, for every option', async () => {
  const flags = Object.fromEntries(FILE_KEYS.map((key) => [key, [sampleOf(key)]]));
  const command = ['npm', 'run "dev"', 'tab\there', '\u007f'];
  const text = writeConfigFile(new Settings(flags, {}, command));
  const file = await readToml(text);
  assert.deepEqual(file.values, flags);
  assert.deepEqual(file.command, command);
});

test('the schema knows every name that the reader knows, and the types that it takes', async () => {
  const { properties } = configSchema();
  assert.ok(typeof properties === 'object' && properties !== null);
  assert.deepEqual(Object.keys(properties).sort(), ['command', 'site', ...FILE_KEYS.map(fileName)].sort());
  const samples: readonly (readonly [string, string])[] = [
    ['boolean', 'true'],
    ['integer', '3'],
    ['number', '1.5'],
    ['string', '"x"'],
  ];
  for (const [name, schema] of Object.entries(properties)) {
    if (name === 'command' || name === 'site') continue;
    const { anyOf = [schema] }: { anyOf?: readonly { type: string | readonly string[] }[] } = schema;
    const types = anyOf.flatMap(({ type }) => type);
    for (const [type, sample] of samples) {
      if (type === 'number' && types.includes('integer')) continue;
      const taken = await readToml(`${name} = ${sample}`).then(
        () => true,
        () => false,
      );
      const isInteger = type === 'integer' && types.includes('number');
      assert.equal(taken, types.includes(type) || isInteger, `${name} = ${sample}`);
    }
    const listed = await readToml(`${name} = ["a", "b"]`).then(
      () => true,
      () => false,
    );
    assert.equal(listed, types.includes('array'), `${name} as a list`);
  }
});
