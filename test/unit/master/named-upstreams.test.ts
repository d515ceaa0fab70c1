/** Which upstream a person means who writes its name, its port, or another name of this machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUpstream } from '../../../src/master/interventions/named-upstreams.js';

type Known = Parameters<typeof findUpstream>[1][number];

function known(...places: readonly (readonly [host: string, port: number])[]): readonly Known[] {
  return places.map(([host, port], index) => ({
    ...{ scheme: 'http', host, port, path: null, lookUp: null, weight: 1, proxyProtocol: null },
    ...{ id: -1 - index, app: 0, hostName: null, key: '', needsLength: false, ready: true },
    route: { host: '', prefix: '' },
  }));
}

const UPSTREAMS = known(
  ['localhost', 8081],
  ['127.0.0.1', 8082],
  ['10.0.0.7', 8083],
  ['10.0.0.8', 8084],
  ['localhost', 8084],
);

for (const [text, name] of [
  ['localhost:8081', 'localhost:8081'],
  ['127.0.0.1:8081', 'localhost:8081'],
  ['[::1]:8081', 'localhost:8081'],
  ['8081', 'localhost:8081'],
  [':8082', '127.0.0.1:8082'],
  ['localhost:8082', '127.0.0.1:8082'],
  ['8083', '10.0.0.7:8083'],
  ['127.0.0.1:8084', 'localhost:8084'],
] as const) {
  test(`${text} is ${name}`, () => assert.equal(findUpstream(text, UPSTREAMS), name));
}

for (const [text, reason] of [
  ['127.0.0.1:8083', /there is no upstream/],
  ['8084', /several upstreams have the port 8084/],
  ['shop:8081', /there is no upstream/],
] as const) {
  test(`${text} is refused`, () => assert.throws(() => findUpstream(text, UPSTREAMS), reason));
}
