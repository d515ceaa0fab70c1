/** Holds the rooms apart: who may import whom, and which library stands behind one file (docs of the design, rooms). */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { PACKAGE_ROOT } from '../support/workspace.js';

/** A row of the map of rooms in docs/ARCHITECTURE.md. */
interface Room {
  readonly room: string;
  /** The rooms it may import beside itself. */
  readonly may: readonly string[];
}

/** The rooms of the map, the narrower before the wider ones. */
const ROOMS: readonly Room[] = readFileSync(join(PACKAGE_ROOT, 'docs/ARCHITECTURE.md'), 'utf8')
  .split('\n')
  .flatMap((line): readonly Room[] => {
    const [, first = '', , last = ''] = line.split('|');
    const [room] = namesIn(first);
    return room === undefined || !line.startsWith('| `') ? [] : [{ room, may: namesIn(last) }];
  })
  .sort((a, b) => b.room.length - a.room.length);

/** What stands between backquotes. */
function namesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

const FENCED: Readonly<Record<string, string>> = {
  commander: 'src/command-line/main.ts',
  'http-proxy-3': 'proxy/library/forwarder.ts',
  'http2-wrapper': 'proxy/upstream/http2/sessions.ts',
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

/** The narrowest room that holds the file. */
function roomOf(file: string) {
  return ROOMS.find(({ room }) => file.startsWith(`${room}/`));
}

function isAllowed(file: string, imported: string): boolean {
  const room = roomOf(file);
  if (room === undefined) return true;
  return [room.room, ...room.may].some((allowed) => imported.startsWith(`${allowed}/`));
}

test('every source file stands in a room of the map', () => {
  assert.deepEqual(
    sourceFiles().filter((file) => file !== 'src/cli.ts' && roomOf(file) === undefined),
    [],
  );
});

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

test('no source file reads process.env outside the options, the platform and the command', () => {
  const readers = sourceFiles().filter(
    (file) =>
      readFileSync(join(PACKAGE_ROOT, file), 'utf8').includes('process.env') && !file.startsWith('app/'),
  );
  assert.deepEqual(
    readers.filter((file) => file !== 'src/cli.ts' && !/^src\/(?:options|system)\//.test(file)),
    [],
  );
});
