/** `tlsfront -- npm run dev` with nothing added, in a real browser under each kind of name: page, live edit, quiet console. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BrowserPage } from '../support/browser.js';
import { StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace, PACKAGE_ROOT } from '../support/workspace.js';

const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<p id="greeting"></p>
<script type="module" src="/main.js"></script>
`;

const MAIN = `import { greeting } from './greeting.js';
const show = (text) => { document.getElementById('greeting').textContent = text; };
show(greeting);
import.meta.hot.accept('./greeting.js', (changed) => show(changed.greeting));
`;

const SAVE_EVERY_MS = 2000;

test('the script dev of package.json is Vite: localhost, name.localhost and app.test', async (t) => {
  const chromium = requireTool(t, 'chromium');
  const certutil = requireTool(t, 'certutil');
  const npm = requireTool(t, 'npm');
  if (chromium === MISSING || certutil === MISSING || npm === MISSING) return;
  const project = makeWorkspace(t);
  project.write('index.html', PAGE);
  project.write('main.js', MAIN);
  project.write('greeting.js', "export const greeting = '0';\n");
  project.write('package.json', '{"type":"module","scripts":{"dev":"vite"}}');
  mkdirSync(project.at('node_modules/.bin'), { recursive: true });
  symlinkSync(join(PACKAGE_ROOT, 'node_modules/vite/bin/vite.js'), project.at('node_modules/.bin/vite'));
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--host', 'app.test'],
    app: ['npm', 'run', 'dev'],
    folder: project.path,
  });
  t.after(() => front.stop());
  const rules = '--host-resolver-rules=MAP app.test 127.0.0.1';
  const page = await BrowserPage.start(t, chromium, certutil, front.authorityFile, [rules]);
  let edit = 0;
  const save = (): string => project.write('greeting.js', `export const greeting = '${edit}';\n`);
  const saving = setInterval(save, SAVE_EVERY_MS);
  t.after(() => clearInterval(saving));
  const shows = (): string => `document.getElementById('greeting')?.textContent === '${edit}'`;
  for (const name of ['localhost', 'name.localhost', 'app.test']) {
    await page.load(`https://${name}:${front.port()}/`);
    await page.waitFor(shows(), `the page under ${name}`);
    await page.evaluate('window.notReloaded = true');
    edit += 1;
    save();
    await page.waitFor(shows(), `the edit in the page under ${name}`);
    assert.equal(await page.evaluate('window.notReloaded'), true);
  }
  assert.deepEqual(page.complaints, []);
});
