/** Chains with every extension right, missing or wrong at every place: what the doctor says of them is held against real clients. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { der, derInteger, derOctets, derOid, derSequence } from '../../src/certificates/formats/der-write.js';
import { daysFromNow } from './certificates.js';
import { type RawExtension, rawName, writeRawCertificate } from './raw-certificates.js';

/** One chain; a client asks for `host`. */
export interface GeneratedChain {
  readonly name: string;
  readonly host: string;
  /** Leaf first. */
  readonly certificates: readonly string[];
  readonly key: KeyObject;
  readonly root: string;
}

/** What is wrong with one certificate. */
interface Variant {
  readonly name: string;
  /** In place of, or beside, the right extensions; null takes one away. */
  readonly extensions?: Readonly<Record<string, RawExtension | null>>;
  /** More extensions, even of a kind that stands there. */
  readonly more?: readonly RawExtension[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly key?: KeyObject;
}

const key = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const KEYS = { root: key(), upper: key(), lower: key(), leaf: key() };
const RSA_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ZONE = 'chains.test';

const SERVER = '1.3.6.1.5.5.7.3.1';
const CLIENT = '1.3.6.1.5.5.7.3.2';
const CODE = '1.3.6.1.5.5.7.3.3';
const MAIL = '1.3.6.1.5.5.7.3.4';
const ANY = '2.5.29.37.0';
const BITS = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
];

function basic(ca: boolean, pathLength?: number, critical = true): RawExtension {
  const parts = [
    ...(ca ? [der(0x01, Buffer.from([0xff]))] : []),
    ...(pathLength === undefined ? [] : [derInteger(pathLength)]),
  ];
  return { oid: '2.5.29.19', critical, value: derSequence(...parts) };
}

function usage(names: readonly string[], critical = true): RawExtension {
  const byte = names.reduce((sum, name) => sum | (0x80 >> BITS.indexOf(name)), 0);
  return {
    oid: '2.5.29.15',
    critical,
    value: der(0x03, Buffer.from([byte === 0 ? 0 : trailingZeros(byte), byte])),
  };
}

function trailingZeros(byte: number): number {
  let count = 0;
  while (((byte >> count) & 1) === 0) count += 1;
  return count;
}

function purpose(oids: readonly string[], critical = false): RawExtension {
  return { oid: '2.5.29.37', critical, value: derSequence(...oids.map(derOid)) };
}

const dns = (name: string): Buffer => der(0x82, Buffer.from(name));
const address = (...bytes: number[]): Buffer => der(0x87, Buffer.from(bytes));

function names(...all: readonly Buffer[]): RawExtension {
  return { oid: '2.5.29.17', value: derSequence(...all) };
}

function constraints(
  permitted: readonly Buffer[],
  excluded: readonly Buffer[],
  critical = true,
): RawExtension {
  const list = (tag: number, bases: readonly Buffer[]): Buffer[] =>
    bases.length === 0 ? [] : [der(tag, ...bases.map((base) => derSequence(base)))];
  return {
    oid: '2.5.29.30',
    critical,
    value: derSequence(...list(0xa0, permitted), ...list(0xa1, excluded)),
  };
}

const unknown = (critical: boolean): RawExtension => ({
  oid: '1.3.6.1.4.1.55555.1',
  critical,
  value: derOctets(Buffer.from('x')),
});
const policies = (critical: boolean): RawExtension => ({
  oid: '2.5.29.32',
  critical,
  value: derSequence(derSequence(derOid('2.23.140.1.2.1'))),
});
const aia = (critical: boolean): RawExtension => ({
  oid: '1.3.6.1.5.5.7.1.1',
  critical,
  value: derSequence(
    derSequence(derOid('1.3.6.1.5.5.7.48.2'), der(0x86, Buffer.from('http://127.0.0.1:9/ca'))),
  ),
});
const directory = (name: string): Buffer => der(0xa4, rawName(name));

/** Faults that any certificate may have. */
const GENERAL: readonly Variant[] = [
  { name: 'an unknown extension', more: [unknown(false)] },
  { name: 'an unknown critical extension', more: [unknown(true)] },
  { name: 'policies', more: [policies(false)] },
  { name: 'critical policies', more: [policies(true)] },
  { name: 'critical authority information', more: [aia(true)] },
  { name: 'the unknown extension twice', more: [unknown(false), unknown(false)] },
  { name: 'expired', notBefore: daysFromNow(-40), notAfter: daysFromNow(-2) },
  { name: 'of the future', notBefore: daysFromNow(2), notAfter: daysFromNow(40) },
];

const AUTHORITY: readonly Variant[] = [
  { name: 'right' },
  { name: 'no basic constraints', extensions: { basic: null } },
  { name: 'no authority', extensions: { basic: basic(false) } },
  { name: 'constraints not critical', extensions: { basic: basic(true, undefined, false) } },
  { name: 'pathlen 0', extensions: { basic: basic(true, 0) } },
  { name: 'pathlen 1', extensions: { basic: basic(true, 1) } },
  { name: 'pathlen 2', extensions: { basic: basic(true, 2) } },
  { name: 'neither constraints nor usage', extensions: { basic: null, usage: null } },
  { name: 'no usage', extensions: { usage: null } },
  { name: 'usage cRLSign', extensions: { usage: usage(['cRLSign']) } },
  { name: 'usage digitalSignature', extensions: { usage: usage(['digitalSignature']) } },
  { name: 'usage keyCertSign not critical', extensions: { usage: usage(['keyCertSign'], false) } },
  { name: 'every usage', extensions: { usage: usage(BITS) } },
  { name: 'purpose server', extensions: { purpose: purpose([SERVER]) } },
  { name: 'purpose client', extensions: { purpose: purpose([CLIENT]) } },
  { name: 'purpose server and client', extensions: { purpose: purpose([SERVER, CLIENT]) } },
  { name: 'purpose any', extensions: { purpose: purpose([ANY]) } },
  { name: 'purpose code', extensions: { purpose: purpose([CODE]) } },
  { name: 'purpose mail, critical', extensions: { purpose: purpose([MAIL], true) } },
  { name: 'purpose server, critical', extensions: { purpose: purpose([SERVER], true) } },
  { name: 'permitted zone', extensions: { limits: constraints([dns(ZONE)], []) } },
  { name: 'permitted zone, not critical', extensions: { limits: constraints([dns(ZONE)], [], false) } },
  { name: 'permitted above', extensions: { limits: constraints([dns('test')], []) } },
  { name: 'permitted elsewhere', extensions: { limits: constraints([dns('corp.example')], []) } },
  {
    name: 'permitted elsewhere, not critical',
    extensions: { limits: constraints([dns('corp.example')], [], false) },
  },
  {
    name: 'permitted elsewhere or here',
    extensions: { limits: constraints([dns('corp.example'), dns(ZONE)], []) },
  },
  { name: 'permitted part of a label', extensions: { limits: constraints([dns('ains.test')], []) } },
  { name: 'permitted every name', extensions: { limits: constraints([dns('')], []) } },
  { name: 'excluded zone', extensions: { limits: constraints([], [dns(ZONE)]) } },
  { name: 'excluded elsewhere', extensions: { limits: constraints([], [dns('corp.example')]) } },
  { name: 'excluded every name', extensions: { limits: constraints([], [dns('')]) } },
  { name: 'permitted zone, excluded zone', extensions: { limits: constraints([dns(ZONE)], [dns(ZONE)]) } },
  {
    name: 'permitted addresses alone',
    extensions: { limits: constraints([address(10, 0, 0, 0, 255, 0, 0, 0)], []) },
  },
  {
    name: 'excluded every address',
    extensions: { limits: constraints([], [address(0, 0, 0, 0, 0, 0, 0, 0)]) },
  },
  { name: 'permitted another subject', extensions: { limits: constraints([directory('nobody')], []) } },
  { name: 'excluded another subject', extensions: { limits: constraints([], [directory('nobody')]) } },
  ...GENERAL,
];

const LEAF: readonly Variant[] = [
  { name: 'right' },
  { name: 'no basic constraints', extensions: { basic: null } },
  { name: 'an authority', extensions: { basic: basic(true) } },
  ...BITS.map((bit) => ({ name: `usage ${bit}`, extensions: { usage: usage([bit]) } })),
  { name: 'no usage', extensions: { usage: null } },
  {
    name: 'usage of signing and enciphering',
    extensions: { usage: usage(['digitalSignature', 'keyEncipherment']) },
  },
  { name: 'every usage', extensions: { usage: usage(BITS) } },
  { name: 'no purpose', extensions: { purpose: null } },
  { name: 'purpose client', extensions: { purpose: purpose([CLIENT]) } },
  { name: 'purpose server and client', extensions: { purpose: purpose([SERVER, CLIENT]) } },
  { name: 'purpose any', extensions: { purpose: purpose([ANY]) } },
  { name: 'purpose code, critical', extensions: { purpose: purpose([CODE], true) } },
  { name: 'purpose server, critical', extensions: { purpose: purpose([SERVER], true) } },
  { name: 'no names', extensions: { names: null } },
  { name: 'a wildcard', extensions: { names: names(dns(`*.${ZONE}`)) } },
  { name: 'a wildcard of two labels', extensions: { names: names(dns(`*.*.test`)) } },
  { name: 'a wildcard of the top', extensions: { names: names(dns('*.test')) } },
  { name: 'a wildcard for a part of a label', extensions: { names: names(dns(`c*.${ZONE}`)) } },
  { name: 'a wildcard with a dot at its end', extensions: { names: names(dns(`*.${ZONE}.`)) } },
  { name: 'a wildcard of everything', extensions: { names: names(dns('*')) } },
  { name: 'a wildcard in the middle', extensions: { names: names(dns('c.*.test'), dns(`*.${ZONE}`)) } },
  { name: 'names that are critical', extensions: { names: { ...names(dns(`*.${ZONE}`)), critical: true } } },
  { name: 'an empty list of names', extensions: { names: names() } },
  { name: 'a mail address alone', extensions: { names: names(der(0x81, Buffer.from('a@chains.test'))) } },
  { name: 'another name', extensions: { names: names(dns(`other.${ZONE}`)) } },
  { name: 'the zone alone', extensions: { names: names(dns(ZONE)) } },
  { name: 'capitals', extensions: { names: names(dns(`*.${ZONE.toUpperCase()}`)) } },
  { name: 'an address alone', extensions: { names: names(address(127, 0, 0, 1)) } },
  {
    name: '100 names',
    extensions: {
      names: names(...Array.from({ length: 99 }, (_, at) => dns(`n${at}.example`)), dns(`*.${ZONE}`)),
    },
  },
  { name: 'for 397 days', notAfter: daysFromNow(396) },
  { name: 'for 900 days', notAfter: daysFromNow(900) },
  ...GENERAL,
];

const ROOT: readonly Variant[] = AUTHORITY.filter(({ name }) => {
  return /^(?:no |pathlen|neither|usage|every usage|purpose (?:server|client|any)$|permitted (?:zone|elsewhere)$|excluded zone$|an unknown|critical)/.test(
    name,
  );
});

let count = 0;

interface Made {
  readonly pem: string;
  readonly name: string;
  readonly key: KeyObject;
}

function make(
  kind: string,
  variant: Variant,
  usual: Readonly<Record<string, RawExtension>>,
  own: KeyObject,
  issuer: Made | null,
): Made {
  count += 1;
  const name = `${kind} ${count}`;
  const used = variant.key ?? own;
  const all: Readonly<Record<string, RawExtension | null>> = { ...usual, ...variant.extensions };
  const pem = writeRawCertificate({
    subject: name,
    issuer: issuer?.name ?? name,
    key: used,
    signer: issuer?.key ?? used,
    ...(variant.notBefore === undefined ? {} : { notBefore: variant.notBefore }),
    ...(variant.notAfter === undefined ? {} : { notAfter: variant.notAfter }),
    extensions: [...Object.values(all).filter((one) => one !== null), ...(variant.more ?? [])],
  });
  return { pem, name, key: used };
}

const RIGHT: Variant = { name: 'right' };
const AUTHORITY_USUAL = { basic: basic(true), usage: usage(['keyCertSign', 'cRLSign']) };
const ROOT_LIFE: Variant = { name: 'right', notAfter: daysFromNow(3000) };

/** So many intermediates, all of them right. */
const LENGTHS = [3, 9, 10, 19, 20, 50, 100, 101];

function usualLeaf(host: string): Readonly<Record<string, RawExtension>> {
  return {
    basic: basic(false),
    usage: usage(['digitalSignature']),
    purpose: purpose([SERVER]),
    names: names(dns(host)),
  };
}

/** Between four and five hundred; each host is one name beneath the zone. */
export function generateChains(): readonly GeneratedChain[] {
  const chains: GeneratedChain[] = [];
  const common = make('Root', ROOT_LIFE, AUTHORITY_USUAL, KEYS.root, null);
  const roots = new Map<Variant, Made>();
  const add = (
    root: Variant | null,
    upper: Variant | null,
    lower: Variant | null,
    leaf: Variant,
    rsa = false,
  ): void => {
    const top =
      root === null
        ? common
        : (roots.get(root) ?? make('Root', { ...ROOT_LIFE, ...root }, AUTHORITY_USUAL, KEYS.root, null));
    if (root !== null) roots.set(root, top);
    const host = `c${chains.length}.${ZONE}`;
    const upperMade = upper && make('Upper', upper, AUTHORITY_USUAL, KEYS.upper, top);
    const lowerMade = lower && make('Lower', lower, AUTHORITY_USUAL, KEYS.lower, upperMade ?? top);
    const own = rsa ? RSA_KEY : KEYS.leaf;
    const leafMade = make('Leaf', leaf, usualLeaf(host), own, lowerMade ?? upperMade ?? top);
    chains.push({
      name: [
        ...(root === null ? [] : [`root: ${root.name}`]),
        ...(upper === null ? [] : [`upper: ${upper.name}`]),
        ...(lower === null ? [] : [`lower: ${lower.name}`]),
        `leaf: ${leaf.name}${rsa ? ' (RSA)' : ''}`,
      ].join('; '),
      host,
      certificates: [leafMade, lowerMade, upperMade].flatMap((one) => (one === null ? [] : [one.pem])),
      key: leafMade.key,
      root: top.pem,
    });
  };
  for (const leaf of LEAF) {
    add(null, null, null, leaf);
    add(null, null, RIGHT, leaf);
    add(null, null, RIGHT, leaf, true);
    add(null, RIGHT, RIGHT, leaf);
  }
  for (const one of AUTHORITY) {
    add(null, null, one, RIGHT);
    add(null, one, RIGHT, RIGHT);
    add(null, RIGHT, one, RIGHT);
    add(null, one, one, RIGHT);
  }
  for (const root of ROOT) {
    add(root, null, null, RIGHT);
    add(root, null, RIGHT, RIGHT);
    add(root, RIGHT, RIGHT, RIGHT);
  }
  for (const length of LENGTHS) {
    const host = `c${chains.length}.${ZONE}`;
    const above: Made[] = [];
    for (let at = 0; at < length; at += 1) {
      above.unshift(make('Level', RIGHT, AUTHORITY_USUAL, KEYS.lower, above[0] ?? common));
    }
    const leaf = make('Leaf', RIGHT, usualLeaf(host), KEYS.leaf, above[0] ?? common);
    const certificates = [leaf, ...above].map(({ pem }) => pem);
    chains.push({ name: `${length} intermediates`, host, certificates, key: leaf.key, root: common.pem });
  }
  const some = <Item>(list: readonly Item[], step: number): Item[] =>
    list.filter((_, index) => index % step === 1);
  for (const lower of some(AUTHORITY, 5)) for (const leaf of some(LEAF, 5)) add(null, null, lower, leaf);
  return chains;
}
