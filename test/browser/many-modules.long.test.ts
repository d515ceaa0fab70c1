/** What a developer does all day: a page of many modules, loaded again while it still loads. A browser cuts a hundred requests each time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { BrowserPage } from '../support/browser.js';
import { until } from '../support/deadline.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool } from '../support/tools.js';

const MODULES = 600;
const RELOADS = 5;
/** The browser has so many requests under way when it loads the page again. */
const UNDER_WAY = 100;

/** Each load names its modules by its own number: what belongs to the page before must not be taken for the next one's. */
const pageOf = (
  load: number,
): string => `<!doctype html><title>modules</title><script>globalThis.loaded = 0;</script>
${Array.from({ length: MODULES }, (_, number) => `<script type="module" src="/m${number}.js?${load}"></script>`).join('\n')}`;

test(`a page of ${MODULES} modules that is loaded again ${RELOADS} times is whole in the end`, async (t) => {
  const chromium = requireTool(t, 'chromium');
  const certutil = requireTool(t, 'certutil');
  if (chromium === MISSING || certutil === MISSING) return;
  let cut = 0;
  let isSlow = true;
  let loads = 0;
  const waiting = new Map<ServerResponse, number>();
  const waitingOf = (load: number): ServerResponse[] =>
    [...waiting].filter(([, itsLoad]) => itsLoad === load).map(([response]) => response);
  const app = createServer((request, response) => {
    if (request.url === '/') {
      response.setHeader('content-type', 'text/html').end(pageOf(loads));
      loads += 1;
      return;
    }
    response.setHeader('content-type', 'text/javascript');
    if (!isSlow) {
      response.end('globalThis.loaded += 1;');
      return;
    }
    waiting.set(response, Number(request.url?.split('?')[1]));
    response.on('close', () => {
      if (!response.writableFinished) cut += 1;
      waiting.delete(response);
    });
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const address = app.address();
  const port = typeof address === 'object' && address !== null ? address.port : assert.fail();
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${port}`],
  });
  t.after(() => front.stop());
  const page = await BrowserPage.start(t, chromium, certutil, front.authorityFile);
  // A page that is left takes the answer with it.
  const ask = (expression: string): Promise<unknown> => page.evaluate(expression).catch(() => undefined);
  await ask(`location.href = 'https://localhost:${front.port()}/'`);
  for (let reload = 0; reload < RELOADS; reload += 1) {
    await until(
      () => waitingOf(reload).length >= UNDER_WAY,
      PATIENCE_MS,
      `requests under way before reload ${reload}`,
    );
    isSlow = reload < RELOADS - 1;
    const before = cut;
    await ask('location.reload()');
    // The page itself waits for one of the 128 streams to become free.
    for (const response of waitingOf(reload).slice(0, UNDER_WAY / 4)) response.end();
    await until(() => waitingOf(reload).length === 0, PATIENCE_MS, `the cut of reload ${reload}`);
    assert.ok(cut - before >= UNDER_WAY / 2, `${cut - before} requests were cut by reload ${reload}`);
  }
  const isWhole = async (): Promise<boolean> => (await ask('globalThis.loaded')) === MODULES;
  await until(isWhole, PATIENCE_MS, 'every module');
  assert.ok(cut >= (RELOADS * UNDER_WAY) / 2, `${cut} requests were cut at the app`);
  assert.deepEqual(
    page.complaints.filter((text) => text.includes('HTTP2')),
    [],
  );
  assert.doesNotMatch(front.log, /max-stream-resets/);
});
