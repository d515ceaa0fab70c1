/** A real browser that trusts the development authority, before the sample app's page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrowserPage } from '../support/browser.js';
import { ENGINES } from '../support/fronted.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';

for (const engine of ENGINES) {
  test(`Chromium loads the page over HTTP/2 with events and a WebSocket, and complains about nothing (${engine})`, async (t) => {
    const chromium = requireTool(t, 'chromium');
    const certutil = requireTool(t, 'certutil');
    if (chromium === MISSING || certutil === MISSING) return;
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--engine', engine],
      app: SAMPLE_APP,
    });
    t.after(() => front.stop());
    const page = await BrowserPage.start(t, chromium, certutil, front.authorityFile);
    const origin = `https://localhost:${front.port()}`;
    await page.load(`${origin}/`);
    const text = (id: string): string => `document.getElementById('${id}').textContent`;
    await page.waitFor(`${text('sse')}.startsWith('event 2 ')`, 'the second event in the page');
    await page.waitFor(`${text('ws')}.startsWith('hello')`, 'the echo in the page');
    assert.equal(await page.evaluate(text('protocol')), 'h2');
    assert.equal(await page.evaluate(text('secure')), 'true');
    assert.deepEqual(
      page.responses
        .filter(({ url }) => url.startsWith(origin))
        .map(({ protocol, status }) => [protocol, status]),
      [
        ['h2', 200],
        ['h2', 200],
      ],
    );
    const posted = await page.evaluate(
      // A Blob: of bytes in the page's own memory Chromium's debugger makes copies for seconds.
      `fetch('/echo', { method: 'POST', body: new Blob([new Uint8Array(3000000)]) }).then((r) => r.json()).then((r) => r.body.bytes)`,
    );
    assert.equal(posted, 3_000_000);
    const many = await page.evaluate(
      `Promise.all(Array.from({ length: 50 }, (_, i) => fetch('/bytes?size=' + (i * 1000)).then((r) => r.arrayBuffer()).then((b) => b.byteLength))).then((all) => all.reduce((a, b) => a + b))`,
    );
    assert.equal(many, (1000 * 49 * 50) / 2);
    assert.deepEqual(page.complaints, []);
  });
}
