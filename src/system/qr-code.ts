/** QR codes on a terminal, for a camera. */
import { encode } from 'uqr';

/** Up to here (version 5, level L, ISO/IEC 18004) a code fits a terminal of 24 lines. */
const MAX_BYTES = 106;

/** The code's squares by row, true for dark, without the quiet zone; null where the text is too long (106 bytes). */
export function qrCode(text: string): readonly (readonly boolean[])[] | null {
  if (Buffer.byteLength(text) > MAX_BYTES) return null;
  return encode(text, { ecc: 'L', boostEcc: false, border: 0 }).data;
}

/**
 * The lines of a terminal for it, two rows a line, with a quiet zone of two.
 * @param coloured black on white, whatever the terminal's colours are
 */
export function qrLines(code: readonly (readonly boolean[])[], coloured: boolean): readonly string[] {
  const quiet = 2;
  const size = code.length + 2 * quiet;
  const at = (x: number, y: number): boolean => code[y - quiet]?.[x - quiet] ?? false;
  const lines: string[] = [];
  for (let y = 0; y < size; y += 2) {
    let line = '';
    for (let x = 0; x < size; x += 1) {
      const [upper, lower] = [at(x, y), at(x, y + 1)];
      line += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    }
    lines.push(coloured ? `\u001b[30;107m${line}\u001b[0m` : line);
  }
  return lines;
}
