/** The file store: whole replacement, private modes, plain keys, and a lock that outlives no holder. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openFileStore } from '../../../src/certificates/store/file-store.js';
import { until, within } from '../../support/deadline.js';
import { makeWorkspace, PACKAGE_ROOT } from '../../support/workspace.js';

const posix = process.platform !== 'win32';

test('what was put is got, listed and deleted', async (t) => {
  const store = openFileStore(makeWorkspace(t).at('data'));
  assert.equal(await store.get('a/b.pem'), undefined);
  assert.deepEqual(await store.list(''), []);
  await store.put('a/b.pem', 'one');
  await store.put('a/c.pem', Buffer.from([0, 255]));
  await store.put('d.pem', 'three');
  assert.equal((await store.get('a/b.pem'))?.toString(), 'one');
  assert.deepEqual(await store.get('a/c.pem'), Buffer.from([0, 255]));
  assert.deepEqual(await store.list('a/'), ['a/b.pem', 'a/c.pem']);
  assert.equal(await store.delete('a/b.pem'), true);
  assert.equal(await store.delete('a/b.pem'), false);
  assert.deepEqual(await store.list(''), ['a/c.pem', 'd.pem']);
});

test('a replaced value leaves no temporary file', async (t) => {
  const folder = makeWorkspace(t);
  const store = openFileStore(folder.path);
  await Promise.all(Array.from({ length: 20 }, (_, turn) => store.put('x', String(turn).repeat(1000))));
  const value = (await store.get('x'))?.toString() ?? '';
  assert.equal(new Set(value.match(value.length > 1000 ? /../g : /./g)).size, 1);
  assert.deepEqual(readdirSync(folder.path), ['x']);
});

test('files are 0600 and folders 0700, and wider ones are closed when seen', { skip: !posix }, async (t) => {
  const folder = makeWorkspace(t);
  const store = openFileStore(folder.at('data'));
  await store.put('deep/key', 'secret');
  assert.equal(statSync(store.pathOf('deep/key')).mode & 0o777, 0o600);
  assert.equal(statSync(folder.at('data/deep')).mode & 0o777, 0o700);
  chmodSync(store.pathOf('deep/key'), 0o644);
  chmodSync(folder.at('data'), 0o755);
  await store.get('deep/key');
  await store.put('other', '');
  assert.equal(statSync(store.pathOf('deep/key')).mode & 0o777, 0o600);
  assert.equal(statSync(folder.at('data')).mode & 0o777, 0o700);
});

test('a key cannot leave the folder', async (t) => {
  const store = openFileStore(makeWorkspace(t).at('data'));
  for (const key of ['../x', 'a/../../x', '/etc/passwd', '', 'a//b', '.hidden', 'a\\b', 'a\0b']) {
    await assert.rejects(async () => store.put(key, 'x'), { code: 'internal' }, JSON.stringify(key));
  }
});

test('a folder that cannot be made is named with the way out', async (t) => {
  const folder = makeWorkspace(t);
  const store = openFileStore(`${folder.write('file', '')}/data`);
  await assert.rejects(store.put('x', ''), (error: Error & { hint?: string }) => {
    assert.match(error.message, /the data folder .* cannot be used: a part of the path is not a folder/);
    assert.match(error.hint ?? '', /XDG_DATA_HOME/);
    return true;
  });
});

test('work under one lock never overlaps', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 6 }, () =>
      store.withLock('one', async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((done) => setImmediate(done));
        inside -= 1;
      }),
    ),
  );
  assert.equal(most, 1);
  assert.deepEqual(await store.list(''), []);
});

test('failing work frees its lock', async (t) => {
  const store = openFileStore(makeWorkspace(t).path);
  await assert.rejects(
    store.withLock('one', () => Promise.reject(new Error('no'))),
    /^Error: no$/,
  );
  assert.equal(await store.withLock('one', async () => 'free'), 'free');
});

test('the lock of a killed process is taken over at once', { skip: !posix }, async (t) => {
  const folder = makeWorkspace(t);
  const module = pathToFileURL(`${PACKAGE_ROOT}dist/src/certificates/store/file-store.js`);
  const program = `
    import { openFileStore } from ${JSON.stringify(module.href)};
    await openFileStore(process.argv[1]).withLock('one', () => new Promise(() => setInterval(() => {}, 1000)));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder.path]);
  t.after(() => child.kill('SIGKILL'));
  await until(
    () => existsSync(folder.at('one.lock')) && statSync(folder.at('one.lock')).size > 0,
    10_000,
    'lock held',
  );
  const store = openFileStore(folder.path);
  let taken = false;
  const waiting = store.withLock('one', async () => {
    taken = true;
  });
  await new Promise((done) => setImmediate(done));
  assert.equal(taken, false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await within(waiting, 30_000, 'lock taken over');
  assert.equal(taken, true);
});

test('a lock that another has broken and taken is left to it', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.at('one.lock');
  const theirs = JSON.stringify({ pid: 1, realm: 'elsewhere', token: 'theirs' });
  await openFileStore(folder.path).withLock('one', async () => {
    rmSync(file);
    writeFileSync(file, theirs);
  });
  assert.equal(readFileSync(file, 'utf8'), theirs);
});

test('a long work keeps its lock: the file is touched while it lasts', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.at('one.lock');
  const old = new Date(Date.now() - 60_000);
  await openFileStore(folder.path).withLock('one', async () => {
    utimesSync(file, old, old);
    await until(() => statSync(file).mtimeMs > Date.now() - 20_000, 30_000, 'a sign of life of the holder');
  });
  assert.deepEqual(readdirSync(folder.path), []);
});

test('a lock of another host is respected while it gives signs of life, and taken over after', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.at('one.lock');
  writeFileSync(file, JSON.stringify({ pid: 1, realm: 'elsewhere', token: 'theirs' }));
  let taken = false;
  const waiting = openFileStore(folder.path).withLock('one', async () => {
    taken = true;
  });
  // Many looks later it is still theirs.
  await new Promise((done) => setTimeout(done, 200));
  assert.equal(taken, false);
  const old = new Date(Date.now() - 60_000);
  utimesSync(file, old, old);
  await within(waiting, 10_000, 'the lock taken over');
  assert.equal(taken, true);
});

test('a lock without a readable holder is taken over when it is old', async (t) => {
  const folder = makeWorkspace(t);
  const old = new Date(Date.now() - 60_000);
  for (const name of ['one.lock', 'one.lock.break']) {
    writeFileSync(folder.at(name), '');
    utimesSync(folder.at(name), old, old);
  }
  assert.equal(
    await within(
      openFileStore(folder.path).withLock('one', async () => 'mine'),
      5000,
      'old lock',
    ),
    'mine',
  );
});

for (const content of [
  'null',
  '5',
  '"x"',
  '{}',
  '{"pid":1,"realm":"here"}',
  '{"pid":"1","realm":"a","token":"b"}',
]) {
  test(`a lock that says ${content} names no holder, and is taken over when it is old`, async (t) => {
    const folder = makeWorkspace(t);
    const old = new Date(Date.now() - 10_000);
    writeFileSync(folder.at('one.lock'), content);
    utimesSync(folder.at('one.lock'), old, old);
    const work = openFileStore(folder.path).withLock('one', async () => 'mine');
    assert.equal(await within(work, 10_000, 'the lock'), 'mine');
  });
}

test('an empty lock file, as a full disk once left it, delays nobody for longer than two seconds', async (t) => {
  const folder = makeWorkspace(t);
  writeFileSync(folder.at('one.lock'), '');
  const store = openFileStore(folder.path);
  assert.equal(
    await within(
      store.withLock('one', async () => 'mine'),
      10_000,
      'empty lock',
    ),
    'mine',
  );
});

test('a lock that cannot be written leaves no file behind', { skip: !posix }, async (t) => {
  const folder = makeWorkspace(t);
  const program = `
    import { openFileStore } from ${JSON.stringify(pathToFileURL(`${PACKAGE_ROOT}dist/src/certificates/store/file-store.js`).href)};
    const failed = await openFileStore(process.argv[1]).withLock('one', async () => null).catch((error) => error);
    process.stdout.write(failed?.message ?? 'held');`;
  // A bound of no bytes at all: every write fails as on a full disk, the files themselves can be made.
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '-e',
      program,
      folder.path,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  assert.match(said, /the lock file .* cannot be made/);
  assert.deepEqual(readdirSync(folder.path), []);
});
