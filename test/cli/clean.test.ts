/** `tlsfront clean` in a private home: what it says, what it asks, what is left. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCommand } from '../support/command.js';
import { privateHome } from '../support/private-home.js';
import { MISSING, requireTool } from '../support/tools.js';

test('clean removes the data folder and the folder of control sockets, and then finds nothing', async (t) => {
  const { folder, environment } = privateHome(t);
  const own = { ...environment, XDG_RUNTIME_DIR: folder.at('run') };
  mkdirSync(folder.at('run/tlsfront'), { recursive: true, mode: 0o700 });
  mkdirSync(folder.at('data/tlsfront/acme/accounts'), { recursive: true });
  writeFileSync(folder.at('data/tlsfront/acme/accounts/key.pem'), 'key');
  writeFileSync(folder.at('data/kept'), 'of somebody else');

  const dry = await runCommand(['clean', '--dry-run'], own);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /data\/tlsfront \(with accounts and certificates of ACME\)\n.*run\/tlsfront\n/);
  assert.ok(existsSync(folder.at('data/tlsfront/acme/accounts/key.pem')));

  const unasked = await runCommand(['clean'], own);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /error: there is nobody to ask\nhint: give --yes/);
  assert.ok(existsSync(folder.at('data/tlsfront/acme/accounts/key.pem')));

  const done = await runCommand(['clean', '--yes'], own);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /data\/tlsfront: removed\n.*run\/tlsfront: removed\n/);
  assert.deepEqual(
    [existsSync(folder.at('data/tlsfront')), existsSync(folder.at('run/tlsfront'))],
    [false, false],
  );
  assert.equal(readFileSync(folder.at('data/kept'), 'utf8'), 'of somebody else');
  assert.equal((await runCommand(['clean'], own)).stdout, 'there is nothing of ours here\n');
});

test('clean follows no link', async (t) => {
  const { folder, environment } = privateHome(t);
  mkdirSync(folder.at('elsewhere'));
  writeFileSync(folder.at('elsewhere/kept'), 'kept');
  mkdirSync(folder.at('data'));
  symlinkSync(folder.at('elsewhere'), folder.at('data/tlsfront'));
  const done = await runCommand(['clean', '--yes'], { ...environment, XDG_RUNTIME_DIR: folder.at('run') });
  assert.equal(done.code, 0, done.stderr);
  assert.equal(existsSync(folder.at('data/tlsfront')), false);
  assert.equal(readFileSync(folder.at('elsewhere/kept'), 'utf8'), 'kept');
});

test('clean leaves everything while a front runs', async (t) => {
  const { folder, environment } = privateHome(t);
  const run = folder.at('run/tlsfront');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  writeFileSync(`${run}/${process.pid}.sock`, '');
  const refused = await runCommand(['clean', '--yes'], { ...environment, XDG_RUNTIME_DIR: folder.at('run') });
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    new RegExp(`a front is running \\(pid ${process.pid}\\)\nhint: .*tlsfront stop`),
  );
  assert.ok(existsSync(`${run}/${process.pid}.sock`));
});

test('clean takes the authority out of the stores that have it', async (t) => {
  const certutil = requireTool(t, 'certutil');
  if (certutil === MISSING) return;
  const { folder, environment } = privateHome(t, certutil);
  const own = { ...environment, XDG_RUNTIME_DIR: folder.at('run') };
  const database = folder.at('.pki/nssdb');
  mkdirSync(database, { recursive: true });
  spawnSync(certutil, ['-d', `sql:${database}`, '-N', '--empty-password']);
  const listed = () => spawnSync(certutil, ['-d', `sql:${database}`, '-L'], { encoding: 'utf8' }).stdout;
  await runCommand(['ca', 'install', '--user-only'], own);
  assert.match(listed(), /tlsfront-[0-9a-f]{16}/);
  const done = await runCommand(['clean', '--yes'], own);
  assert.equal(done.code, 0, done.stderr);
  assert.doesNotMatch(listed(), /tlsfront/);
  assert.equal(existsSync(folder.at('data/tlsfront')), false);
});
