/** A front that is the script of a package.json ends when only the runner of scripts is told to. */
import { test } from 'node:test';
import { CLI } from '../support/command.js';
import { within } from '../support/deadline.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

test('SIGTERM to npm start ends the front and its app, although the shell between them says nothing', async (t) => {
  const npm = requireTool(t, 'npm');
  if (npm === MISSING) return;
  const folder = makeWorkspace(t);
  // The second command keeps a shell from becoming the first one.
  const start = `${process.execPath} ${CLI} demo --listen 127.0.0.1:0; true`;
  folder.write('package.json', JSON.stringify({ scripts: { start } }));
  const front = StartedFront.launch({ arguments: [], program: [npm, 'start'], folder: folder.path });
  t.after(() => front.stop());
  await front.logged(/tlsfront is ready/);
  front.child.kill('SIGTERM');
  await within(front.ended, PATIENCE_MS, 'the end of npm');
  await front.nothingLeft();
});
