/** Reads the PEM blocks (RFC 7468) of a file, however its borders were damaged, and names each damage with its line. */

import { type Finding, finding, type Position, shellWord } from '../findings.js';
import { decodeText } from './decode-text.js';
import { type DerValue, readDer } from './der.js';
import { pkcs7Blocks, readBinary } from './der-file.js';
import { foreignText } from './foreign-formats.js';
import { type BlockKind, type PemBlock, type PemFile, pemOf } from './pem-block.js';
import { type Border, findBorders } from './pem-borders.js';
import { isPkcs7 } from './pkcs7.js';

/**
 * Reads a file's bytes, in text or binary form; never throws.
 * @param passphrase opens a PKCS#12 bundle
 */
export function readPem(bytes: Buffer, file: string, passphrase?: string): PemFile {
  const binary = readBinary(bytes, file, passphrase);
  if (binary !== undefined) return binary;
  const { text, findings: textFindings } = decodeText(bytes, file);
  const findings = [...textFindings];
  if (text === undefined) return { file, blocks: [], findings };
  const borders = findBorders(text, file, findings);
  if (borders.length === 0) {
    const inner = readEncodedTwice(text);
    if (inner === undefined) return { file, blocks: readBare(text, file, findings), findings };
    const message = `${file} is base64 of PEM text, as the value of a Kubernetes secret; servers read the text itself`;
    const decoded = readPem(inner, file, passphrase);
    return {
      ...decoded,
      findings: [...findings, finding('encoded_twice', message, { file }), ...decoded.findings],
    };
  }
  const blocks: PemBlock[] = [];
  let open: Border | undefined;
  let outside = '';
  let cursor = 0;
  for (const border of borders) {
    if (border.kind === 'BEGIN') {
      if (open !== undefined) findings.push(missingEnd(open, file));
      outside += open === undefined ? text.slice(cursor, border.start) : '';
      open = border;
    } else if (open === undefined) {
      findings.push(
        finding(
          'missing_begin',
          `the line -----BEGIN ${border.label}----- that belongs to this end is missing`,
          {
            file,
            line: border.line,
          },
        ),
      );
    } else {
      const block = readBlock(open, border, text.slice(open.end, border.start), file, findings);
      if (block?.kind === 'pkcs7') blocks.push(...unpack(block, findings));
      else if (block !== undefined) blocks.push(block);
      open = undefined;
    }
    cursor = border.end;
  }
  if (open !== undefined) findings.push(missingEnd(open, file));
  else outside += text.slice(cursor);
  if (/[^\s-]/.test(outside)) {
    findings.push(
      finding('other_text', `${file} also holds text outside the borders, which is skipped`, { file }),
    );
  }
  return { file, blocks, findings };
}

function unpack({ der, position }: PemBlock, findings: Finding[]): PemBlock[] {
  const message = 'the certificates are in a PKCS#7 bundle, which servers do not read';
  findings.push(finding('pkcs7_bundle', message, position));
  return pkcs7Blocks(der, position, findings);
}

function missingEnd(open: Border, file: string): Finding {
  const message = `the block that begins here has no -----END ${open.label}----- line`;
  return finding('missing_end', message, { file, line: open.line });
}

function readBlock(
  begin: Border,
  end: Border,
  body: string,
  file: string,
  findings: Finding[],
): PemBlock | undefined {
  const position = { file, line: begin.line };
  if (end.label !== begin.label) {
    const message = `the block begins as ${begin.label} and ends as ${end.label}`;
    findings.push(finding('damaged_border', message, { file, line: end.line }));
  }
  const { headers, base64, firstLine } = splitHeaders(body, begin.line);
  checkLayout(base64, file, firstLine, findings);
  const clean = base64.replaceAll(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(clean) || clean.length % 4 !== 0) {
    findings.push(damagedBase64(base64, clean, begin.label, { file, line: firstLine }));
    return undefined;
  }
  const bytes = Buffer.from(clean, 'base64');
  const encrypted = begin.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/im.test(headers);
  const value = begin.label.endsWith('CERTIFICATE') ? readDer(bytes) : undefined;
  // Windows writes a whole bundle between the borders of a certificate.
  const isBundle = value !== undefined && isPkcs7(value);
  const isTold = findings.some(({ code }) => code === 'uncommon_label');
  if (!isBundle && !isTold && /^(?:X509|TRUSTED) CERTIFICATE$/.test(begin.label)) {
    const message = `the block is called ${begin.label}, which OpenSSL reads and others (Caddy, Traefik and other Go servers) do not`;
    findings.push(finding('uncommon_label', message, position));
  }
  return {
    kind: isBundle ? 'pkcs7' : kindOf(begin.label),
    label: begin.label,
    // A TRUSTED CERTIFICATE carries OpenSSL's trust settings after the certificate.
    der: begin.label === 'TRUSTED CERTIFICATE' ? (readDer(bytes)?.whole ?? bytes) : bytes,
    pem: pemOf(begin.label, clean, headers),
    encrypted,
    position,
  };
}

function splitHeaders(
  body: string,
  beginLine: number,
): { headers: string; base64: string; firstLine: number } {
  const match = /^[ \t]*\n((?:[A-Za-z0-9-]+:.*\n(?:[ \t]+\S.*\n)*)+)\s*\n/.exec(body);
  if (match === null) return { headers: '', base64: body, firstLine: beginLine };
  return {
    headers: (match[1] ?? '').trim(),
    base64: body.slice(match[0].length),
    firstLine: beginLine + match[0].split('\n').length - 1,
  };
}

/** OpenSSL takes one empty line after the first border for the end of headers, and any other for the end of the block. */
function checkLayout(base64: string, file: string, firstLine: number, findings: Finding[]): void {
  const lines = base64.split('\n');
  // What is left of the lines of the borders is no line of its own.
  const isBlank = (line: string, at: number): boolean =>
    at > 0 && at < lines.length - 1 && line.trim() === '';
  const blank = lines.findIndex((line, at) => isBlank(line, at) && at > 1);
  if (blank >= 0) {
    const position = { file, line: firstLine + blank };
    findings.push(finding('blank_line_inside', 'an empty line interrupts the block', position));
  }
  const foreign = lines.findIndex((line) => /[^\S \t].*\S/.test(line));
  if (foreign >= 0) {
    const message =
      'a blank of another kind (no-break space, form feed) stands in the base64 text; servers cannot read past it';
    findings.push(finding('foreign_whitespace', message, { file, line: firstLine + foreign }));
  }
  const told = findings.some(({ code }) => code === 'whitespace_inside');
  if (!told && /\n.*[^\S\n]/.test(base64.trimEnd())) {
    findings.push(
      finding('whitespace_inside', 'white space stands between the borders, which is skipped', {
        file,
        line: firstLine,
      }),
    );
  }
}

function damagedBase64(base64: string, clean: string, label: string, position: Position): Finding {
  if (clean === '')
    return finding('damaged_base64', `there is nothing between the borders of ${label}`, position);
  const bad = base64.search(/[^A-Za-z0-9+/=\s]|=(?=[^=\s])/);
  if (bad < 0) {
    return finding(
      'damaged_base64',
      `characters are missing in ${label}; its base64 text is cut short`,
      position,
    );
  }
  const line = (position.line ?? 1) + base64.slice(0, bad).split('\n').length - 1;
  const sign = JSON.stringify(base64.slice(bad, bad + 1));
  return finding('damaged_base64', `${sign} does not belong into the base64 text of ${label}`, {
    ...position,
    line,
  });
}

function kindOf(label: string): BlockKind {
  if (/^(?:X509 |TRUSTED )?CERTIFICATE$/.test(label)) return 'certificate';
  if (label.endsWith('PRIVATE KEY')) return 'key';
  if (label.endsWith('CERTIFICATE REQUEST')) return 'request';
  if (label.endsWith('PUBLIC KEY')) return 'public_key';
  return /^(?:PKCS7|CMS|PKCS ?#7 SIGNED DATA)$/.test(label) ? 'pkcs7' : 'other';
}

/** What PEM text looks like in base64. */
const TWICE = /^LS0tLS1CRUdJTi[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** The text inside; it begins with a border, so that reading it ends. */
function readEncodedTwice(text: string): Buffer | undefined {
  return TWICE.test(text.trimStart()) ? Buffer.from(text, 'base64') : undefined;
}

/** A file without borders: base64 text of a certificate, or no PEM at all. */
function readBare(text: string, file: string, findings: Finding[]): PemBlock[] {
  const position = { file, line: 1 };
  const clean = text.replaceAll(/\s+/g, '');
  const der = /^M[A-Za-z0-9+/]{60,}={0,2}$/.test(clean) ? readDer(Buffer.from(clean, 'base64')) : undefined;
  if (der === undefined) {
    const { what, fix } = foreignText(text) ?? {
      what: 'not PEM text: it has no -----BEGIN line',
      fix: undefined,
    };
    const cure = fix?.replaceAll('FILE', shellWord(file));
    findings.push(finding('not_pem', `${file} is ${what}`, { file }, cure));
    return [];
  }
  if (isPkcs7(der)) return unpack(blockOf(der, clean, position), findings);
  findings.push(finding('missing_borders', `${file} holds base64 text without borders`, position));
  return [blockOf(der, clean, position)];
}

function blockOf(der: DerValue, base64: string, position: Position): PemBlock {
  const pem = pemOf('CERTIFICATE', base64);
  return { kind: 'certificate', label: 'CERTIFICATE', der: der.whole, pem, encrypted: false, position };
}
