/** A redirect of an app to its own address leads the client back to the front, however the app spells itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';

appBehind(
  'an app that redirects',
  {
    app: (request, response) => {
      response.writeHead(302, { location: decodeURIComponent((request.url ?? '').slice(2)) }).end();
    },
  },
  (running) => {
    test('every spelling of the app on loopback becomes the front, other addresses stay', async () => {
      const { client, front, appPort } = running();
      const locationFor = async (to: string): Promise<unknown> =>
        (await client.request(`/?${encodeURIComponent(to)}`)).headers.location;
      const own = `https://localhost:${front.port()}/x?y=1#z`;
      for (const scheme of ['http', 'https', 'HTTP', 'Https']) {
        for (const host of ['localhost', '127.0.0.1', '[::1]', '0.0.0.0', 'LOCALHOST']) {
          assert.equal(await locationFor(`${scheme}://${host}:${appPort}/x?y=1#z`), own);
        }
      }
      for (const other of [
        `https://localhost:${appPort + 1}/x`,
        `https://app.test:${appPort}/x`,
        `https://localhost.evil.test:${appPort}/x`,
        `https://user@localhost:${appPort}/x`,
        'https://localhost/x',
        `ftp://localhost:${appPort}/x`,
        `//localhost:${appPort}/x`,
        `https:localhost:${appPort}/x`,
        '/x',
      ]) {
        assert.equal(await locationFor(other), other);
      }
    });
  },
);
