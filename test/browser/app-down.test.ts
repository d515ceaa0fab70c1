/** A person's window while the app is down: the page is there at once, and becomes the app's by itself. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { BrowserPage } from '../support/browser.js';
import { freePort } from '../support/ports.js';
import { StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';

test('Chromium shows the page while nothing runs, and the app as soon as it does', async (t) => {
  const chromium = requireTool(t, 'chromium');
  const certutil = requireTool(t, 'certutil');
  if (chromium === MISSING || certutil === MISSING) return;
  const port = await freePort();
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${port}`, '--hold', '5m'],
  });
  t.after(() => front.stop());
  const page = await BrowserPage.start(t, chromium, certutil, front.authorityFile);
  await page.load(`https://localhost:${front.port()}/shop`);
  await page.waitFor(`document.body.innerText.includes('looked for at 127.0.0.1:${port}')`, 'our page');
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'text/html').end('<link rel="icon" href="data:,">the shop is open');
  }).listen(port, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await page.waitFor(`document.body.innerText.includes('the shop is open')`, "the app's page");
  assert.deepEqual(seen, ['HEAD /shop', 'GET /shop']);
});
