/** Development certificates that are made at a name's first handshake: always for names of ours, within bounds for others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LeafRequests,
  MAX_STRANGE_NAMES,
  STRANGE_NAMES_A_SECOND,
  STRANGE_NAMES_AT_ONCE,
} from '../../../proxy/tls/leaf-requests.js';

/** A master that answers at once, and a clock that stands still until it is moved. */
function withMaster(): { requests: LeafRequests; asked: string[]; clock: { ms: number } } {
  const asked: string[] = [];
  const clock = { ms: 0 };
  const requests: LeafRequests = new LeafRequests(
    (name) => {
      asked.push(name);
      requests.settle(name, { certificate: { chainPem: '', keyPem: '', names: [name] }, refusal: null });
    },
    () => clock.ms,
  );
  return { requests, asked, clock };
}

/** Asks for so many names that nobody here has given; those that got a certificate. */
async function flood(requests: LeafRequests, count: number, prefix = 'n'): Promise<number> {
  let answered = 0;
  for (let index = 0; index < count; index += 1) {
    if ((await requests.request(`${prefix}${index}.localhost`, false)) !== null) answered += 1;
  }
  return answered;
}

test('only host names beneath a suffix are asked for', () => {
  const suffixes = ['localhost', 'test'];
  for (const name of ['app.localhost', 'a.b.test', 'x_y.test'])
    assert.ok(LeafRequests.isBeneath(name, suffixes), name);
  const long = `${'a'.repeat(64)}.test`;
  for (const name of [
    'test',
    'localhost',
    '.test',
    'a..test',
    '*.test',
    'a b.test',
    '-a.test',
    'atest',
    'a.test.',
    '../x.test',
    long,
    `${'a.'.repeat(130)}test`,
  ]) {
    assert.equal(LeafRequests.isBeneath(name, suffixes), false, name);
  }
});

test('strangers have so many names made at once, and then at an even pace', async () => {
  const { requests, asked, clock } = withMaster();
  assert.equal(await flood(requests, 1000), STRANGE_NAMES_AT_ONCE);
  clock.ms += 3000 / STRANGE_NAMES_A_SECOND;
  assert.equal(await flood(requests, 1000, 'm'), 3);
  assert.equal(asked.length, STRANGE_NAMES_AT_ONCE + 3);
});

test('a name that was refused in a flood gets its certificate when it asks again later', async () => {
  const { requests, clock } = withMaster();
  await flood(requests, 1000);
  assert.equal(await requests.request('honest.localhost', false), null);
  clock.ms += 1000;
  assert.deepEqual((await requests.request('honest.localhost', false))?.names, ['honest.localhost']);
});

test('a name of ours is issued in the middle of a flood, once', async () => {
  const { requests, asked } = withMaster();
  await flood(requests, 1000);
  for (let count = 0; count < 3; count += 1) {
    assert.deepEqual((await requests.request('shop.localhost', true))?.names, ['shop.localhost']);
  }
  assert.equal(asked.filter((name) => name === 'shop.localhost').length, 1);
});

test('the strange name that was used longest ago is forgotten first, and those of ours never', async () => {
  const { requests, asked, clock } = withMaster();
  await requests.request('shop.localhost', true);
  const ask = async (name: string): Promise<void> => {
    clock.ms += 1000;
    await requests.request(name, false);
  };
  for (let index = 0; index < MAX_STRANGE_NAMES; index += 1) await ask(`n${index}.localhost`);
  await ask('n0.localhost');
  await ask('one-more.localhost');
  asked.length = 0;
  await ask('n0.localhost');
  await ask('n1.localhost');
  await requests.request('shop.localhost', true);
  assert.deepEqual(asked, ['n1.localhost']);
});

test('handshakes of one name wait for one answer', async () => {
  const asked: string[] = [];
  const requests = new LeafRequests((name) => asked.push(name));
  const both = Promise.all([requests.request('a.localhost', true), requests.request('a.localhost', true)]);
  requests.settle('a.localhost', {
    certificate: { chainPem: 'pem', keyPem: '', names: [] },
    refusal: null,
  });
  assert.deepEqual(
    (await both).map((one) => one?.chainPem),
    ['pem', 'pem'],
  );
  assert.deepEqual(asked, ['a.localhost']);
});

test('a name that the master has nothing for is asked for again', async () => {
  const asked: string[] = [];
  const requests: LeafRequests = new LeafRequests((name) => {
    asked.push(name);
    requests.settle(name, { certificate: null, refusal: null });
  });
  assert.equal(await requests.request('a.localhost', true), null);
  assert.equal(await requests.request('a.localhost', true), null);
  assert.equal(asked.length, 2);
});
