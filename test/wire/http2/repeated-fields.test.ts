/** Fields that repeat on a connection are the same list, so that nobody judges them again; any difference makes another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers, TestPeer } from '../../support/http2-frames.js';

const PSEUDO = [':method', 'GET', ':scheme', 'https', ':authority', 'example.test', ':path', '/'];
const FIELDS = ['accept', 'text/html', 'cookie', 'a=b', 'user-agent', 'one'];

/** The lists of requests that come on a connection one after the other. */
function listsOf(...requests: readonly (readonly string[])[]): (readonly string[])[] {
  const peer = TestPeer.established();
  return requests.map((fields, index) => {
    const [told] = peer.send(headers(index * 2 + 1, fields));
    assert.ok(told !== undefined && told.path !== '', `request ${index} is told`);
    return told.headers;
  });
}

for (const [what, pseudo] of [
  ['the same', PSEUDO],
  ['another path', [...PSEUDO.slice(0, 7), '/other']],
  ['another method', [':method', 'HEAD', ...PSEUDO.slice(2)]],
  ['another authority', [...PSEUDO.slice(0, 5), 'other.test', ...PSEUDO.slice(6)]],
] as const) {
  test(`beneath ${what} the fields are the same list`, () => {
    const [first, second] = listsOf([...PSEUDO, ...FIELDS], [...pseudo, ...FIELDS]);
    assert.deepEqual(first, FIELDS);
    assert.equal(first, second);
  });
}

for (const [what, first, second] of [
  ['a value', FIELDS, [...FIELDS.slice(0, 5), 'two']],
  ['a name', FIELDS, [...FIELDS.slice(0, 4), 'user-agenu', 'one']],
  ['one more field', FIELDS, [...FIELDS, 'x', 'y']],
  ['one less', FIELDS, FIELDS.slice(0, 4)],
  ['their order', FIELDS, [...FIELDS.slice(4), ...FIELDS.slice(0, 4)]],
  ['a cookie', FIELDS, [...FIELDS.slice(0, 3), 'a=c', ...FIELDS.slice(4)]],
  ['a priority', [...FIELDS, 'priority', 'u=1'], [...FIELDS, 'priority', 'u=2']],
] as const) {
  test(`fields that differ in ${what} are another list`, () => {
    const [before, after] = listsOf([...PSEUDO, ...first], [...PSEUDO, ...second]);
    assert.deepEqual([before, after], [first, second]);
  });
}

const AUTHORITY = [':authority', 'example.test'];
const HOST = ['host', 'example.test'];
/** Without `:authority`, which `host` may stand in for. */
const LESS_PSEUDO = [':method', 'GET', ':scheme', 'https', ':path', '/'];

for (const [what, first, second, expected] of [
  ['pseudo field in the place of a regular one', ['x', 'y', ...HOST], [...AUTHORITY, ...HOST], []],
  ['regular field in the place of a pseudo field', [...AUTHORITY, ...HOST], ['x', 'y', ...HOST], ['x', 'y']],
  ['host in the place of an authority', AUTHORITY, HOST, []],
] as const) {
  test(`a ${what} makes another list`, () => {
    const [, after] = listsOf(
      [...LESS_PSEUDO, ...first, 'accept', 'text/html'],
      [...LESS_PSEUDO, ...second, 'accept', 'text/html'],
    );
    assert.deepEqual(after, [...expected, 'accept', 'text/html']);
  });
}

test('a malformed request between two leaves the list as it was', () => {
  const peer = TestPeer.established();
  const [first] = peer.send(headers(1, [...PSEUDO, ...FIELDS]));
  peer.send(headers(3, [...PSEUDO, ...FIELDS, 'Bad', 'name']));
  const [third] = peer.send(headers(5, [...PSEUDO, ...FIELDS]));
  assert.deepEqual(third?.headers, FIELDS);
  assert.equal(first?.headers, third?.headers);
});

test('what is judged with the pseudo fields is judged anew beneath fields that repeat', () => {
  const peer = TestPeer.established();
  const withLength = [...FIELDS, 'content-length', '2'];
  assert.equal(peer.send(headers(1, [...PSEUDO, ...withLength], false)).length, 1);
  // It ends here, and yet declares two octets.
  assert.equal(peer.send(headers(3, [...PSEUDO, ...withLength], true))[0]?.path ?? '', '');
  assert.equal(
    peer.send(headers(5, [...PSEUDO.slice(0, 7), 'no slash', ...withLength], false))[0]?.path ?? '',
    '',
  );
});

test('a long list is not kept, and a short one not for long', () => {
  const long = ['x', 'y'.repeat(5000)];
  const [before, after] = listsOf([...PSEUDO, ...long], [...PSEUDO, ...long]);
  assert.notEqual(before, after);
  const peer = TestPeer.established();
  const kept = [1, 3, 5].map((streamId) => {
    const [told] = peer.send(headers(streamId, [...PSEUDO, ...FIELDS]));
    if (streamId === 3) for (let call = 0; call < 20; call += 1) peer.connection.ageFields();
    return told?.headers;
  });
  assert.equal(kept[0], kept[1]);
  assert.notEqual(kept[1], kept[2]);
  assert.deepEqual(kept[1], kept[2]);
});

test('a list in use is not forgotten', () => {
  const peer = TestPeer.established();
  const seen = new Set<unknown>();
  for (let streamId = 1; streamId < 20; streamId += 2) {
    seen.add(peer.send(headers(streamId, [...PSEUDO, ...FIELDS]))[0]?.headers);
    for (let call = 0; call < 8; call += 1) peer.connection.ageFields();
  }
  assert.equal(seen.size, 1);
});
