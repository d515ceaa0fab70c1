/** Password files: what they hold, what is remembered of them, and how many passwords may wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PasswordFile } from '../../../proxy/exchange/access/passwords/password-file.js';
import {
  PasswordVerifier,
  type Verdict,
  type Verifier,
} from '../../../proxy/exchange/access/passwords/verifier.js';
import { readAccessFiles } from '../../../src/serving/access-files.js';
import { FrontError } from '../../../src/shared/errors.js';
import { resolveGiven } from '../../support/settings.js';
import { makeWorkspace } from '../../support/workspace.js';

/** `secret`, as cheaply as it is read. */
const SCRYPT = '$scrypt$ln=10,r=1,p=1$c2FsdHNhbHRzYWx0$PTJplfulJV9Q0LQ249eKtDHwK3OM+5j9lDmODRTQKMc';
const BCRYPT = '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe';

/** Counts what it is asked; the hash is the password. */
class CountingVerifier implements Verifier {
  readonly asked: string[] = [];
  readonly open: ((verdict: Verdict) => void)[] = [];
  verify(_client: string, password: string, hash: string, done: (verdict: Verdict) => void): void {
    this.asked.push(`${password} ${hash === password}`);
    this.open.push(() => done(hash === password));
  }
  settle(): void {
    for (const settle of this.open.splice(0)) settle(true);
  }
}

test('a pair is verified once, however often and however many at once ask, until the file changes', () => {
  const verifier = new CountingVerifier();
  const file = new PasswordFile(verifier);
  file.update([['anna', 'pw']]);
  const verdicts: Verdict[] = [];
  const ask = (user: string, password: string): void =>
    file.verify('c', user, password, (v) => verdicts.push(v));
  for (let times = 0; times < 50; times += 1) ask('anna', 'pw');
  assert.equal(verifier.asked.length, 1);
  verifier.settle();
  ask('anna', 'pw');
  assert.deepEqual(
    [verdicts.length, verdicts.every((v) => v === true), verifier.asked.length],
    [51, true, 1],
  );
  ask('anna', 'guess');
  verifier.settle();
  ask('anna', 'guess');
  assert.deepEqual([verdicts.slice(-2), verifier.asked.length], [[false, false], 2]);
  file.update([['anna', 'new']]);
  ask('anna', 'pw');
  ask('anna', 'new');
  verifier.settle();
  assert.deepEqual(verdicts.slice(-2), [false, true]);
});

test('what is being verified while the file changes is not remembered by the new one', () => {
  const verifier = new CountingVerifier();
  const file = new PasswordFile(verifier);
  file.update([['anna', 'pw']]);
  file.verify('c', 'anna', 'pw', () => {});
  file.update([['anna', 'other']]);
  verifier.settle();
  let verdict: Verdict | null = null;
  file.verify('c', 'anna', 'pw', (found) => {
    verdict = found;
  });
  verifier.settle();
  assert.equal(verdict, false);
});

test('a user that is not there costs a hash of the same kind, and no pair is another by its parts', () => {
  const verifier = new CountingVerifier();
  const file = new PasswordFile(verifier);
  file.update([['an', 'napw']]);
  const verdicts: Verdict[] = [];
  for (const [user, password] of [
    ['an', 'napw'],
    ['ann', 'apw'],
    ['', 'annapw'],
  ] as const)
    file.verify('c', user, password, (verdict) => verdicts.push(verdict));
  verifier.settle();
  assert.deepEqual(verdicts, [true, false, false]);
  assert.equal(verifier.asked.length, 3);
});

test('scrypt and bcrypt are verified beside the loop, and a client has a bounded number of places', async () => {
  const verifier = new PasswordVerifier();
  const ask = (password: string, hash: string, client = 'a'): Promise<Verdict> =>
    new Promise((resolve) => verifier.verify(client, password, hash, resolve));
  assert.deepEqual(await Promise.all([ask('secret', SCRYPT), ask('Secret', SCRYPT)]), [true, false]);
  assert.deepEqual(await Promise.all([ask('a', BCRYPT), ask('b', BCRYPT), ask('a', 'plain')]), [
    true,
    false,
    false,
  ]);
  const many = Array.from({ length: 30 }, () => ask('a', BCRYPT, 'flood'));
  const other = ask('a', BCRYPT, 'other');
  const verdicts = await Promise.all(many);
  assert.equal(verdicts.filter((verdict) => verdict === true).length, 10, 'two that run and eight that wait');
  assert.equal(verdicts.filter((verdict) => verdict === 'busy').length, 20);
  assert.equal(await other, true);
});

test('a file is read with comments, DOS line ends and a second colon', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('users', `\uFEFF# ours\r\nanna:${SCRYPT}\r\n\r\nbéla:${BCRYPT}:more\r\n`);
  const { passwords } = await readAccessFiles(resolveGiven({ flags: { basicAuth: [file] } }).access);
  assert.deepEqual(passwords[file], [
    ['anna', SCRYPT],
    ['béla', BCRYPT],
  ]);
});

/** A line, and the words that refuse it. */
const REFUSED: readonly (readonly [line: string, reason: RegExp])[] = [
  ['anna:$apr1$abcdefgh$0123456789012345678901', /kept as Apache's MD5 \(apr1\)/],
  ['anna:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /kept as unsalted SHA-1/],
  ['anna:rqXexS6ZhobKA', /kept as DES \(crypt\), or no hash/],
  ['anna:hunter2hunter2', /kept as plain text/],
  ['anna:$6$salt$digest', /kept as SHA-2 \(crypt\)/],
  ['anna:$1$salt$digest', /kept as MD5 \(crypt\)/],
  ['anna:$argon2id$v=19$m=65536', /kept as Argon2/],
  [
    'anna:$2y$31$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe',
    /bcrypt hash that is broken, or costs more/,
  ],
  ['anna:$scrypt$ln=20,r=32,p=1$c2FsdHNhbHRzYWx0$PTJplfulJV9Q0LQ249eKtDHwK3OM+5j9lDmODRTQKMc', /scrypt hash/],
  [`anna:${BCRYPT}\nanna:${BCRYPT}`, /:2: the user "anna" stands there twice/],
  ['no colon', /no line of a user/],
  [`:${BCRYPT}`, /no line of a user/],
  ['', /has no user/],
];

for (const [line, reason] of REFUSED) {
  test(`${JSON.stringify(line.slice(0, 40))} is refused with words that tell nothing of the hash`, async (t) => {
    const file = makeWorkspace(t).write('users', `${line}\n`);
    const { access } = resolveGiven({ flags: { basicAuth: [`/admin=${file}`] } });
    await assert.rejects(readAccessFiles(access), (error) => {
      assert.ok(error instanceof FrontError);
      assert.match(error.message, reason);
      assert.match(error.hint ?? '', /tlsfront password USER/);
      assert.doesNotMatch(error.message, /hunter2|digest|rqXex|m0Crh|c2FsdH/);
      return true;
    });
  });
}
