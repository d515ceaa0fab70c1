/** What a project is called, and which front may share its port with others. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { findProjectName } from '../../../src/options/values/project-name.js';
import { resolveGiven } from '../../support/settings.js';
import { makeWorkspace } from '../../support/workspace.js';

test('a project is called as package.json says, without its scope, else as its folder', (t) => {
  const workspace = makeWorkspace(t);
  for (const folder of ['My Shop', 'scoped', 'broken', 'void']) mkdirSync(workspace.at(folder));
  workspace.write('scoped/package.json', '{"name":"@acme/web_shop"}');
  workspace.write('broken/package.json', '{');
  workspace.write('void/package.json', '{"name":""}');
  assert.equal(findProjectName(workspace.at('My Shop')), 'my-shop');
  assert.equal(findProjectName(workspace.at('scoped')), 'web-shop');
  assert.equal(findProjectName(workspace.at('broken')), 'broken');
  assert.equal(findProjectName(workspace.at('void')), 'void');
  assert.equal(findProjectName('/'), 'app');
});

test('a git worktree has its branch before the name, the main one has not', (t) => {
  const workspace = makeWorkspace(t);
  mkdirSync(workspace.at('shop/.git/worktrees/fix'), { recursive: true });
  mkdirSync(workspace.at('fix/web'), { recursive: true });
  workspace.write('shop/.git/HEAD', 'ref: refs/heads/main\n');
  workspace.write('fix/.git', `gitdir: ${workspace.at('shop/.git/worktrees/fix')}\n`);
  workspace.write('fix/web/package.json', '{"name":"shop"}');
  workspace.write('shop/package.json', '{"name":"shop"}');
  workspace.write('shop/.git/worktrees/fix/HEAD', 'ref: refs/heads/fix/Login_2\n');
  assert.equal(findProjectName(workspace.at('shop')), 'shop');
  assert.equal(findProjectName(workspace.at('fix/web')), 'fix-login-2.shop');
  workspace.write('shop/.git/worktrees/fix/HEAD', '0123456789abcdef0123456789abcdef01234567\n');
  assert.equal(findProjectName(workspace.at('fix/web')), 'fix.shop');
});

const APP = { upstream: ['8080'] };

test('a plain development front joins and moves; one that says more does neither', () => {
  const project = (flags: Record<string, string[]>) => resolveGiven({ flags: { ...APP, ...flags } }).project;
  assert.deepEqual(project({ name: ['Shop.localhost'] }), { name: 'shop', mayJoin: true, mayMove: true });
  assert.deepEqual(project({ name: ['shop'], listen: ['9443'] }), {
    ...{ name: 'shop', mayJoin: true, mayMove: false },
  });
  assert.equal(project({ listen: ['9443'] })?.mayJoin, false);
  assert.deepEqual(project({ name: ['shop'], strictPort: ['true'] }), {
    ...{ name: 'shop', mayJoin: false, mayMove: false },
  });
  // It serves others, and is not served: the log would not be its own.
  assert.equal(project({ accessLog: ['true'] })?.mayJoin, false);
  assert.equal(project({ upstream: ['192.168.1.5:80'] })?.mayJoin, false);
  assert.equal(project({ upstream: ['/api=8080'] }), null);
  assert.equal(project({ headerUp: ['X-A: b'] }), null);
  assert.equal(project({ listen: [':9443'] }), null);
  assert.equal(project({ http: ['8081'] }), null);
});

test('a name that no host can have is refused', () => {
  for (const name of ['a b', '-a', 'a..b', 'ä', `${'a'.repeat(64)}`, '.localhost', ''])
    assert.throws(() => resolveGiven({ flags: { ...APP, name: [name] } }), /--name/, name);
});
