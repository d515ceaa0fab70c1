/** QR codes: one that was compared with another writer, the versions, and what is too long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qrCode, qrLines } from '../../../src/system/qr-code.js';

test('the code of a URL is the one that others draw', () => {
  const code = qrCode('http://192.168.1.5:4480/') ?? [];
  assert.deepEqual(
    qrLines(code, false).map((line) => line.trimEnd()),
    [
      '',
      '  █▀▀▀▀▀█  ▀▀█▄▀▄ ▀ █▀▀▀▀▀█',
      '  █ ███ █ ▄▀██ ▄█▄█ █ ███ █',
      '  █ ▀▀▀ █ ▀▄█ ▀█▀ ▄ █ ▀▀▀ █',
      '  ▀▀▀▀▀▀▀ ▀▄▀ █ ▀ ▀ ▀▀▀▀▀▀▀',
      '  ██ ▄▄█▀█▄▀█ ▀▀ ██▄  ██▄▄',
      '   █▄ █ ▀█▄▀▄█▀ ▀█▄ ▀▀▄█ ▀█',
      '  █▄ ▄▄█▀ ▀▀█ ▄ █▄▀▀▀    ▄▀',
      '  █ ▀▀▀ ▀▀▄█▄ ▄ █▀▄▀ ▀▄▀▄▀█',
      '  ▀     ▀▀█▀█ ▀█▄▄█▀▀▀█ █',
      '  █▀▀▀▀▀█ ██ ▄▀▀▀ █ ▀ █▀  █',
      '  █ ███ █  ▄█▀█▀ ▀▀▀██▀█▀▄▄',
      '  █ ▀▀▀ █ ▄▀ ▄   ▄▄▀▄▄▄ ▀ █',
      '  ▀▀▀▀▀▀▀ ▀▀  ▀ ▀▀▀ ▀  ▀  ▀',
      '',
    ],
  );
});

test('on a terminal with colours it is black on white', () => {
  for (const line of qrLines(qrCode('x') ?? [], true))
    assert.match(line.replaceAll('\u001b', 'ESC'), /^ESC\[30;107m[ █▀▄]{25}ESC\[0m$/);
});

const SIZES = [
  { bytes: 17, size: 21 },
  { bytes: 18, size: 25 },
  { bytes: 32, size: 25 },
  { bytes: 33, size: 29 },
  { bytes: 53, size: 29 },
  { bytes: 54, size: 33 },
  { bytes: 78, size: 33 },
  { bytes: 79, size: 37 },
  { bytes: 106, size: 37 },
  { bytes: 107, size: 0 },
] as const;

for (const { bytes, size } of SIZES) {
  test(`${bytes} bytes need ${size === 0 ? 'more than we draw' : `${size} squares a side`}`, () => {
    const code = qrCode('a'.repeat(bytes));
    assert.equal(code?.length ?? 0, size);
  });
}
