/** Brings the keys and certificates of one folder together, and says which of them were meant to be a pair and are none. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { join, parse } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { type Finding, positionText } from '../findings.js';
import type { Certificate } from '../formats/certificate.js';
import { openKey } from '../formats/key.js';
import type { FolderFile } from './folder-files.js';

/** A certificate with the key that it was made for. */
export interface KeyedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Other certificate files beside it; they may complete the chain. */
  readonly beside: readonly string[];
  readonly leaf: Certificate;
}

/** What was meant to be served and cannot be. */
export interface BrokenPair {
  /** Key, certificate, or both. */
  readonly files: readonly string[];
  readonly error: FrontError;
}

interface Matched {
  readonly found: readonly KeyedCertificate[];
  readonly broken: readonly BrokenPair[];
  readonly keysAlone: readonly string[];
}

/** A key of a file; `error` where it cannot be opened. */
interface FolderKey {
  readonly file: string;
  readonly key: KeyObject | null;
  readonly error: FrontError | null;
}

/**
 * Each key goes with every certificate that was made for it: keys are used again when a certificate is renewed.
 * @param near the files of one folder
 */
export function matchKeys(near: readonly FolderFile[], passphrase: string | undefined): Matched {
  const keys = near.flatMap((one) => keysOf(one, passphrase));
  const byPublicKey = certificatesByKey(near);
  const found: KeyedCertificate[] = [];
  const matched = new Set<Certificate>();
  const withoutLeaf: FolderKey[] = [];
  const withLeaf: FolderKey[] = [];
  for (const one of keys) {
    const leaves = one.key === null ? [] : (byPublicKey.get(publicKeyText(createPublicKey(one.key))) ?? []);
    for (const leaf of leaves) matched.add(leaf);
    const servers = leaves.filter(isServable);
    (servers.length === 0 ? withoutLeaf : withLeaf).push(one);
    for (const leaf of distinct(servers)) found.push(withFiles(one.file, leaf, leaves, near));
  }
  const unmatched = near.filter(({ certificates }) => {
    return certificates.some((one) => isServable(one) && one.authority !== true && !matched.has(one));
  });
  const explained = explain(withoutLeaf, unmatched, near, found);
  return {
    ...explained,
    found,
    broken: [...explained.broken, ...ofOtherCertificates(withLeaf, unmatched, explained.broken)],
  };
}

/** Pairs by their names whose key was made for another certificate, which is served with it. */
function ofOtherCertificates(
  keys: readonly FolderKey[],
  unmatched: readonly FolderFile[],
  told: readonly BrokenPair[],
): BrokenPair[] {
  return keys.flatMap(({ file }) => {
    const partner = unmatched.find((one) => one.file !== file && stemOf(one.file) === stemOf(file));
    if (partner === undefined || told.some(({ files }) => files.includes(partner.file))) return [];
    const error = new FrontError(
      'certificate_broken',
      `${file} is not the key of ${partner.file}: it was made for another certificate`,
      {
        hint: 'put the key that the certificate was requested with beside it',
      },
    );
    // Not the key's file: what it is the key of is served.
    return [{ files: [partner.file], error }];
  });
}

/** An authority's certificate is served only where it names hosts, as `openssl req -x509` makes them. */
function isServable({ authority, names }: Certificate): boolean {
  return authority !== true || (names !== undefined && names.length > 0);
}

function keysOf({ file, keys }: FolderFile, passphrase: string | undefined): FolderKey[] {
  return keys.map((block) => {
    const { key, findings } = openKey(block, passphrase);
    if (key !== undefined) return { file, key, error: null };
    return { file, key: null, error: errorOf(file, findings[0]) };
  });
}

function errorOf(file: string, problem: Finding | undefined): FrontError {
  const where = positionText(problem?.position) || file;
  return new FrontError('certificate_broken', `${where}: ${problem?.message ?? 'it cannot be read'}`, {
    hint: problem?.fix ?? 'give the key in PEM form',
  });
}

function certificatesByKey(near: readonly FolderFile[]): Map<string, Certificate[]> {
  const byKey = new Map<string, Certificate[]>();
  for (const certificate of near.flatMap(({ certificates }) => certificates)) {
    const text = publicKeyText(certificate.x509.publicKey);
    const known = byKey.get(text);
    if (known === undefined) byKey.set(text, [certificate]);
    else known.push(certificate);
  }
  return byKey;
}

function publicKeyText(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('latin1');
}

function distinct(certificates: readonly Certificate[]): Certificate[] {
  return certificates.filter(
    (one, index) => certificates.findIndex((other) => other.der.equals(one.der)) === index,
  );
}

/** The file with the most certificates, else the first; the other sound ones beside it may complete the chain. */
function withFiles(
  keyFile: string,
  leaf: Certificate,
  leaves: readonly Certificate[],
  near: readonly FolderFile[],
): KeyedCertificate {
  const holders = near
    .filter(({ certificates }) => certificates.some((one) => one.der.equals(leaf.der)))
    .sort((one, other) => other.certificates.length - one.certificates.length);
  const certFile = holders[0]?.file ?? leaf.position.file;
  const beside = near.filter(({ file, certificates, damage }) => {
    const isOther = !certificates.some((one) => leaves.includes(one));
    return file !== certFile && isOther && certificates.length > 0 && damage === null;
  });
  return { certFile, keyFile, beside: beside.map(({ file }) => file), leaf };
}

/**
 * What has no partner: a fault where a certificate of the same name stands beside it, or where the folder has nothing
 * else to serve; otherwise the key of an account, or what is left of an order.
 */
function explain(
  keys: readonly FolderKey[],
  unmatched: readonly FolderFile[],
  near: readonly FolderFile[],
  found: readonly KeyedCertificate[],
): Omit<Matched, 'found'> {
  const broken: BrokenPair[] = [];
  const keysAlone: string[] = [];
  const told = new Set<string>();
  // What is damaged and has a certificate with its key all the same is told when that is loaded.
  const loadable = new Set(found.flatMap(({ certFile, keyFile }) => [certFile, keyFile]));
  const damaged = near.filter(({ file, damage }) => damage !== null && !loadable.has(file));
  const partnerOf = (file: string, among: readonly FolderFile[]): FolderFile | undefined =>
    among.find((one) => one.file !== file && stemOf(one.file) === stemOf(file)) ??
    (found.length > 0 ? undefined : among.find((one) => one.file !== file));
  for (const { file, error } of keys) {
    const partner =
      partnerOf(file, [...unmatched, ...damaged]) ?? (error === null ? undefined : unmatched[0]);
    if (partner === undefined) {
      keysAlone.push(file);
      continue;
    }
    for (const one of [file, partner.file]) told.add(one);
    broken.push({ files: [file, partner.file], error: error ?? mismatch(file, partner) });
  }
  for (const { file, damage } of damaged) {
    if (damage === null || told.has(file)) continue;
    const partner = partnerOf(file, unmatched);
    // Files of other kinds bear such names too; what is begun and not ended is a damaged certificate.
    if (partner === undefined && /^(?:not_pem|empty_file|html_saved)$/.test(damage.code)) continue;
    broken.push({
      files: partner === undefined ? [file] : [file, partner.file],
      error: errorOf(file, damage),
    });
  }
  return { broken, keysAlone };
}

function mismatch(keyFile: string, { file, damage, certificates }: FolderFile): FrontError {
  if (damage !== null && certificates.length === 0) return errorOf(file, damage);
  return new FrontError('certificate_broken', `no certificate beside ${keyFile} belongs to it`, {
    hint: 'put the certificate of that key into the same folder, or take the key out of it',
  });
}

/** The path without its last extension: what is called so belongs together. */
export function stemOf(file: string): string {
  return join(parse(file).dir, parse(file).name);
}
