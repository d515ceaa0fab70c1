/** Connecting to a name with several addresses: who is first, what a slow one gets, and what is told when none accepts. */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ConnectionRace } from '../../../proxy/upstream/connection-race.js';
import { inTurn } from '../../../proxy/upstream/dial.js';

/** A race over sockets that connect and fail by hand. */
function startRace(t: TestContext, addresses: readonly string[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const opened: string[] = [];
  const sockets = new Map<string, Socket>();
  const told: string[] = [];
  const nameOf = (socket: Socket): string =>
    [...sockets].find(([, other]) => other === socket)?.[0] ?? 'no attempt';
  const open = (address: string): Socket => {
    const socket = new Socket();
    opened.push(address);
    sockets.set(address, socket);
    return socket;
  };
  const race = new ConnectionRace(addresses, open, {
    onConnected: (socket) => told.push(`connected ${nameOf(socket)}`),
    onFailed: (error) => told.push(`failed ${error instanceof Error ? error.message : ''}`),
  });
  race.start();
  const connect = (address: string) => sockets.get(address)?.emit('connect');
  const fail = (address: string, why = `refused by ${address}`) =>
    sockets.get(address)?.emit('error', new Error(why));
  return { race, opened, sockets, told, connect, fail };
}

test('the first address alone is tried while it is quick', (t) => {
  const { opened, told, connect } = startRace(t, ['a', 'b']);
  t.mock.timers.tick(249);
  connect('a');
  t.mock.timers.tick(60_000);
  assert.deepEqual([opened, told], [['a'], ['connected a']]);
});

test('a slow first address goes on when the second refuses', (t) => {
  const { opened, told, connect, fail } = startRace(t, ['a', 'b']);
  t.mock.timers.tick(250);
  assert.deepEqual(opened, ['a', 'b']);
  fail('b');
  t.mock.timers.tick(9_000);
  connect('a');
  assert.deepEqual(told, ['connected a']);
});

test('a refusal begins the next address at once', (t) => {
  const { opened, told, fail, connect } = startRace(t, ['a', 'b', 'c']);
  fail('a');
  fail('b');
  connect('c');
  assert.deepEqual([opened, told], [['a', 'b', 'c'], ['connected c']]);
});

test('the loser is closed', (t) => {
  const { sockets, connect, told } = startRace(t, ['a', 'b']);
  t.mock.timers.tick(250);
  connect('b');
  connect('a');
  assert.deepEqual(told, ['connected b']);
  assert.equal(sockets.get('a')?.destroyed, true);
  assert.equal(sockets.get('b')?.destroyed, false);
});

test('the failure of all tells the first one, once', (t) => {
  const { told, fail } = startRace(t, ['a', 'b']);
  t.mock.timers.tick(250);
  fail('b');
  assert.deepEqual(told, []);
  fail('a', 'the last');
  assert.deepEqual(told, ['failed refused by b']);
});

test('a race that was ended tells nothing and closes what it began', (t) => {
  const { race, opened, sockets, told, fail } = startRace(t, ['a', 'b', 'c']);
  t.mock.timers.tick(250);
  race.end();
  fail('a');
  t.mock.timers.tick(60_000);
  assert.deepEqual([opened, told], [['a', 'b'], []]);
  assert.deepEqual([sockets.get('a')?.destroyed, sockets.get('b')?.destroyed], [true, true]);
});

for (const [given, wanted] of [
  ['6a 6b 4a', '6a 4a 6b'],
  ['4a 4b 6a 6b', '4a 6a 4b 6b'],
  ['4a 4b 4c', '4a 4b 4c'],
  ['6a', '6a'],
  ['', ''],
]) {
  test(`addresses ${given || '(none)'} are tried as ${wanted || '(none)'} (RFC 8305 §4)`, () => {
    const found = (given ?? '')
      .split(' ')
      .filter((address) => address !== '')
      .map((address) => ({ address, family: Number(address[0]) }));
    assert.equal(inTurn(found).join(' '), wanted);
  });
}
