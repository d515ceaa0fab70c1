/** `tlsfront chain show`: draws the chain as a tree, from the root that clients know down to the server's own certificate. */

import { listed } from '../../certificates/chain/certificate-findings.js';
import { type Anchor, type Chain, isSame } from '../../certificates/chain/chain.js';
import type { Inspection } from '../../certificates/chain/inspect.js';
import { type Finding, positionText, type Severity } from '../../certificates/findings.js';
import type { Certificate } from '../../certificates/formats/certificate.js';
import { requireNames } from '../../certificates/host-names.js';
import { type CommandIo, paint, usesColour } from '../../terminal/console.js';
import type { ChainCheckOptions } from './chain.js';
import { inspectFiles, reportingErrors } from './chain-input.js';
import { isSound } from './chain-report.js';

/**
 * Draws what `check` examines.
 * @returns 0 sound, 1 unsound, 2 on wrong use
 */
export function runChainShow(options: ChainCheckOptions, io: CommandIo): Promise<number> {
  return reportingErrors(io, async () => {
    const inspection = await inspectFiles(options, requireNames(options.hosts ?? []));
    const color = usesColour(io.stdout, io.environment);
    io.stdout.write(options.json === true ? treeJson(inspection) : treeText(inspection, color));
    return isSound(inspection) ? 0 : 1;
  });
}

const ENDS: Readonly<Record<Anchor, string>> = {
  public: 'a public root, which clients have',
  bundle: 'a root of the CA bundle, trusted where it was installed',
  local: "a root of this machine's trust store",
  file: 'a root that no client knows by itself',
  self: 'its own issuer: no client knows it by itself',
  none: 'unknown: missing, or a private authority',
};

const MARKS: Readonly<
  Record<Severity | 'sound', { mark: string; style: 'red' | 'yellow' | 'cyan' | 'green' }>
> = {
  error: { mark: '✗', style: 'red' },
  warning: { mark: '!', style: 'yellow' },
  note: { mark: '·', style: 'cyan' },
  sound: { mark: '✓', style: 'green' },
};

function treeText(inspection: Inspection, color: boolean): string {
  const { chain, found, findings, key } = inspection;
  const lines: string[] = [];
  const told = new Set<Finding>();
  const draw = (one: Certificate, indent: string, branch: string): void => {
    const own = findingsOf(one, findings);
    for (const each of own) told.add(each);
    const { mark, style } = MARKS[own[0]?.severity ?? 'sound'];
    lines.push(
      `${indent}${branch}${paint(mark, style, color)} ${paint(one.label, 'bold', color)}  ${describe(one)}`,
    );
    const below = indent + ' '.repeat(branch.length);
    for (const { severity, code, message } of own) {
      lines.push(`${below}     ${paint(`${severity} ${code}`, MARKS[severity].style, color)}: ${message}`);
    }
  };
  if (chain !== undefined) {
    lines.push(`${endLabel(chain)}  ${paint(ENDS[chain.anchor], 'dim', color)}`);
    for (const [depth, one] of chain.certificates.toReversed().entries()) {
      draw(one, '   '.repeat(depth), '└─ ');
    }
    const fits = key !== undefined && chain.leaf.x509.checkPrivateKey(key);
    if (fits)
      lines.push(
        `${'   '.repeat(chain.certificates.length)}└─ ${paint('✓', 'green', color)} its private key`,
      );
  }
  const others = found.filter((one) => !chain?.certificates.some((other) => isSame(one, other)));
  if (others.length > 0) lines.push('', 'not part of what is sent:');
  for (const one of others) draw(one, '  ', '');
  const rest = findings.filter((one) => !told.has(one));
  if (rest.length > 0) lines.push('', 'the files:');
  for (const { severity, code, message } of rest) {
    const { mark, style } = MARKS[severity];
    lines.push(`  ${paint(`${mark} ${severity} ${code}`, style, color)}: ${message}`);
  }
  return `${lines.join('\n')}\n`;
}

function endLabel({ anchor, root, certificates, leaf }: Chain): string {
  if (anchor === 'self') return leaf.label;
  return root?.label ?? certificates.at(-1)?.issuerLabel ?? leaf.issuerLabel;
}

/** Codes that speak of a file as a whole, wherever the certificate stands in it. */
const OF_FILES = /^(?:der_encoded|pkcs7_bundle|pkcs12_bundle|unreadable_bundle|key_in_certificate_file)$/;

/** Findings whose place is the certificate's own; in a binary file they have no line. */
function findingsOf({ position }: Certificate, findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (one) =>
      one.position?.file === position.file && one.position.line === position.line && !OF_FILES.test(one.code),
  );
}

function describe(one: Certificate): string {
  const { asymmetricKeyType: type = '?', asymmetricKeyDetails: details } = one.x509.publicKey;
  const size =
    details?.modulusLength === undefined ? (details?.namedCurve ?? '') : `${details.modulusLength}`;
  const until = Number.isNaN(one.notAfter.getTime()) ? '?' : one.notAfter.toISOString().slice(0, 10);
  const names = one.names === undefined || one.names.length === 0 ? '' : `for ${listed(one.names)}, `;
  return `${names}until ${until}, ${type.toUpperCase()} ${size}, ${positionText(one.position)}`;
}

function treeJson(inspection: Inspection): string {
  const { chain, found, findings, key } = inspection;
  const node = (one: Certificate): object => ({
    subject: one.label,
    issuer: one.issuerLabel,
    names: one.names ?? [],
    notAfter: Number.isNaN(one.notAfter.getTime()) ? null : one.notAfter.toISOString(),
    sha256: one.x509.fingerprint256,
    file: one.position.file,
    line: one.position.line ?? null,
    findings: findingsOf(one, findings).map(({ code }) => code),
  });
  const document = {
    sound: isSound(inspection),
    end: chain === undefined ? null : { anchor: chain.anchor, name: endLabel(chain) },
    /** From the certificate nearest the root down to the server's own. */
    tree: chain?.certificates.toReversed().map(node) ?? [],
    others: found.filter((one) => !chain?.certificates.some((other) => isSame(one, other))).map(node),
    key: key === undefined ? null : { fits: chain?.leaf.x509.checkPrivateKey(key) ?? false },
    findings: findings.map(({ code, severity, message, fix, position }) => {
      return { code, severity, message, fix, file: position?.file ?? null, line: position?.line ?? null };
    }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
