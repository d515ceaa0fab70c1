/** Our bcrypt held against published vectors and against Debian's htpasswd. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { verifyBcrypt } from '../../../proxy/exchange/access/passwords/bcrypt.js';
import { MISSING, requireTool } from '../../support/tools.js';

/** Vectors of crypt_blowfish (Solar Designer), of jBCrypt and of OpenBSD's tests. */
const VECTORS: readonly (readonly [password: string, hash: string])[] = [
  ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ['U*U*', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
  ['U*U*U', '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'],
  ['', '$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.'],
  ['a', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'],
  ['abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  ['abcdefghijklmnopqrstuvwxyz', '$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC'],
  ['~!@#$%^&*()      ~!@#$%^&*()PNBFRD', '$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO'],
];

for (const [password, hash] of VECTORS) {
  test(`'${password}' has the hash ${hash}`, () => {
    assert.equal(verifyBcrypt(password, hash), true);
    assert.equal(verifyBcrypt(`${password}x`, hash), false);
    const other = hash.charAt(40) === 'a' ? 'b' : 'a';
    assert.equal(verifyBcrypt(password, `${hash.slice(0, 40)}${other}${hash.slice(41)}`), false);
  });
}

const PASSWORDS = [
  ...[
    'x',
    'correct horse battery staple',
    'pässwörd €',
    '日本語のパスワード',
    ' blanks at both ends ',
    'quote\'"\\$`',
  ],
  ...['a'.repeat(71), 'a'.repeat(72), 'a'.repeat(73), 'é'.repeat(36), 'é'.repeat(40)],
];

for (const password of PASSWORDS) {
  test(`htpasswd -B writes a hash that ${JSON.stringify(password.slice(0, 30))} (${Buffer.byteLength(password)} bytes) fits`, (t) => {
    const htpasswd = requireTool(t, 'htpasswd');
    if (htpasswd === MISSING) return;
    const line = execFileSync(htpasswd, ['-niB', '-C', '4', 'user'], {
      input: password,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    }).trim();
    const hash = line.slice('user:'.length);
    assert.match(hash, /^\$2y\$04\$/);
    assert.equal(verifyBcrypt(password, hash), true);
    assert.equal(verifyBcrypt(`b${password}`, hash), false);
  });
}

for (const hash of [
  '',
  '$2y$04$short',
  '$2y$03$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  '$1$a$b',
]) {
  test(`'${hash}' fits no password`, () => assert.equal(verifyBcrypt('', hash), false));
}

test('a NUL ends no password early', () => {
  assert.equal(verifyBcrypt('a\0b', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'), false);
});
