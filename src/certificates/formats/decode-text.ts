/** Turns a file's bytes into text with LF line ends, and names what stood in the way. */
import { type Finding, type FindingCode, finding, shellWord } from '../findings.js';
import { foreignFormat } from './foreign-formats.js';

/** The text, undefined when the file holds none that could be PEM; `findings` says why. */
export interface DecodedText {
  readonly text: string | undefined;
  readonly findings: readonly Finding[];
}

/** Decodes UTF-8 and UTF-16, removes byte order marks, and turns CRLF, CR and written-out `\n` into LF. */
export function decodeText(bytes: Buffer, file: string): DecodedText {
  const position = { file };
  if (bytes.every(isBlank)) {
    const what = bytes.length === 0 ? 'is empty' : 'holds nothing but white space';
    return refused('empty_file', `${file} ${what}`, file);
  }
  const foreign = foreignFormat(bytes);
  if (foreign !== undefined) {
    const fix = foreign.fix.replaceAll('FILE', shellWord(file));
    return { text: undefined, findings: [finding('not_pem', `${file} is ${foreign.what}`, position, fix)] };
  }
  const utf16 = decodeUtf16(bytes);
  const raw = utf16 ?? bytes.toString('utf8');
  if (/^\s*<(?:!doctype|html|head|body|\?xml)/i.test(raw)) {
    return refused('html_saved', `${file} is a web page, not a certificate`, file);
  }
  if (raw.includes('\0')) return refused('not_pem', `${file} is a binary file, not PEM text`, file);
  const findings: Finding[] = [];
  if (utf16 !== undefined) {
    findings.push(
      finding('utf16_encoded', `${file} is encoded as UTF-16; servers read PEM as plain text`, position),
    );
  }
  return {
    text: normalLineEnds(withoutMarks(raw, file, utf16 === undefined, findings), file, findings),
    findings,
  };
}

function refused(code: FindingCode, message: string, file: string): DecodedText {
  return { text: undefined, findings: [finding(code, message, { file })] };
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function decodeUtf16(bytes: Buffer): string | undefined {
  const [first, second] = bytes;
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0);
  if (!little && !big) return undefined;
  const whole = Buffer.from(bytes.subarray(0, bytes.length & ~1));
  return (little ? whole : whole.swap16()).toString('utf16le');
}

function withoutMarks(raw: string, file: string, tell: boolean, findings: Finding[]): string {
  if (!raw.includes('\uFEFF')) return raw;
  // In UTF-16 the mark at the start is the encoding's own and no second finding.
  if (raw.startsWith('\uFEFF') && tell) {
    findings.push(finding('byte_order_mark', `${file} begins with a byte order mark`, { file, line: 1 }));
  }
  const inner = raw.slice(1).search(/\uFEFF-+BEGIN/);
  if (inner >= 0) {
    const line = raw.slice(0, inner + 1).split(/\r\n|\r|\n/).length;
    const message = 'a byte order mark hides the border after it; some servers skip that certificate';
    findings.push(finding('inner_byte_order_mark', message, { file, line }));
  }
  return raw.replaceAll('\uFEFF', '');
}

function normalLineEnds(raw: string, file: string, findings: Finding[]): string {
  let text = raw;
  if (/-----(?:\\r)?\\n/.test(text)) {
    const message = 'the line ends are written out as the two characters \\n';
    findings.push(finding('escaped_line_ends', message, { file, line: 1 }));
    text = text.replaceAll(/(?:\\r)?\\n/g, '\n').replaceAll(/^["']|["']\s*$/gm, '');
  }
  if (/\r(?![\r\n])/.test(text)) {
    const message = `${file} has lines that end with a carriage return alone; servers see one long line`;
    findings.push(finding('carriage_returns_only', message, { file }));
  } else if (text.includes('\r')) {
    findings.push(finding('windows_line_ends', `${file} has Windows line ends (CRLF)`, { file }));
  }
  return text.replaceAll(/\r+\n|\r/g, '\n');
}
