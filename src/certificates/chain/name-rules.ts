/** Holds the names of a certificate to the name constraints of an authority above it (RFC 5280 §4.2.1.10). */

import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { CertificateFields } from '../formats/certificate.js';
import { readDer, readDerChildren } from '../formats/der.js';
import type { NameConstraints, NameSubtree } from '../formats/extensions.js';

/** A name outside of what is permitted, or inside of what is excluded. */
export interface BrokenConstraint {
  readonly name: string;
  readonly rule: string;
}

/** @param isLeaf OpenSSL takes the common name of a leaf without DNS names for one */
export function brokenConstraint(
  { names = [], commonName, subject }: CertificateFields,
  { permitted, excluded }: NameConstraints,
  isLeaf: boolean,
): BrokenConstraint | undefined {
  const hosts = names.filter((name) => ipFamily(name) === 0);
  const asHost =
    isLeaf && hosts.length === 0 && commonName !== undefined && /^[\w*-]+(?:\.[\w-]+)+$/.test(commonName);
  const dns = [...hosts, ...(asHost ? [commonName.toLowerCase()] : [])];
  const directory = readDer(subject)?.content ?? Buffer.alloc(0);
  return (
    firstBroken(dns, permitted, excluded, 'dns', isWithinDomain) ??
    firstBroken(
      names.filter((name) => ipFamily(name) !== 0),
      permitted,
      excluded,
      'address',
      isWithinBlock,
    ) ??
    firstBroken(
      directory.length === 0 ? [] : [directory.toString('latin1')],
      permitted,
      excluded,
      'directory',
      isWithinDirectory,
      () => 'this subject',
    )
  );
}

/** Names of a kind are bound by the subtrees of their kind alone. */
function firstBroken(
  names: readonly string[],
  permitted: readonly NameSubtree[],
  excluded: readonly NameSubtree[],
  kind: NameSubtree['kind'],
  isWithin: (name: string, subtree: NameSubtree) => boolean,
  show: (name: string) => string = (name) => name,
): BrokenConstraint | undefined {
  const allowed = permitted.filter((one) => one.kind === kind);
  const forbidden = excluded.filter((one) => one.kind === kind);
  for (const name of names) {
    const wrong = forbidden.find((one) => isWithin(name, one));
    if (wrong !== undefined) return { name: show(name), rule: `${describe(wrong)} is excluded` };
    if (allowed.length > 0 && !allowed.some((one) => isWithin(name, one))) {
      return { name: show(name), rule: `only ${allowed.map(describe).join(', ')} is permitted` };
    }
  }
  return undefined;
}

/** `example.com` takes itself and all beneath it, `.example.com` what is beneath it. */
function isWithinDomain(name: string, subtree: NameSubtree): boolean {
  if (subtree.kind !== 'dns') return false;
  const { base } = subtree;
  if (base === '') return true;
  if (base.startsWith('.')) return name.endsWith(base);
  return name === base || name.endsWith(`.${base}`);
}

function isWithinBlock(name: string, subtree: NameSubtree): boolean {
  if (subtree.kind !== 'address') return false;
  const bytes = addressBytes(name);
  const { address, mask } = subtree;
  return (
    bytes.length === address.length &&
    bytes.every((byte, index) => (byte & (mask[index] ?? 0)) === ((address[index] ?? 0) & (mask[index] ?? 0)))
  );
}

function addressBytes(text: string): number[] {
  if (ipFamily(text) === 4) return text.split('.').map(Number);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((one) => Number.parseInt(one, 16));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => 0);
  return [...first, ...middle, ...last].flatMap((group) => [group >> 8, group & 255]);
}

/** The subject begins with the names of the subtree. */
function isWithinDirectory(name: string, subtree: NameSubtree): boolean {
  if (subtree.kind !== 'directory') return false;
  const own = readDerChildren(Buffer.from(name, 'latin1')).map(({ whole }) => whole);
  return subtree.names.every((one, index) => own[index]?.equals(one) ?? false);
}

function describe(subtree: NameSubtree): string {
  switch (subtree.kind) {
    case 'dns':
      return subtree.base === '' ? 'every name' : subtree.base;
    case 'address':
      return `a block of addresses (${subtree.address.toString('hex')})`;
    case 'directory':
      return 'a subject';
    case 'other':
      return 'another kind of name';
    default:
      return subtree satisfies never;
  }
}
