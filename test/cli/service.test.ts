/** `tlsfront service`: the unit for a command line, where it is put, what it weighs, and every such command of the documents; the image's parts. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { renderUnit, UNIT_MARK } from '../../src/commands/service/unit.js';
import { CLI, cleanEnvironment, runCommand } from '../support/command.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace, PACKAGE_ROOT } from '../support/workspace.js';

const LINE = ['--listen', '127.0.0.1:0', '--upstream', '8080'];

function run(t: TestContext, ...args: string[]) {
  const folder = makeWorkspace(t);
  return runCommand(['service', ...args], { XDG_DATA_HOME: folder.path });
}

test('print writes the unit for a command line to stdout, and nothing else', async (t) => {
  const { code, stdout, stderr } = await run(t, 'print', ...LINE, '--', 'npm', 'start', 'a "b" $HOME 100%');
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(stdout.startsWith(UNIT_MARK));
  assert.match(
    stdout,
    /^ExecStart=\S+node \S+cli\.js --listen 127\.0\.0\.1:0 --upstream 8080 -- npm start "a \\"b\\" \$\$HOME 100%%"$/m,
  );
  assert.match(stdout, /^DynamicUser=yes$/m);
  assert.match(stdout, new RegExp(`^WorkingDirectory=${process.cwd()}$`, 'm'));
});

test('a command line that is not valid is not written down', async (t) => {
  const folder = makeWorkspace(t);
  const { code, stderr } = await run(
    t,
    'install',
    '--root',
    folder.path,
    '--listen',
    'x:y',
    '--upstream',
    '1',
  );
  assert.equal(code, 2);
  assert.match(stderr, /^error: .*x:y/);
  assert.ok(!existsSync(folder.at('etc')));
});

test('install writes what uninstall takes away; what somebody else has written stays', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.at('etc/systemd/system/shop.service');
  const words = ['--unit', 'shop', '--root', folder.path];
  assert.equal((await run(t, 'install', ...words, '--user', 'www-data', ...LINE)).code, 0);
  assert.match(readFileSync(file, 'utf8'), /^User=www-data$[\s\S]*^StateDirectory=shop$/m);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  assert.equal((await run(t, 'install', ...words, ...LINE)).code, 0, 'again');
  assert.equal((await run(t, 'uninstall', ...words)).code, 0);
  assert.ok(!existsSync(file));
  const gone = await run(t, 'uninstall', ...words);
  assert.deepEqual([gone.code, /is not there\nhint: /.test(gone.stderr)], [2, true]);
  writeFileSync(file, '[Unit]\n');
  for (const verb of ['install', 'uninstall'] as const) {
    const refused = await run(t, verb, ...words, ...(verb === 'install' ? LINE : []));
    assert.deepEqual(
      [refused.code, /^error: .*shop\.service was/.test(refused.stderr)],
      [2, true],
      refused.stderr,
    );
  }
  assert.equal(readFileSync(file, 'utf8'), '[Unit]\n');
});

for (const [words, error] of [
  [[], /^error: service needs a word more\nhint: write tlsfront service print\|install\|uninstall/],
  [['start'], /^error: service does not know 'start'/],
  [['print', '--unit'], /^error: --unit needs a value/],
  [['print', '--unit', '../x', ...LINE], /^error: --unit \.\.\/x: no name of a unit/],
  [['print', '--user', 'a b', ...LINE], /^error: --user a b: no name of a user/],
  [['print', '--uid', 'nobody', ...LINE], /^error: a service cannot have --uid\nhint: .*--user/],
  [['print', '--chroot=/srv', ...LINE], /^error: a service cannot have --chroot\nhint: .*RootDirectory=/],
  [
    ['install', ...LINE, '--daemonize', 'x.log'],
    /^error: a service cannot have --daemonize\nhint: leave it out/,
  ],
  [['uninstall', '--upstream', '1'], /^error: service uninstall does not take --upstream/],
] as const) {
  test(`service ${words.join(' ')} is refused`, async (t) => {
    const { code, stderr } = await run(t, ...words);
    assert.equal(code, 2);
    assert.match(stderr, error);
  });
}

test('a unit works in the folder in which what its line names was found', async (t) => {
  const folder = makeWorkspace(t);
  folder.write('shop.ini', '[uwsgi]\nhttp = 127.0.0.1:0\nmodule = shop:app\n');
  folder.write('shop.py', 'app = None\n');
  for (const [words, isThere] of [
    [['shop.ini'], true],
    [['--ini=shop.ini'], true],
    [['shop:app', '--http', '127.0.0.1:0'], true],
    [['--http', '127.0.0.1:0', 'shop.py'], true],
    [['--ini', folder.at('shop.ini')], false],
    [LINE, false],
  ] as const) {
    const { stdout, status } = spawnSync(process.execPath, [CLI, 'service', 'print', ...words], {
      encoding: 'utf8',
      cwd: folder.path,
      env: { ...cleanEnvironment(), XDG_DATA_HOME: folder.path },
    });
    assert.equal(status, 0, words.join(' '));
    assert.equal(stdout.includes(`WorkingDirectory=${folder.path}\n`), isThere, words.join(' '));
  }
});

test('systemd takes the unit, and weighs it as the documents say', (t) => {
  const analyze = requireTool(t, 'systemd-analyze');
  if (analyze === MISSING) return;
  const folder = makeWorkspace(t);
  const plan = { command: ['/bin/true', '--x'], name: 'tlsfront', user: null, folder: null };
  writeFileSync(folder.at('tlsfront.service'), renderUnit(plan));
  const said = spawnSync(analyze, ['security', '--offline=true', folder.at('tlsfront.service')], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const figure = /exposure level for tlsfront\.service: ([\d.]+) (\w+)/.exec(said.stdout);
  // Older ones cannot look at files.
  if (figure === null) return t.skip(said.stderr);
  const written = /gives it \*\*([\d.]+) \((\w+)\)\*\*/.exec(readOperate());
  assert.ok(Number(figure[1]) <= Number(written?.[1]) + 0.3, figure[0]);
  assert.doesNotMatch(said.stderr, /Unknown|Failed|ignoring/);
});

function readOperate(): string {
  return readFileSync(join(PACKAGE_ROOT, 'docs/operate.md'), 'utf8');
}

test('each tlsfront service of docs/operate.md does what it says', async (t) => {
  const folder = makeWorkspace(t);
  const lines = [...readOperate().matchAll(/^ {4}(?:sudo )?tlsfront service (.*)$/gm)].map(([, words = '']) =>
    words.split(' '),
  );
  assert.ok(lines.length >= 3);
  for (const [verb = '', ...words] of lines) {
    const root = verb === 'print' ? [] : ['--root', folder.path];
    const { code, stderr } = await run(t, verb, ...root, ...words);
    assert.equal(code, 0, `${verb} ${words.join(' ')}\n${stderr}`);
  }
});

test('what the image holds is there, and runs where nothing else of the package is', (t) => {
  const folder = makeWorkspace(t);
  const dockerfile = readFileSync(join(PACKAGE_ROOT, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?:--from=build )?(.*) \S+$/gm)].flatMap(([, from = '']) =>
    from.split(' '),
  );
  for (const path of copied) {
    const source = path.replace('/build/', '');
    assert.ok(existsSync(join(PACKAGE_ROOT, source)), source);
  }
  const manifest = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package-lock.json'), 'utf8'));
  const production = Object.entries<{ dev?: boolean; optional?: boolean }>(manifest.packages)
    .filter(([path, { dev, optional }]) => path !== '' && dev !== true && optional !== true)
    .map(([path]) => path);
  for (const path of ['package.json', 'dist/bundle', 'app/wsgi_launcher.py', ...production]) {
    mkdirSync(dirname(folder.at(`image/${path}`)), { recursive: true });
    cpSync(join(PACKAGE_ROOT, path), folder.at(`image/${path}`), { recursive: true });
  }
  // By a link, as the image does it: the file itself must be a program.
  const link = / (\/opt\/tlsfront\/\S+) \/usr\/local\/bin\/tlsfront$/m.exec(dockerfile)?.[1] ?? '';
  mkdirSync(folder.at('bin'));
  symlinkSync(folder.at(link.replace('/opt/tlsfront', 'image')), folder.at('bin/tlsfront'));
  const said = execFileSync(folder.at('bin/tlsfront'), ['check', ...LINE], {
    encoding: 'utf8',
    cwd: folder.path,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      XDG_DATA_HOME: folder.at('data'),
    },
  });
  assert.match(said, /valid/);
});
