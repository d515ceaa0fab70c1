/** A front whose app is the front itself: one request must not become thousands. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client, PROTOCOLS } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';

for (const engine of ENGINES) {
  describe(`a front that forwards to itself (${engine})`, () => {
    let front: StartedFront | undefined;
    let clients: Client[] = [];
    before(async () => {
      const plain = `127.0.0.1:${await freePort()}`;
      const own = ['--listen', '127.0.0.1:0', '--http', plain, '--upstream', plain, '--engine', engine];
      const started = await StartedFront.start({
        arguments: [...own, '--access-log', '--http-processes', '2'],
      });
      front = started;
      clients = PROTOCOLS.map((protocol) => new Client({ port: started.port(), ca: started.ca }, protocol));
    });
    after(async () => {
      for (const client of clients) client.close();
      await front?.stop();
    });

    /** Log lines of a path, once the request's both rounds are there. */
    const rounds = (path: string): Promise<number> =>
      until(
        () => {
          const lines = front?.log.split('\n').filter((line) => line.includes(` ${path} HTTP/`)) ?? [];
          return lines.length >= 2 && lines.length;
        },
        PATIENCE_MS,
        `two log lines of ${path}`,
      );

    for (const [index, protocol] of PROTOCOLS.entries()) {
      test(`answers 508 over ${protocol}, after one round`, async () => {
        const path = `/round-${index}`;
        const reply = await clients[index]?.request(path, { method: 'POST', body: 'x' });
        assert.equal(reply?.status, 508);
        assert.match(reply?.text ?? '', /508 Loop Detected/);
        assert.equal(await rounds(path), 2);
      });
    }

    test('takes the mark of another front for none of its own', async () => {
      const headers = { 'cdn-loop': 'tlsfront;id="0123456789ab", cdn.example' };
      const reply = await clients[0]?.request('/marked', { headers });
      assert.equal(reply?.status, 508);
      assert.equal(await rounds('/marked'), 2);
    });
  });
}
