/** Finds the borders of PEM blocks, however they were damaged. */
import { type Finding, finding } from '../findings.js';

/** One BEGIN or END line. */
export interface Border {
  readonly kind: 'BEGIN' | 'END';
  readonly label: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Lenient on hyphens, case and white space; the label's last word keeps prose out. One long dash is what word processors make of five. Five hyphens at most end a border, so that two glued ones stay apart. */
const BORDER =
  /(?:[-‐-―−]{2,12}|[‒-―])[ \t]*(BEGIN|END)[ \t]+((?:[A-Z0-9#.]+[ \t]+)*?(?:CERTIFICATE|KEY|REQUEST|PARAMETERS|PKCS7|CMS|CRL|DATA))[ \t]*(?:[-‐-―−]{2,5}|[‒-―])/gi;

/** Every border in the text's order; damage is told in `findings`. */
export function findBorders(text: string, file: string, findings: Finding[]): Border[] {
  const lines = new LineIndex(text);
  const borders: Border[] = [];
  for (const match of text.matchAll(BORDER)) {
    const [whole, word = '', label = ''] = match;
    const border: Border = {
      kind: word.toUpperCase() === 'BEGIN' ? 'BEGIN' : 'END',
      label: label.toUpperCase().replaceAll(/\s+/g, ' '),
      start: match.index,
      end: match.index + whole.length,
      line: lines.at(match.index),
    };
    const previous = borders.at(-1);
    const glued = previous?.line === border.line && /^[ \t]*$/.test(text.slice(previous.end, border.start));
    if (glued && previous.kind === 'END') {
      const message =
        'two borders stand on one line (-----END…----------BEGIN…); servers cannot read past it';
      findings.push(finding('glued_borders', message, { file, line: border.line }));
    }
    if (whole !== `-----${border.kind} ${border.label}-----` || !standsAlone(text, border, glued)) {
      const message = `the ${border.kind} border of ${border.label} is not written as servers expect it`;
      findings.push(finding('damaged_border', message, { file, line: border.line }));
    }
    borders.push(border);
  }
  return borders;
}

/** Servers want a border to begin its line and to end it, but for trailing white space; what a glued pair breaks is told once. */
function standsAlone(text: string, border: Border, glued: boolean): boolean {
  const before = glued || border.start === 0 || text[border.start - 1] === '\n';
  const rest = text.slice(border.end, border.end + 64);
  return before && /^[ \t]*(?:\n|$|[-‐-―−]{2,}[ \t]*BEGIN)/i.test(rest);
}

/** Line numbers of offsets that only grow. */
class LineIndex {
  private readonly text: string;
  private offset = 0;
  private lineNumber = 1;

  constructor(text: string) {
    this.text = text;
  }

  at(offset: number): number {
    for (let next = this.text.indexOf('\n', this.offset); next >= 0 && next < offset; ) {
      this.lineNumber += 1;
      this.offset = next + 1;
      next = this.text.indexOf('\n', this.offset);
    }
    return this.lineNumber;
  }
}
