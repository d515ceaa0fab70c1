/** Projects that join a front and leave it: what is routed to them, and which of their apps stay the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guestApps } from '../../../proxy/routing/guest-apps.js';
import { Upstreams } from '../../../proxy/routing/upstreams.js';
import type { Guest, Projects } from '../../../src/shared/messages/projects.js';
import { appsOf } from '../../support/settings.js';

const OWN = { host: 'own.localhost', name: 'own', url: 'https://own.localhost' };

function guest(name: string, port: number, changed: Partial<Guest> = {}): Guest {
  const host = `${name}.localhost`;
  const upstreams = [{ id: -2 * port, host: '127.0.0.1', port }];
  return { name, host, url: `https://${host}`, holdMs: 1000, upstreams, ...changed };
}

function joined(...guests: Guest[]): Projects {
  return { own: OWN, guests };
}

/** The port that the host is sent to; null: nowhere. */
function portFor(upstreams: Upstreams, authority: string): number | null {
  const head = { method: 'GET', path: '/', authority, headers: [], memo: null, httpVersion: '1.1' as const };
  return upstreams.find(head, null)?.pick()?.port ?? null;
}

test('a project is served beneath its name while it is there, and its name leads nowhere after', () => {
  const upstreams = new Upstreams(appsOf('127.0.0.1:1'));
  const [own] = appsOf('127.0.0.1:1')[0]?.upstreams ?? [];
  assert.ok(own);
  const state = { app: 0, hostName: null, key: '', needsLength: false, ready: true };
  upstreams.update([{ ...own, ...state, id: 1 }]);
  assert.equal(portFor(upstreams, 'shop.localhost'), 1);

  upstreams.welcome(joined(guest('shop', 3000), guest('blog', 4000)));
  assert.equal(portFor(upstreams, 'shop.localhost'), 3000);
  assert.equal(portFor(upstreams, 'a.shop.localhost:443'), 3000);
  assert.equal(portFor(upstreams, 'blog.localhost'), 4000);
  assert.equal(portFor(upstreams, 'own.localhost'), 1);
  assert.equal(portFor(upstreams, 'other.localhost'), null);

  upstreams.welcome(joined(guest('blog', 4000)));
  assert.equal(portFor(upstreams, 'shop.localhost'), null);
  assert.equal(portFor(upstreams, 'blog.localhost'), 4000);

  // Nobody is left: the front is as if nobody had ever joined.
  upstreams.welcome(null);
  assert.equal(portFor(upstreams, 'blog.localhost'), 1);
});

test('the app of a project stays the same object until something of it changes', () => {
  const before = guestApps(joined(guest('shop', 3000), guest('blog', 4000)), []).apps;
  assert.deepEqual(
    before.map(({ name, route }) => [name, route.host]),
    [
      ['shop', 'shop.localhost'],
      ['shop', '*.shop.localhost'],
      ['blog', 'blog.localhost'],
      ['blog', '*.blog.localhost'],
    ],
  );
  // Another place of the same app, and another order.
  const moved = guestApps(joined(guest('blog', 4001), guest('shop', 3000)), before);
  assert.deepEqual(
    moved.apps.map((app) => before.indexOf(app)),
    [2, 3, 0, 1],
  );
  assert.deepEqual(
    moved.upstreams.map(({ app, port }) => [app, port]),
    [
      [0, 4001],
      [1, 4001],
      [2, 3000],
      [3, 3000],
    ],
  );
  for (const changed of [{ name: 'other' }, { host: 'other.localhost' }, { holdMs: 2000 }]) {
    const { apps } = guestApps(joined(guest('shop', 3000, changed)), before);
    assert.deepEqual(
      apps.map((app) => before.includes(app)),
      [false, false],
      JSON.stringify(changed),
    );
    assert.equal(apps[0]?.name, changed.name ?? 'shop');
    assert.equal(apps[0]?.route.host, changed.host ?? 'shop.localhost');
    assert.equal(apps[0]?.holdMs, changed.holdMs ?? 1000);
  }
});
