/** Which packages of a monorepo are apps of the front, by which names, and how each package manager starts them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findWorkspaces, workspaceSites } from '../../../src/commands/workspaces.js';
import { complaintOf } from '../../support/settings.js';
import { makeWorkspace } from '../../support/workspace.js';

type Folder = ReturnType<typeof makeWorkspace>;

function addPackage(folder: Folder, place: string, name: string, dev: unknown = 'node server.js'): void {
  folder.write(`${place}/package.json`, JSON.stringify({ name, scripts: { dev } }));
}

/** `shop apps/shop` for each. */
function membersOf(folder: Folder): readonly string[] {
  const { members = [] } = findWorkspaces(folder.path) ?? {};
  return members.map(({ name, folder: place }) => `${name} ${place}`);
}

const PATTERNS = [
  { title: 'a list', file: 'package.json', text: '{"workspaces":["apps/*"]}' },
  { title: 'a single folder', file: 'package.json', text: '{"workspaces":["./apps/shop/","apps/api"]}' },
  { title: "yarn 1's object", file: 'package.json', text: '{"workspaces":{"packages":["apps/*"]}}' },
  { title: 'any depth', file: 'package.json', text: '{"workspaces":["**"]}' },
  { title: 'a list without some', file: 'package.json', text: '{"workspaces":["*/*","!deep/*"]}' },
  {
    title: "pnpm's lines",
    file: 'pnpm-workspace.yaml',
    text: "# all\npackages:\n  # ours\n  - 'apps/*' # both\n\ncatalog:\n  - x/*\n",
  },
  {
    title: "pnpm's lines without indent",
    file: 'pnpm-workspace.yaml',
    text: 'packages:\n- "apps/*"\n- \'!**/test\'\n',
  },
  { title: "pnpm's brackets", file: 'pnpm-workspace.yaml', text: 'packages: ["apps/*", tools/*]\n' },
] as const;

for (const { title, file, text } of PATTERNS) {
  test(`${title} of patterns in ${file} names the packages`, (t) => {
    const folder = makeWorkspace(t);
    folder.write(file, text);
    addPackage(folder, 'apps/shop', '@acme/shop');
    addPackage(folder, 'apps/api', 'api');
    addPackage(folder, 'apps/shop/node_modules/x', 'x');
    folder.write('apps/README.md', '');
    assert.deepEqual(membersOf(folder).toSorted(), ['api apps/api', 'shop apps/shop']);
  });
}

test('a package without the script, or one that cannot be read, is none; one that only builds is told', (t) => {
  const folder = makeWorkspace(t);
  folder.write('package.json', '{"workspaces":["packages/*"]}');
  addPackage(folder, 'packages/a', 'a');
  addPackage(folder, 'packages/b', 'b', 3);
  folder.write('packages/c/package.json', '{');
  folder.write('packages/d/package.json', '[]');
  for (const [place, dev] of [
    ['ui', 'tsc -w'],
    ['lib', 'tsup --watch'],
    ['css', ' tailwindcss -i a.css --watch'],
    ['bundle', 'vite build --watch'],
  ] as const)
    addPackage(folder, `packages/${place}`, place, dev);
  assert.deepEqual(membersOf(folder), ['a packages/a']);
  const builders = ['packages/bundle', 'packages/css', 'packages/lib', 'packages/ui'];
  assert.deepEqual(findWorkspaces(folder.path)?.builders, builders);
});

for (const text of ['{}', '{"workspaces":[]}', '{"workspaces":"x"}', '{"workspaces":[3]}', '{', '']) {
  test(`package.json ${text} is no monorepo`, (t) => {
    const folder = makeWorkspace(t);
    folder.write('package.json', text);
    assert.equal(findWorkspaces(folder.path), null);
  });
}

test('two packages of one name are refused', (t) => {
  const folder = makeWorkspace(t);
  folder.write('package.json', '{"workspaces":["*/*"]}');
  addPackage(folder, 'apps/web', '@a/web');
  addPackage(folder, 'packages/web', '@b/web');
  assert.match(
    complaintOf(() => findWorkspaces(folder.path)),
    /two packages .* web\.localhost: apps\/web and packages\/web \/ start one of them/,
  );
});

for (const [lockFile, command] of [
  ['package-lock.json', 'npm --workspace apps/shop run dev'],
  ['pnpm-lock.yaml', 'pnpm --dir apps/shop run dev'],
  ['yarn.lock', 'yarn workspace @acme/shop run dev'],
  ['bun.lock', 'bun --cwd apps/shop run dev'],
] as const) {
  test(`with ${lockFile} it is started by ${command}`, (t) => {
    const folder = makeWorkspace(t);
    folder.write('package.json', '{"workspaces":["apps/*"]}');
    folder.write(lockFile, '');
    addPackage(folder, 'apps/shop', '@acme/shop');
    const found = findWorkspaces(folder.path);
    assert.ok(found);
    const { sites } = workspaceSites(folder.path, found);
    assert.deepEqual(
      sites.map((site) => [site.name, site.values.host, site.command?.join(' ')]),
      [['shop', ['shop.localhost'], command]],
    );
  });
}
