/** `tlsfront ban`, `unban`, `bans` and the ban file: refused before TLS, kept over reload and restart, and what fail2ban reads. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CommandResult, runCommand } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace, PACKAGE_ROOT, type Workspace } from '../support/workspace.js';

const HASTY_WATCH = new URL('../support/hasty-watch.js', import.meta.url).href;

interface Running {
  readonly front: StartedFront;
  order(...args: string[]): Promise<CommandResult>;
}

async function start(t: TestContext, folder: Workspace, ...more: readonly string[]): Promise<Running> {
  const environment = { XDG_RUNTIME_DIR: folder.path, NODE_OPTIONS: `--import ${HASTY_WATCH}` };
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', ...more],
    app: SAMPLE_APP,
    environment,
  });
  t.after(() => front.stop());
  return { front, order: (...args) => runCommand(args, { XDG_RUNTIME_DIR: folder.path }, PATIENCE_MS) };
}

/** What a TCP client from 127.0.0.1 meets before it says a word: it is let in, or closed. */
async function meets(port: number): Promise<'open' | 'closed'> {
  const socket = connect({ port, host: '127.0.0.1' });
  const met = new Promise<'open' | 'closed'>((resolve) => {
    socket.on('error', () => resolve('closed'));
    socket.on('close', () => resolve('closed'));
    // A byte of TLS makes a front that lets us in wait for more; plain HTTP is answered.
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    socket.on('data', () => resolve('open'));
  });
  try {
    return await within(met, PATIENCE_MS, 'a connection that is open or closed');
  } finally {
    socket.destroy();
  }
}

test('a ban closes what is open, refuses what comes, and lasts over a reload until it is taken back', async (t) => {
  const { front, order } = await start(t, makeWorkspace(t), '--metrics', '127.0.0.1:0');
  const { front: spared } = { front };
  const client = new Client({ port: front.port(), ca: front.ca }, 'h2');
  t.after(() => client.close());
  const stream = await client.open('/events');
  const cut = new Promise((resolve) => stream.stream.once('close', resolve).once('error', resolve).resume());
  const banned = await order('ban', '127.0.0.1', '1h');
  assert.equal(banned.code, 0, banned.stderr);
  assert.match(banned.stdout, /^127\.0\.0\.1\/32 is banned until \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  await within(cut, PATIENCE_MS, 'the end of the open stream');
  assert.equal(await meets(spared.port()), 'closed');
  await front.logged(/warning: connections of 127\.0\.0\.1 are refused: it is banned/);
  assert.equal((await order('reload')).code, 0);
  assert.equal(await meets(front.port()), 'closed', 'after a reload');
  const listed = await order('bans', '--json');
  assert.equal(JSON.parse(listed.stdout)[0].address, '127.0.0.1/32');
  const [, metrics = ''] = /metrics bound on (\S+)/.exec(front.log) ?? [];
  const text = await (await fetch(`http://${metrics}/metrics`)).text();
  assert.match(text, /^tlsfront_bans 1$/m);
  assert.match(text, /^tlsfront_connections_banned_total [1-9]\d*$/m);
  assert.equal((await order('unban', '127.0.0.1')).stdout, '127.0.0.1/32 is banned no longer\n');
  assert.equal(await meets(front.port()), 'open');
  assert.equal((await order('unban', '127.0.0.1')).code, 1);
  assert.equal((await order('bans')).stdout, 'nobody is banned\n');
});

test('who is banned is refused behind a front that names its clients by PROXY headers, and nobody else is', async (t) => {
  const { front, order } = await start(
    t,
    makeWorkspace(t),
    '--http',
    '127.0.0.1:0',
    '--proxy-protocol',
    '127.0.0.1/32',
  );
  assert.equal((await order('ban', '203.0.113.7')).code, 0);
  const asks = (client: string): Promise<string> => {
    const socket = connect({ port: front.port('http'), host: '127.0.0.1' });
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.write(
      `PROXY TCP4 ${client} 192.0.2.1 40000 80\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    return within(new Promise((resolve) => socket.once('close', () => resolve(answer))), PATIENCE_MS, client);
  };
  assert.equal(await asks('203.0.113.7'), '');
  await front.logged(/warning: connections of 203\.0\.113\.7 are refused: it is banned/);
  assert.match(await asks('203.0.113.8'), /^HTTP\/1\.1 200 /);
});

test('a ban ends by itself', async (t) => {
  const { front, order } = await start(t, makeWorkspace(t));
  assert.equal((await order('ban', '127.0.0.0/8', '1s')).code, 0);
  await until(
    async () => ((await meets(front.port())) === 'open' ? true : undefined),
    PATIENCE_MS,
    'the end of the ban',
  );
  assert.equal((await order('bans')).stdout, 'nobody is banned\n');
});

test('the ban file keeps bans over a restart, follows edits by hand, and keeps what people wrote', async (t) => {
  const folder = makeWorkspace(t);
  const file = join(folder.path, 'bans');
  const first = await start(t, folder, '--ban-file', file);
  assert.equal((await first.order('ban', '203.0.113.9')).code, 0);
  assert.equal((await first.order('ban', '2001:DB8:0::9', '2d')).code, 0);
  const kept = readFileSync(file, 'utf8');
  assert.match(kept, /^203\.0\.113\.9\/32\n2001:db8::9\/64 \d{4}-\S+Z\n$/);
  writeFileSync(file, `# by hand\n198.51.100.0/24 # a neighbour\n127.0.0.1 2001-01-01\n${kept}`);
  await first.front.logged(/bans has changed: 3 bans are in force/);
  await first.front.stop();
  const second = await start(t, folder, '--ban-file', file);
  const addresses = JSON.parse((await second.order('bans', '--json')).stdout).map(
    ({ address }: { address: string }) => address,
  );
  assert.deepEqual(addresses, ['198.51.100.0/24', '203.0.113.9/32', '2001:db8::9/64']);
  assert.equal((await second.order('unban', '203.0.113.9')).code, 0);
  assert.match(
    readFileSync(file, 'utf8'),
    /^# by hand\n198\.51\.100\.0\/24 # a neighbour\n2001:db8::9\/64 \S+\n$/,
  );
  const from = second.front.log.length;
  writeFileSync(file, '127.0.0.1\n');
  await second.front.logged(/has changed: 1 bans are in force/, from);
  assert.equal(await meets(second.front.port()), 'closed');
  writeFileSync(file, 'nonsense here\n');
  await second.front.logged(/bans:1: "nonsense here" is no ban; the bans from before stay in force/, from);
  assert.equal(await meets(second.front.port()), 'closed');
});

test('what is no address, no time or no file is refused with words', async (t) => {
  const folder = makeWorkspace(t);
  const { order } = await start(t, folder);
  for (const args of [
    ['ban', 'example.com'],
    ['ban', '1.2.3.4/33'],
    ['ban', '1.2.3.4', 'soon'],
    ['ban', '1.2.3.4', '0'],
    ['unban', ''],
  ]) {
    const failed = await order(...args);
    assert.equal(failed.code, 2, args.join(' '));
    assert.match(failed.stderr, /^error: .*\nhint: write /, args.join(' '));
  }
  const broken = folder.write('broken', '10.0.0.1 tomorrow\n');
  const refused = await runCommand(
    ['--upstream', '9', '--listen', '127.0.0.1:0', '--ban-file', broken],
    {},
    PATIENCE_MS,
  );
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /broken:1: "10\.0\.0\.1 tomorrow" is no ban/);
});

/** fail2ban's filter with its `<HOST>` as a group; the newest of its forms for addresses is not needed here. */
function filterPattern(): RegExp {
  const text = readFileSync(join(PACKAGE_ROOT, 'docs/fail2ban/filter.d/tlsfront.conf'), 'utf8');
  const [, pattern = ''] = /^failregex = (.*)$/m.exec(text) ?? [];
  return new RegExp(pattern.replace('<HOST>', '(?<host>[0-9a-f.:]+)'), 'm');
}

test('the fail2ban filter finds wrong passwords in the real log, and nothing else', async (t) => {
  const folder = makeWorkspace(t);
  const users = folder.write('users', 'anna:$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe\n');
  const { front } = await start(t, folder, '--access-log', '--basic-auth', users);
  for (const protocol of ['http/1.1', 'h2'] as const) {
    const client = new Client({ port: front.port(), ca: front.ca }, protocol);
    t.after(() => client.close());
    const authorization = (password: string): string =>
      `Basic ${Buffer.from(`anna:${password}`).toString('base64')}`;
    await client.request('/none?x=error=password_wrong', {
      headers: { 'user-agent': '" 401 error=password_wrong' },
    });
    await client.request('/right', { headers: { authorization: authorization('a') } });
    await client.request('/wrong', { headers: { authorization: authorization(`b ${protocol}`) } });
  }
  await front.logged(/\/wrong HTTP\/2\.0" 401 .*\n/);
  const lines = front.log.split('\n');
  const pattern = filterPattern();
  const found = lines.filter((line) => pattern.test(line));
  assert.equal(found.length, 2, found.join('\n'));
  for (const line of found) assert.match(line, /"GET \/wrong HTTP/);
  assert.equal(pattern.exec(found[0] ?? '')?.groups?.host, '127.0.0.1');
  const tool = requireTool(t, 'fail2ban-regex');
  if (tool === MISSING) return;
  const log = folder.write('access.log', `${lines.filter((line) => line.includes(' HTTP/')).join('\n')}\n`);
  const filter = join(PACKAGE_ROOT, 'docs/fail2ban/filter.d/tlsfront.conf');
  const { stdout, stderr } = spawnSync(tool, [log, filter], { encoding: 'utf8' });
  assert.match(stdout, /Failregex: 2 total/, stdout + stderr);
  assert.match(
    execFileSync(tool, ['-o', 'ip', log, filter], { encoding: 'utf8' }),
    /^127\.0\.0\.1\n127\.0\.0\.1$/m,
  );
});
