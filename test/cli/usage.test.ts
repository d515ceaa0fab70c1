/** Help, version, and what the command says to wrong usage. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { optionOf, SETTING_KEYS } from '../../src/options/table.js';
import { CLI, type CommandResult, cleanEnvironment, runCommand, runCommands } from '../support/command.js';
import { within } from '../support/deadline.js';
import { PACKAGE_ROOT } from '../support/workspace.js';

test('--version prints the version of package.json', async () => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8'),
  );
  assert.deepEqual(await runCommand(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  assert.deepEqual(await runCommand(['--quiet', '--version']), {
    code: 0,
    stdout: `${version}\n`,
    stderr: '',
  });
});

for (const args of [
  ['--help'],
  ['-h'],
  ['help'],
  ['--help', 'all'],
  ['help', 'all'],
  ['--listen', '9443', '--help'],
]) {
  test(`${args.join(' ')} prints the help on stdout`, async () => {
    const { code, stdout, stderr } = await runCommand(args);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    assert.match(stdout, /^tlsfront puts HTTPS/);
    assert.match(stdout, /\nExamples:\n/);
  });
}

test('--help fits a screen and names every command', async () => {
  const { stdout } = await runCommand(['--help']);
  const lines = stdout.split('\n');
  assert.ok(lines.length <= 40 && lines.every((line) => line.length <= 100));
  const { stdout: completion } = await runCommand(['completion', 'bash']);
  const commands = /^ +''\) words='([a-z ]+)'/m.exec(completion)?.[1];
  for (const name of commands?.split(' ') ?? ['no commands'])
    assert.match(stdout, new RegExp(`^  (?:\\w+, )*${name}(?:, \\w+)* `, 'm'));
});

for (const name of ['demo', 'check', 'service', 'setup', 'doctor', 'clean', 'completion', 'man', 'docs']) {
  test(`${name} has a help of its own, by both ways`, async () => {
    const [after, before] = await Promise.all([runCommand([name, '--help']), runCommand(['help', name])]);
    assert.match(after.stdout, new RegExp(`^tlsfront ${name}\\b`));
    assert.match(after.stdout, /\nExamples:\n/);
    assert.deepEqual(before, after);
  });
}

test('--help with the name of a group lists that group alone', async () => {
  const { stdout } = await runCommand(['--help', 'limits']);
  assert.match(stdout, /^Limits:\n/);
  assert.match(stdout, /--max-body-bytes/);
  assert.doesNotMatch(stdout, /--upstream /);
});

for (const word of ['-v', '-V', 'version']) {
  test(`${word} prints the version`, async () => {
    assert.match((await runCommand([word])).stdout, /^\d+\.\d+\.\d+\n$/);
  });
}

test('completion and the manual hold every option', async () => {
  const texts = await Promise.all(
    [['completion', 'bash'], ['completion', 'zsh'], ['completion', 'fish'], ['man']].map((args) =>
      runCommand(args),
    ),
  );
  for (const { code, stdout } of texts) {
    assert.equal(code, 0);
    for (const key of SETTING_KEYS) {
      const name = optionOf(key).flag.slice(2);
      assert.ok(stdout.includes(name) || stdout.includes(name.replaceAll('-', '\\-')), name);
    }
  }
});

test('docs lists the documents and prints one', async () => {
  assert.match((await runCommand(['docs'])).stdout, /^dev-servers +Development servers$/m);
  assert.match((await runCommand(['docs', 'dev-servers'])).stdout, /^# Development servers\n/);
});

test('chain check --help lists its own options', async () => {
  const { code, stdout } = await runCommand(['chain', 'check', '--help']);
  assert.equal(code, 0);
  assert.match(stdout, /--key <file>/);
  assert.doesNotMatch(stdout, /--upstream/);
});

const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /^error: there is no app .*\nhint: name the app: --upstream 8080/],
  [['--lisen', '9443'], /^error: --lisen is not an option\nhint: did you mean --listen\?\n$/],
  [['--upstrem=8080'], /hint: did you mean --upstream\?/],
  [['--acces-log', '--upstream', '80'], /did you mean --access-log\?/],
  [['--qqqqqqqq'], /^error: --qqqqqqqq is not an option\nhint: `tlsfront --help`/],
  [
    ['--thread', '4', '--wsgi-file', 'a.py'],
    /^error: --thread is not an option\nhint: did you mean --threads\?/,
  ],
  [['check', '--lisen', '1'], /did you mean --listen\?/],
  [['demo', '--lisen', '1'], /did you mean --listen\?/],
  [['--quiet=1'], /^error: --quiet takes no value/],
  [['--listen'], /^error: --listen needs a value\nhint: write --listen <\[host:\]port>/],
  [['-l'], /^error: --listen needs a value/],
  [['--cert', '--key', 'k'], /^error: --cert needs a value, and --key follows/],
  [
    ['puase'],
    /^error: 'puase' stands alone\nhint: did you mean tlsfront pause\? to start an app write -- before /,
  ],
  [['maintainance', 'on'], /\nhint: did you mean tlsfront maintenance\?/],
  [['statsu', '--json'], /\nhint: did you mean tlsfront status\?/],
  [['gunicorn'], /^error: 'gunicorn' stands alone\nhint: to start an app write -- before its command: /],
  [['8080', '--name=-shop'], /^error: --name -shop: /],
  [['check', 'server.crt'], /^error: 'server\.crt' stands alone\nhint: .*tlsfront chain check server\.crt/],
  [['check', 'app.py'], /^error: --wsgi-file app\.py: no such file\nhint: give the Python file/],
  [['8080', 'app.py'], /^error: 'app\.py' stands alone\nhint: .*--wsgi-file app\.py/],
  [['8080', '8081'], /^error: '8081' stands alone\nhint: for a running app write --upstream 8081/],
  [['8080', '--mercy', 'soon'], /^error: --mercy soon: not a time/],
  [['99999'], /^error: --upstream 99999: port 99999 is out of range/],
  [['nonexistent.py'], /^error: --wsgi-file nonexistent\.py: no such file/],
  [
    ['--port', '3000'],
    /^error: --port is not an option\nhint: .*--listen 8443.*--upstream 8080.*--app-port 5173/,
  ],
  [['--from', 'app.test', '--to', ':8080'], /hint: --host app\.test/],
  [['--target', '8080'], /hint: --upstream 8080/],
  [['completion'], /^error: completion needs the name of a shell/],
  [['completion', 'csh'], /^error: there is no completion for 'csh'/],
  [['docs', 'nonsense'], /^error: there is no document 'nonsense'\nhint: there are: .*troubleshooting/],
  [['npm', 'run', 'dev'], /hint: to start an app write -- before its command: tlsfront -- npm …/],
  [['--'], /^error: there is no command after --/],
  [['demo', '--', 'npm'], /^error: demo brings its own app/],
  [['demo', '--upstream', '80'], /^error: demo brings its own app/],
  [['--wsgi-file', 'x.py', 'demo'], /^error: demo brings its own app/],
  [['help', 'nonsense'], /^error: there is no such command/],
  [['acme'], /^error: acme needs status, renew, revoke or deactivate/],
  [['acme', 'renw'], /^error: acme has no command 'renw'/],
  [['acme', 'renew'], /^error: the name of the certificate is missing/],
  [['chain'], /^error: chain needs check, show, fix or merge/],
  [['ca'], /^error: ca needs install, uninstall, status or show\nhint: tlsfront ca install/],
  [['ca', 'instal'], /^error: ca has no command 'instal', only install/],
  [['hosts'], /^error: hosts needs add, remove or list\nhint: tlsfront hosts add app\.test/],
  [['hosts', 'ad'], /^error: hosts has no command 'ad'/],
  [['chain', 'chek'], /^error: chain has no command 'chek'/],
  [['chain', 'check'], /^error: the certificate file is missing/],
  [['chain', 'merge', '-o', 'x.crt'], /^error: the certificate file is missing/],
  [['--upstream', '8080', '--mercy', 'soon'], /^error: --mercy soon: not a time\nhint: /],
  [['--upstream', '8080', '--ciphers', 'NOSUCH'], /^error: --ciphers NOSUCH: OpenSSL knows no cipher/],
  [['--wsgi-file', '/nonexistent/index.py'], /^error: --wsgi-file \/nonexistent\/index\.py: no such file/],
  [['--upstream', '8080', '--cert', '/', '--key', '/'], /^error: --cert \/: is a folder/],
  [['--upstream', '8080', '--uid', 'no-such-user-here'], /--uid no-such-user-here: there is no such user/],
  [['--upstream', 'a\u001b[31mb:80'], /^error: --upstream a\\x1b\[31mb:80: /],
];

describe('wrong usage', () => {
  let results: readonly CommandResult[];
  before(async () => {
    results = await runCommands(WRONG.map(([args]) => args));
  });

  for (const [index, [args, expected]] of WRONG.entries()) {
    test(`tlsfront ${JSON.stringify(args)} exits with 2: ${expected.source}`, () => {
      const { code, stdout, stderr } = results[index] ?? assert.fail();
      assert.match(stderr, expected);
      assert.match(stderr, /^error: [^\n]+\nhint: [^\n]+\n$/);
      assert.deepEqual([code, stdout], [2, '']);
    });
  }
});

const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [['--jail', '/srv'], /--uid/],
  [['--emperor', '/etc/vassals'], /a tlsfront of its own/],
  [['--fastrouter', ':9000'], /--upstream/],
  [['--stop', 'x.pid'], /tlsfront stop/],
  [['--enable-proxy-protocol'], /--proxy-protocol/],
  [['--ssl-enable-tlsv1'], /--min-tls/],
  [['--fallback-config', 'app.ini'], /ini/],
  [['--sni', 'a.test a.crt,a.key'], /--cert-dir/],
];

describe('options of uWSGI', () => {
  let results: readonly CommandResult[];
  before(async () => {
    results = await runCommands(
      REFUSED.map(([args]) => [...args, '--http', ':8080', '--wsgi-file', 'index.py']),
    );
  });

  for (const [index, [args, expected]] of REFUSED.entries()) {
    test(`uWSGI's ${args[0]} is refused with advice`, () => {
      const { code, stderr } = results[index] ?? assert.fail();
      const [error = '', hint = ''] = stderr.split('\n');
      const flag = (args[0] ?? '').split('=')[0] ?? '';
      assert.equal(error, `error: ${flag} is an option of uWSGI that tlsfront does not have`);
      assert.match(hint, expected);
      assert.equal(code, 2);
    });
  }
});

test('chain check reads a file and finds no certificate in it', async () => {
  const { code, stderr, stdout } = await runCommand([
    'chain',
    'check',
    join(PACKAGE_ROOT, 'package.json'),
    '--json',
  ]);
  assert.notEqual(code, 0);
  assert.doesNotMatch(stderr + stdout, /unexpected/);
});

test('chain check of a missing file exits with 2', async () => {
  const { code, stderr } = await runCommand(['chain', 'check', '/nonexistent/server.crt']);
  assert.equal(code, 2);
  assert.match(stderr, /^error: .*\/nonexistent\/server\.crt/);
});

test('FORCE_COLOR or not, a pipe gets no colour', async () => {
  const { stderr } = await runCommand([], { FORCE_COLOR: '1', TERM: 'xterm-256color' });
  assert.equal(stderr.includes('\u001b'), false);
});

test('a reader that goes away early is no failure', async (t) => {
  const child = spawn(process.execPath, [CLI, '--help'], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  child.stdout.destroy();
  const code = await within(
    new Promise((resolve) => child.once('close', resolve)),
    20_000,
    'the end of tlsfront --help without a reader',
  );
  assert.deepEqual([code, Buffer.concat(errors).toString()], [0, '']);
});
