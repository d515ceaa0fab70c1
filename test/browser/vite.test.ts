/** Vite's development server in a real browser over HTTP/2: modules load, and a saved file changes the page in place. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { BrowserPage } from '../support/browser.js';
import { ENGINES } from '../support/fronted.js';
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

for (const engine of ENGINES) {
  test(`a saved file reaches the page through Vite's WebSocket, without a reload (${engine})`, async (t) => {
    const chromium = requireTool(t, 'chromium');
    const certutil = requireTool(t, 'certutil');
    if (chromium === MISSING || certutil === MISSING) return;
    const project = makeWorkspace(t);
    project.write('index.html', PAGE);
    project.write('main.js', MAIN);
    project.write('greeting.js', "export const greeting = 'first';\n");
    const vite = join(PACKAGE_ROOT, 'node_modules/vite/bin/vite.js');
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--engine', engine, '--access-log'],
      app: [process.execPath, vite, '--host', '127.0.0.1', '--port', '{port}', '--strictPort'],
      folder: project.path,
    });
    t.after(() => front.stop());
    const page = await BrowserPage.start(t, chromium, certutil, front.authorityFile);
    const origin = `https://localhost:${front.port()}`;
    const shows = (text: string): string => `document.getElementById('greeting')?.textContent === '${text}'`;

    await page.load(`${origin}/`);
    await page.waitFor(shows('first'), 'the first greeting');
    await page.evaluate('window.notReloaded = true');
    // Saved again until it is seen: the page shows its first greeting before its WebSocket is open.
    const save = (): string => project.write('greeting.js', "export const greeting = 'second';\n");
    const saving = setInterval(save, SAVE_EVERY_MS);
    t.after(() => clearInterval(saving));
    save();
    await page.waitFor(shows('second'), 'the saved greeting in the page');
    assert.equal(await page.evaluate('window.notReloaded'), true);
    const protocols = page.responses
      .filter(({ url }) => url.startsWith(origin))
      .map(({ protocol }) => protocol);
    assert.deepEqual([...new Set(protocols)], ['h2']);
    assert.deepEqual(page.complaints, []);

    // The tunnel's line is written at its end.
    await front.stop();
    // RFC 8441 where the front announces it, an HTTP/1.1 upgrade where not.
    const version = engine === 'direct' ? 'HTTP/2.0' : 'HTTP/1.1';
    assert.match(front.log, new RegExp(`"GET /\\?token=\\S+ ${version}" 101`));
  });
}
