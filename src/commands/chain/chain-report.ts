/** Writes an inspection for people and for programs. */

import type { Inspection } from '../../certificates/chain/inspect.js';
import { type Finding, positionText, type Severity } from '../../certificates/findings.js';
import type { Certificate } from '../../certificates/formats/certificate.js';

const MARKS: Readonly<Record<Severity, { mark: string; color: string }>> = {
  error: { mark: '✗', color: '31' },
  warning: { mark: '!', color: '33' },
  note: { mark: '·', color: '36' },
};

/** True when every client accepts the files as they stand: nothing worse than a note was found. */
export function isSound({ findings, chain }: Inspection): boolean {
  return chain !== undefined && findings.every(({ severity }) => severity === 'note');
}

/** One finding in two or three lines. */
export function findingText(one: Finding, color: boolean): string {
  const { mark, color: code } = MARKS[one.severity];
  const where = positionText(one.position);
  const place = where === '' || one.message.startsWith(one.position?.file ?? '') ? '' : `${where}: `;
  const head = `${paint(`${mark} ${one.severity}`, code, color)} ${one.code}`;
  return `${head}\n    ${place}${one.message}\n    fix: ${one.fix}\n`;
}

/** Findings, the chain as found, and the verdict. */
export function reportText(inspection: Inspection, color: boolean): string {
  const { findings, found } = inspection;
  const parts = findings.map((one) => findingText(one, color));
  if (found.length > 0) parts.push(`certificates as found:\n${chainText(inspection)}`);
  parts.push(verdict(inspection, color));
  return parts.join('\n');
}

function chainText({ found, chain }: Inspection): string {
  return found
    .map((one, index) => {
      const role = roleOf(one, chain);
      const until = Number.isNaN(one.notAfter.getTime()) ? '?' : one.notAfter.toISOString().slice(0, 10);
      const names = role === 'leaf' && one.names?.length ? `\n       for ${one.names.join(', ')}` : '';
      return (
        `  ${index + 1}  ${role.padEnd(12)} ${one.label}, issued by ${one.issuerLabel}, ` +
        `until ${until} (${positionText(one.position)})${names}\n`
      );
    })
    .join('');
}

function roleOf(one: Certificate, chain: Inspection['chain']): string {
  if (chain === undefined) return one.selfSigned ? 'root' : 'authority';
  if (one.der.equals(chain.leaf.der)) return 'leaf';
  if (one.selfSigned) return 'root';
  return chain.certificates.some(({ der }) => der.equals(one.der)) ? 'intermediate' : 'unrelated';
}

function verdict(inspection: Inspection, color: boolean): string {
  if (isSound(inspection))
    return `${paint('✓ sound', '32', color)}: every client accepts this as it stands\n`;
  const count = (severity: Severity): number =>
    inspection.findings.filter((one) => one.severity === severity).length;
  const errors = count('error');
  const who = errors > 0 ? 'clients reject this as it stands' : 'some clients reject this as it stands';
  const numbers = `${plural(errors, 'error')}, ${plural(count('warning'), 'warning')}`;
  return `${paint('✗ not sound', '31', color)}: ${who} (${numbers})\n`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function paint(text: string, code: string, color: boolean): string {
  return color ? `\u001B[${code}m${text}\u001B[0m` : text;
}

/** The inspection as one JSON document; its field names are part of the command's interface. */
export function reportJson(inspection: Inspection): string {
  const { findings, found, chain } = inspection;
  const document = {
    sound: isSound(inspection),
    findings: findings.map(({ code, severity, message, fix, position }) => ({
      code,
      severity,
      message,
      fix,
      file: position?.file ?? null,
      line: position?.line ?? null,
    })),
    certificates: found.map((one) => ({
      role: roleOf(one, chain),
      subject: one.label,
      issuer: one.issuerLabel,
      names: one.names ?? [],
      notBefore: jsonDate(one.notBefore),
      notAfter: jsonDate(one.notAfter),
      sha256: one.x509.fingerprint256,
      file: one.position.file,
      line: one.position.line ?? null,
    })),
    /** What a server should send, as fingerprints, leaf first. */
    chain: chain?.certificates.map(({ x509 }) => x509.fingerprint256) ?? [],
    anchor: chain?.anchor ?? null,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function jsonDate(date: Date): string | null {
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
