/** Which fields of strangers an app gets, in heads and in trailers, by one rule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DROP, FORWARDING, requestFieldKind } from '../../../proxy/exchange/headers/field-kinds.js';
import { buildUpstreamTrailers, requestIdOf } from '../../../proxy/exchange/headers/request-headers.js';

/** Fields that only a front may set: attack.md F3, and what their apps read them for. */
const FRONT_ONLY = [
  ...[
    'x-forwarded-protocol',
    'x-forwarded-client-cert',
    'x-forwarded-user',
    'x-forwarded-ssl',
    'front-end-https',
  ],
  ...[
    'x-ssl-client-verify',
    'x-ssl-client-s-dn',
    'ssl-client-cert',
    'x-client-cert',
    'remote-user',
    'x-remote-user',
  ],
  ...[
    'x-original-url',
    'x-original-uri',
    'x-rewrite-url',
    'true-client-ip',
    'x-client-ip',
    'cf-connecting-ip',
  ],
  ...[
    'x-auth-request-email',
    'remote-groups',
    'x-sendfile-type',
    'x-accel-mapping',
    'x-middleware-subrequest',
  ],
];

for (const name of FRONT_ONLY) {
  test(`${name} comes from a trusted front or from nobody, in any spelling`, () => {
    assert.equal(requestFieldKind(name, false), FORWARDING);
    for (const mark of ['_', '.', '~'])
      assert.equal(requestFieldKind(name.replaceAll('-', mark), true), DROP, `with ${mark}`);
  });
}

const COPIED = [
  'accept',
  'x-token',
  'x-forward',
  'x-real',
  'sslclient',
  'x-http-method-override',
  'x2-y',
  'a.b',
];

for (const name of COPIED) {
  test(`${name} is the client's own`, () => assert.equal(requestFieldKind(name, false), undefined));
}

for (const name of ['script_name', 'path_info', 'x_token', '_', 'a_']) {
  test(`${name} is dropped for its underscore, unless those are kept`, () => {
    assert.equal(requestFieldKind(name, false), DROP);
    assert.equal(requestFieldKind(name, true), undefined);
  });
}

const TRAILERS: readonly (readonly [name: string, isKept: boolean])[] = [
  ['x-sum', true],
  ['grpc-status', true],
  ['client-cert', false],
  ['client_cert', false],
  ['x_forwarded_for', false],
  ['x-forwarded-prefix', false],
  ['x-forwarded-ssl', false],
  ['proxy', false],
  ['x-request-id', false],
  ['content_length', false],
  ['cdn-loop', false],
  ['remote-user', false],
  ['x-removed', false],
  ['x-listed', false],
];

for (const [name, isKept] of TRAILERS) {
  test(`the trailer ${name} is ${isKept ? 'passed on' : 'dropped as in a head'}`, () => {
    const rules = [{ action: 'remove', name: 'x-removed', value: '' }] as const;
    const kept = buildUpstreamTrailers([name, 'spoof', 'x-last', '1'], ['x-listed'], {
      keepUnderscores: false,
      headerUp: rules,
    });
    assert.deepEqual(kept, isKept ? [name, 'spoof', 'x-last', '1'] : ['x-last', '1']);
  });
}

test('a request id of our own tells nothing of the one before it, nor of the process', () => {
  const ids = Array.from({ length: 600 }, () => requestIdOf([]));
  assert.equal(new Set(ids).size, 600);
  for (const id of ids) assert.match(id, /^[\w-]{16}$/);
  const firstLetters = new Set(ids.map((id) => id.slice(0, 2)));
  assert.ok(firstLetters.size > 100, 'no common beginning');
});
