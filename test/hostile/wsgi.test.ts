/** One process that serves one request at a time, Bottle under uWSGI and under our launcher: one slow client does not stop it. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { StartedFront } from '../support/started-front.js';
import { findPython, findTool, MISSING, unlessMissing } from '../support/tools.js';
import { fixture } from '../support/workspace.js';
import { type Attack, slowBodies, slowHeads, slowStreams, unreadStreams } from './attacks.js';
import { askGood } from './scene.js';

const ATTACKS: readonly (readonly [string, Attack])[] = [
  ['bodies of which a byte comes (HTTP/1.1)', slowBodies(3, 'length')],
  ['chunked bodies of which a byte comes', slowBodies(3, 'chunked')],
  ['bodies of which a byte comes (HTTP/2)', slowStreams(1)],
  ['answers that nobody reads', unreadStreams(1)],
  ['heads that never end', slowHeads(3)],
];

const python = findPython('bottle');
for (const server of ['uwsgi', 'wsgiref'] as const) {
  const needed = server === 'uwsgi' ? { python, uwsgi: findTool('uwsgi') } : { python };
  describe(`Bottle under ${server}`, unlessMissing(needed), () => {
    let front: StartedFront;
    before(async () => {
      if (python === MISSING) return;
      front = await StartedFront.start({
        environment: python.environment,
        arguments: ['--listen', '127.0.0.1:0', '--wsgi-file', fixture('index.py'), '--wsgi-server', server],
      });
    });
    after(() => front.stop());

    for (const [name, attack] of ATTACKS) {
      test(`${name}: two good clients lose no request`, async (t) => {
        const opened: Socket[] = [];
        t.after(() => {
          for (const socket of opened) socket.destroy();
        });
        const target = { port: front.port(), ca: front.ca };
        await attack(target, opened);
        const ask = async (localAddress: string): Promise<number[]> => [
          await askGood({ ...target, localAddress }, '/'),
          await askGood({ ...target, localAddress }, '/hello/you'),
        ];
        const statuses = await Promise.all(['127.0.0.2', '127.0.0.3'].map(ask));
        assert.deepEqual(statuses.flat(), [200, 200, 200, 200]);
      });
    }
  });
}
