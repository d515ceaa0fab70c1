/** The URLs of the ready line: those that a person can open. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { readyUrls } from '../../../src/master/boot-lines.js';
import { findSilent } from '../../../src/master/workers/answering.js';
import type { SettingLayer } from '../../../src/options/settings.js';
import type {
  BoundListener,
  TlsMaterial,
  UpstreamState,
} from '../../../src/shared/messages/router-messages.js';
import { resolveGiven } from '../../support/settings.js';

const https = (host: string, port = 443): BoundListener => ({ kind: 'https', host, port, deniedPort: null });
const serving = (names: readonly string[]): TlsMaterial => ({
  certificates: [{ chainPem: '', keyPem: '', names }],
  clientAuthority: null,
  clientCrls: [],
  issueBeneath: [],
  expectedNames: [],
  asksForNames: false,
});
const OWN: SettingLayer = { cert: ['s.crt'], key: ['s.key'] };

type Case = readonly [
  name: string,
  flags: SettingLayer,
  bound: readonly BoundListener[],
  expected: string,
  names?: readonly string[],
];

const CASES: readonly Case[] = [
  ['loopback in both families', {}, [https('127.0.0.1'), https('::1')], 'https://localhost'],
  ['one address of loopback', {}, [https('127.0.0.1', 8443)], 'https://127.0.0.1:8443'],
  [
    'names of its own',
    { host: ['app.test', '*.app.test'] },
    [https('')],
    'https://localhost https://app.test',
  ],
  ['one address of the network', {}, [https('192.168.1.5', 8443)], 'https://192.168.1.5:8443'],
  [
    'a certificate of its own on every address',
    { ...OWN, listen: [':443'] },
    [https('')],
    'https://www.example.com https://example.com',
    ['www.example.com', 'example.com', '*.example.com'],
  ],
  [
    'routes with hosts alone',
    { upstream: ['web.localhost=3000', 'api.localhost=3001', '*.shop.test=3002'] },
    [https('127.0.0.1'), https('::1')],
    'https://web.localhost https://api.localhost',
  ],
  [
    'a route that takes all beside one with a host',
    { upstream: ['3000', 'api.localhost=3001'] },
    [https('127.0.0.1'), https('::1')],
    'https://localhost',
  ],
];

for (const [name, flags, bound, expected, names = ['localhost']] of CASES) {
  test(`${name}: ${expected}`, () => {
    const config = resolveGiven({ flags });
    assert.equal(readyUrls(bound, config, [serving(names)]).join(' '), expected);
  });
}

test('an upstream at which nobody listens is named, one that accepts is not', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const upstream = (to: number, path: string | null = null): UpstreamState => ({
    ...{
      id: 1,
      key: '1',
      scheme: 'http',
      host: '127.0.0.1',
      port: to,
      path,
      app: 0,
      lookUp: null,
      hostName: null,
    },
    ...{ weight: 1, needsLength: false, ready: true, proxyProtocol: null },
    scheme: 'http',
  });
  assert.deepEqual(await findSilent([upstream(port)]), []);
  assert.deepEqual(await findSilent([upstream(port), upstream(0, '/nonexistent/app.sock')]), [
    'unix:/nonexistent/app.sock',
  ]);
});
