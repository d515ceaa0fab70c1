/** Holds the rooms apart: who may import whom, and which library stands behind one file (docs of the design, rooms). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from '../support/workspace.js';

/** A room may import itself and the rooms named here. */
const ROOMS: readonly { readonly room: string; readonly may: readonly string[] }[] = [
  { room: 'src/contract', may: [] },
  { room: 'src/certificates', may: ['src/contract'] },
  { room: 'src/master', may: ['src/contract'] },
  { room: 'src/commands', may: ['src/contract', 'src/certificates', 'src/master'] },
  { room: 'proxy/wire', may: [] },
  { room: 'proxy', may: ['src/contract'] },
  { room: 'app', may: ['src/contract'] },
];

const FENCED: Readonly<Record<string, string>> = {
  'acme-client': 'src/certificates/acme/authority.ts',
  commander: 'src/cli.ts',
  'http-proxy-3': 'proxy/library/forwarder.ts',
  'http2-wrapper': 'proxy/upstream/http2-sessions.ts',
};

function sourceFiles(): string[] {
  return ['src', 'proxy', 'app'].flatMap((folder) =>
    readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
}

function importsOf(file: string, types = true): string[] {
  const whole = readFileSync(join(PACKAGE_ROOT, file), 'utf8');
  const text = types ? whole : whole.replaceAll(/^import type .*$/gm, '');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

/** The first of ROOMS that holds the file: the narrower rooms stand before the wider ones. */
function roomOf(file: string) {
  return ROOMS.find(({ room }) => file.startsWith(`${room}/`));
}

function isAllowed(file: string, imported: string): boolean {
  const room = roomOf(file);
  if (room === undefined) return true;
  return [room.room, ...room.may].some((allowed) => imported.startsWith(`${allowed}/`));
}

test('imports point one way between the rooms', () => {
  const broken = sourceFiles().flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(PACKAGE_ROOT, resolve(PACKAGE_ROOT, dirname(file), name)))
      .filter((imported) => !isAllowed(file, imported))
      .map((imported) => `${file} imports ${imported}`),
  );
  assert.deepEqual(broken, []);
});

test('the rule finds a codec that imports policy', () => {
  assert.equal(isAllowed('proxy/wire/http1/events.ts', 'proxy/exchange/admit.js'), false);
});

for (const [library, only] of Object.entries(FENCED)) {
  test(`${library} is imported by ${only} alone`, () => {
    // A type leaves nothing in the built file.
    const users = sourceFiles().filter((file) => importsOf(file, false).includes(library));
    assert.deepEqual(
      users.filter((file) => file !== only),
      [],
    );
    assert.ok(users.includes(only));
  });
}

test('no source file reads process.env outside the contract and the command', () => {
  const readers = sourceFiles().filter(
    (file) =>
      readFileSync(join(PACKAGE_ROOT, file), 'utf8').includes('process.env') && !file.startsWith('app/'),
  );
  assert.deepEqual(
    readers.filter((file) => file !== 'src/cli.ts' && !file.startsWith('src/contract/')),
    [],
  );
});
