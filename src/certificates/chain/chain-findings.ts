/** Compares the chain as it was given with the chain as it should be sent. */

import { type Finding, finding, positionText } from '../findings.js';
import type { Certificate } from '../formats/certificate.js';
import { type Chain, isIssuerOf, isSame, withoutDuplicates } from './chain.js';

/** The certificates in the order found, duplicates and all, and those that only the bundle holds. */
export interface GivenCertificates {
  readonly found: readonly Certificate[];
  readonly bundle: readonly Certificate[];
}

/** What is wrong with order, extent and end of the chain. */
export function judgeChain(chain: Chain, given: GivenCertificates): Finding[] {
  return [...judgeExtras(chain, given.found), ...judgeOrder(chain, given.found), ...judgeEnd(chain, given)];
}

/** Duplicates, roots and strangers, each named at its place. */
function judgeExtras(chain: Chain, found: readonly Certificate[]): Finding[] {
  const seen: Certificate[] = [];
  return found.flatMap((one, index) => {
    const first = seen.find((other) => isSame(one, other));
    if (first !== undefined) {
      const message = `${one.label} is there twice; it is first at ${positionText(first.position)}`;
      return [finding('duplicate_certificate', message, one.position)];
    }
    seen.push(one);
    if (chain.certificates.some((other) => isSame(one, other))) return [];
    if (one.selfSigned && chain.certificates.some((other) => other.issuer.equals(one.subject))) {
      const message = `${one.label} is a root; sending it makes each handshake longer and convinces nobody`;
      return [finding('superfluous_root', message, one.position)];
    }
    const below = found[index - 1];
    if (below !== undefined && isIssuerOf(one, below)) {
      const message = `${one.label} (issued by ${one.issuerLabel}) is needed only by clients that do not know a newer root`;
      return [finding('longer_than_needed', message, one.position)];
    }
    const message = `${one.label} does not belong to the chain of ${chain.leaf.label}`;
    return [finding('unrelated_certificate', message, one.position)];
  });
}

function judgeOrder(chain: Chain, found: readonly Certificate[]): Finding[] {
  const inChain = withoutDuplicates(found).filter((one) =>
    chain.certificates.some((other) => isSame(one, other)),
  );
  const findings: Finding[] = [];
  if (found[0] !== undefined && !isSame(found[0], chain.leaf)) {
    const message = `the server's own certificate ${chain.leaf.label} comes after ${found[0].label}; it must be the first`;
    findings.push(finding('leaf_not_first', message, chain.leaf.position));
  }
  const rest = inChain.filter((one) => !isSame(one, chain.leaf));
  const wanted = chain.certificates.filter((one) => rest.some((other) => isSame(one, other)));
  const misplaced = rest.find((one, index) => wanted[index] !== undefined && !isSame(one, wanted[index]));
  if (misplaced !== undefined) {
    const message = `${misplaced.label} stands at the wrong place; each certificate must be followed by its issuer`;
    findings.push(finding('wrong_order', message, misplaced.position));
  }
  return findings;
}

function judgeEnd(chain: Chain, { found, bundle }: GivenCertificates): Finding[] {
  const { leaf, certificates, anchor, root } = chain;
  const top = certificates.at(-1) ?? leaf;
  const findings = certificates
    .filter((one) => !found.some((other) => isSame(one, other)))
    .map((one) => {
      const message = `the intermediate ${one.label} is missing; it is in ${positionText(one.position)}`;
      return finding('intermediate_in_bundle', message, { file: leaf.position.file });
    });
  if (anchor === 'self') {
    const message = `${leaf.label} is self-signed: clients reject it unless they were told to trust it`;
    findings.push(finding('self_signed', message, leaf.position));
  } else if (anchor === 'file') {
    const message = `the chain ends in ${root?.label ?? top.issuerLabel}, which is no public authority`;
    findings.push(finding('private_authority', message, root?.position));
  } else if (anchor === 'local') {
    const message = `the chain ends in ${top.issuerLabel}, which this machine trusts and the public does not`;
    findings.push(finding('local_authority', message, top.position));
  } else if (anchor === 'bundle') {
    const message = `the chain ends in ${root?.label ?? leaf.label}, which is trusted only where it was installed`;
    findings.push(finding('given_authority', message, root?.position));
  } else if (anchor === 'none') {
    findings.push(...missingIssuer(top, [...found, ...bundle]));
  }
  return findings;
}

/** The issuer's certificate is absent, or one of its name is there and did not sign. */
function missingIssuer(top: Certificate, pool: readonly Certificate[]): Finding[] {
  // Of a chain that is longer than anybody follows: that is told already.
  if (pool.some((one) => one !== top && isIssuerOf(one, top))) return [];
  const namesake = pool.find((one) => one !== top && one.subject.equals(top.issuer));
  if (namesake !== undefined) {
    const message = `${top.label} was not signed by the ${namesake.label} that is given here: the name fits, the key does not`;
    return [finding('signature_invalid', message, namesake.position)];
  }
  const message =
    `the certificate of ${top.issuerLabel}, which issued ${top.label}, is missing: ` +
    'either an intermediate was left out, or that authority is not a public one';
  const [url] = top.issuerUrls;
  const fix = url === undefined ? undefined : `get it from ${url}, or let tlsfront chain fix --fetch get it`;
  return [finding('missing_intermediate', message, top.position, fix)];
}
