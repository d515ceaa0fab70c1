/** A home that `tlsfront ca` may change: no test touches the stores of this machine. */
import { mkdirSync, symlinkSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { makeWorkspace, type Workspace } from './workspace.js';

/** A home of its own, and a PATH with nothing but these tools. */
export function privateHome(
  t: TestContext,
  ...tools: readonly string[]
): { folder: Workspace; environment: NodeJS.ProcessEnv } {
  const folder = makeWorkspace(t);
  mkdirSync(folder.at('bin'));
  for (const tool of tools) symlinkSync(tool, folder.at(`bin/${tool.slice(tool.lastIndexOf('/') + 1)}`));
  const environment = {
    HOME: folder.path,
    PATH: folder.at('bin'),
    XDG_DATA_HOME: folder.at('data'),
    XDG_CONFIG_HOME: folder.at('config'),
    JAVA_HOME: folder.at('no-java'),
  };
  return { folder, environment };
}
