/** Fuzz target: PROXY protocol headers, whole, in parts, with a tail, and written again. */
import { decodeProxyHeader, MAX_V2_BYTES } from '../../../proxy/wire/proxy-protocol/decode.js';
import { encodeProxyHeader } from '../../../proxy/wire/proxy-protocol/encode.js';
import type { ProxiedConnection } from '../../../proxy/wire/proxy-protocol/header.js';
import { SeededRandom } from '../../support/random.js';
import { mutateBytes } from './mutate.js';
import { type FuzzTarget, hashOf, holds, type Outcome, same } from './target.js';

const ADDRESSES: readonly [string, ...string[]] = [
  '192.0.2.1',
  '0.0.0.0',
  '::1',
  '2001:db8::1',
  '::ffff:192.0.2.9',
  'none',
];
const TEXTS: readonly [string, ...string[]] = ['', 'h2', 'app.test', 'TLSv1.3', 'a'.repeat(300), 'caf\xe9'];

function randomConnection(random: SeededRandom): ProxiedConnection {
  const [serverName, alpn, cipher, commonName] = [0, 1, 2, 3].map(() => random.of(TEXTS));
  const isClientVerified = random.oneIn(2);
  return {
    sourceAddress: random.of(ADDRESSES),
    sourcePort: random.below(65_536),
    destinationAddress: random.of(ADDRESSES),
    destinationPort: random.below(65_536),
    serverName: serverName ?? '',
    alpn: alpn ?? '',
    tls: random.oneIn(2)
      ? null
      : { version: 'TLSv1.2', cipher: cipher ?? '', isClientVerified, commonName: commonName ?? '' },
  };
}

function check(input: Buffer): Outcome {
  const random = new SeededRandom(hashOf(input));
  const header = decodeProxyHeader(input);
  const tail = random.bytes(random.below(40));
  if (header === 'more') {
    holds(input.length < MAX_V2_BYTES, 'waits for ever');
    const cut = input.subarray(0, random.below(input.length + 1));
    same(decodeProxyHeader(cut), 'more', 'a part of a part');
    return 'partial';
  }
  same(decodeProxyHeader(Buffer.concat([input, tail])), header, 'with more behind it');
  if (header === 'invalid') return 'refused';
  holds(header.length <= input.length, 'takes bytes that are not there');
  same(decodeProxyHeader(input.subarray(0, header.length)), header, 'with nothing behind it');
  same(decodeProxyHeader(input.subarray(0, random.below(header.length))), 'more', 'a part');
  for (const version of ['v1', 'v2'] as const) {
    const again = encodeProxyHeader(version, header.connection);
    const read = decodeProxyHeader(again);
    holds(typeof read !== 'string', 'what is written is read');
    if (typeof read === 'string') continue;
    const { connection } = header;
    const plain = connection === null ? null : { ...connection, serverName: '', alpn: '', tls: null };
    same(
      read,
      { length: again.length, connection: version === 'v1' ? plain : connection },
      `written as ${version}`,
    );
  }
  return 'accepted';
}

export const PROXY_PROTOCOL: FuzzTarget = {
  name: 'proxy-protocol',
  generate: (random) => {
    const connection = random.oneIn(8) ? null : randomConnection(random);
    const bytes = encodeProxyHeader(random.oneIn(2) ? 'v1' : 'v2', connection);
    const damaged = random.below(10) < 6 ? mutateBytes(random, bytes) : bytes;
    return Buffer.concat([damaged, random.bytes(random.below(8))]);
  },
  check,
};
