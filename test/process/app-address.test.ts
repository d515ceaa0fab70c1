/** The address that people open reaches the app in its environment, and the browser by `--open`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../support/deadline.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

test('the app has the address in TLSFRONT_URL, whatever it was outside, and --open shows it', async (t) => {
  const workspace = makeWorkspace(t);
  const browser = workspace.write('browser', `#!/bin/sh\necho "$1" > "${workspace.at('shown')}"\n`, 0o700);
  const app = nodeApp(
    'console.log("told " + process.env.TLSFRONT_URL);' +
      'listen(require("node:http").createServer((_, response) => response.end()));',
  );
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--open'],
    app,
    environment: { TLSFRONT_URL: 'https://outside', BROWSER: browser },
  });
  t.after(() => front.stop());
  const [, url] = await front.logged(/tlsfront is ready: (\S+) ->/);
  assert.equal(url, `https://127.0.0.1:${front.port()}`);
  assert.match(front.log, new RegExp(`told ${url}\\n`));
  assert.doesNotMatch(front.log, /TLSFRONT_URL/);
  const shown = await until(() => readOr(workspace.at('shown')) || undefined, PATIENCE_MS, 'the browser');
  assert.equal(shown, `${url}\n`);
});

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

test('an address that cannot be shown is told with the reason', async (t) => {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--open', '--upstream', 'unix:/nonexistent.sock'],
    environment: { BROWSER: '/nonexistent/browser' },
  });
  t.after(() => front.stop());
  await front.logged(
    /https:\/\/127\.0\.0\.1:\d+ cannot be shown: there is no \/nonexistent\/browser; set BROWSER/,
  );
});
