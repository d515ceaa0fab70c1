/** The page for phones in a browser that says it is one: it waits while the certificate is not trusted, and turns green by itself when it is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { type TestContext, test } from 'node:test';
import {
  issueCertificate,
  issueLeaf,
  type KeyPairPem,
} from '../../src/certificates/development/x509-issuer.js';
import { PhonePage } from '../../src/lan/page/server.js';
import { BrowserPage } from '../support/browser.js';
import { until, within } from '../support/deadline.js';
import { MISSING, requireTool } from '../support/tools.js';
import { makeWorkspace } from '../support/workspace.js';

const PATIENCE_MS = 30_000;
const NETWORK = { interfaceName: 'lo', family: 4, address: '127.0.0.1', netmask: '255.0.0.0' } as const;
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1';

function newAuthority(): Promise<KeyPairPem> {
  const now = new Date();
  return issueCertificate({
    commonName: `an authority ${Math.random()}`,
    notBefore: now,
    notAfter: new Date(now.getTime() + 86_400_000),
    authority: { pathLength: 0 },
  });
}

/** An app behind a certificate of the authority, and the page that leads to it. */
class Served {
  readonly trusting: string[] = [];
  failures = 0;
  asked = 0;
  url = '';

  async open(t: TestContext, authority: KeyPairPem): Promise<void> {
    const leaf = await issueLeaf(authority, ['127.0.0.1'], { now: new Date(), validDays: 7 });
    const app: Server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (_request, response) => {
      this.asked += 1;
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    app.on('tlsClientError', () => {
      this.failures += 1;
    });
    t.after(() => {
      app.closeAllConnections();
      app.close();
    });
    await within(once(app, 'listening'), PATIENCE_MS, 'the app');
    const bound = app.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    const places = [{ network: NETWORK, url: `https://127.0.0.1:${port}` }];
    const page = new PhonePage('shop.local', places, authority.certPem, {
      onVisited: () => undefined,
      onTrusted: (_address, device) => this.trusting.push(device),
    });
    t.after(() => page.close());
    this.url = `http://127.0.0.1:${await page.open(0)}/`;
  }
}

test('the page waits for trust, asking the app nothing, and turns green with it', async (t) => {
  const chromium = requireTool(t, 'chromium');
  const certutil = requireTool(t, 'certutil');
  if (chromium === MISSING || certutil === MISSING) return;
  const [known, unknown] = [await newAuthority(), await newAuthority()];
  const [trusted, untrusted] = [new Served(), new Served()];
  await trusted.open(t, known);
  await untrusted.open(t, unknown);
  const file = makeWorkspace(t).write('authority.pem', known.certPem);
  const browser = await BrowserPage.start(t, chromium, certutil, file, [`--user-agent=${IPHONE}`]);

  await browser.load(untrusted.url);
  await until(() => untrusted.failures >= 2, PATIENCE_MS, 'two looks of the page');
  assert.equal(await browser.evaluate('document.body.className'), '');
  assert.equal(
    await browser.evaluate(`document.body.innerText.includes('Certificate Trust Settings')`),
    true,
  );
  assert.deepEqual([untrusted.asked, untrusted.trusting], [0, []]);

  await browser.load(trusted.url);
  await browser.waitFor(`document.body.className === 'trusted'`, 'green');
  assert.match(
    String(await browser.evaluate('document.body.innerText')),
    /This device trusts the certificate\.\s+Open https:/,
  );
  await until(() => trusted.trusting.length > 0, PATIENCE_MS, 'word of it');
  assert.deepEqual([trusted.asked, trusted.trusting], [1, ['iPhone or iPad']]);
});
