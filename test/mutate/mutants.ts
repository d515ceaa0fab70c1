/** Finds the places of a compiled file where one small change should make a test fail. */
import { type Token, tokensOf } from './tokens.js';

/** One change of one file. */
export interface Mutant {
  /** Below dist, such as `proxy/wire/http1/framing.js`. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** From 1, in the compiled file. */
  readonly line: number;
  /** The whole line as it stands, without indentation. */
  readonly code: string;
  /** What is done, such as `=== → !==`. */
  readonly change: string;
}

const SWAPS: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '&&': '||',
  '||': '&&',
  true: 'false',
  false: 'true',
};
const SIGNS: Readonly<Record<string, string>> = { '+': '-', '-': '+', '+=': '-=', '-=': '+=' };
/** Words that begin a statement, or a member, which only looks like a call. */
const NO_CALLS = [
  'if',
  'else',
  'for',
  'while',
  'switch',
  'return',
  'throw',
  'catch',
  'function',
  'super',
  'import',
];
/** A number from here is a bound or a size: only a change of its order is one that a test can be asked to notice. */
const LARGE = 1000;

/** A change before the lines are counted. */
type Edit = Pick<Mutant, 'start' | 'end' | 'replacement' | 'change'>;

/** Every mutant of a file, in the order of the text. */
export function mutantsOf(file: string, text: string): readonly Mutant[] {
  const tokens = tokensOf(text);
  const edits = tokens.flatMap((_, index) => editsAt(tokens, index, text));
  return edits.map((edit) => {
    const from = text.lastIndexOf('\n', edit.start) + 1;
    const to = text.indexOf('\n', edit.start);
    return {
      ...edit,
      file,
      line: text.slice(0, edit.start).split('\n').length,
      code: text.slice(from, to === -1 ? undefined : to).trim(),
    };
  });
}

/** The file's text with the change made. */
export function applied(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

function editsAt(tokens: readonly Token[], index: number, text: string): readonly Edit[] {
  const token = tokens[index];
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  if (token === undefined || token.kind === 'text') return [];
  const edits: Edit[] = [];
  const swap = (replacement: string): void => {
    edits.push({ start: token.start, end: token.end, replacement, change: `${token.text} → ${replacement}` });
  };
  const other = Object.hasOwn(SWAPS, token.text) ? SWAPS[token.text] : undefined;
  if (other !== undefined && before?.text !== '.') swap(other);
  else if (token.text === '!') swap('');
  else if (token.kind === 'number') edits.push(...numberEdit(token, text));
  else if (isSign(token, before, after)) swap(SIGNS[token.text] ?? token.text);
  else if (token.text === 'if' && after?.text === '(') edits.push(...negated(tokens, index, text));
  else if (token.text === 'return' || token.text === 'continue') {
    if (after?.text === ';') {
      edits.push({ start: token.start, end: token.end, replacement: '', change: `${token.text} removed` });
    }
  }
  const call = endOfCall(tokens, index, text);
  if (call !== undefined) {
    edits.push({ start: token.start, end: call, replacement: '', change: 'call removed' });
  }
  return edits;
}

/** A small number grows by one, a large one tenfold; what is a time may not: tests do not wait for it. */
function numberEdit(token: Token, text: string): readonly Edit[] {
  if (/n$|\./.test(token.text)) return [];
  const line = text.slice(text.lastIndexOf('\n', token.start) + 1, token.start);
  if (/(?:Ms|MS|_MS)\b/.test(line)) return [];
  const value = Number(token.text.replaceAll('_', ''));
  const replacement = String(value >= LARGE && !/^0x/i.test(token.text) ? value * 10 : value + 1);
  return [{ start: token.start, end: token.end, replacement, change: `${token.text} → ${replacement}` }];
}

/** Plus and minus between a value and a number; what joins texts stays. */
function isSign(token: Token, before: Token | undefined, after: Token | undefined): boolean {
  if (token.text === '+=' || token.text === '-=') return after?.kind !== 'text';
  if (token.text !== '+' && token.text !== '-') return false;
  const value =
    before?.kind === 'word' || before?.kind === 'number' || [')', ']'].includes(before?.text ?? '');
  return value && after?.kind === 'number';
}

/** The condition turned round, unless the change of its one comparison says the same. */
function negated(tokens: readonly Token[], index: number, text: string): readonly Edit[] {
  const close = closing(tokens, index + 1);
  const [first, last] = [tokens[index + 2], tokens[close - 1]];
  if (first === undefined || last === undefined) return [];
  const inside = tokens.slice(index + 2, close).map(({ text }) => text);
  const single = !inside.includes('&&') && !inside.includes('||');
  if (single && (inside[0] === '!' || inside.includes('===') || inside.includes('!=='))) return [];
  const replacement = `!(${text.slice(first.start, last.end)})`;
  return [{ start: first.start, end: last.end, replacement, change: 'condition negated' }];
}

/** Where a statement ends that is nothing but a call, or undefined where none begins. */
function endOfCall(tokens: readonly Token[], index: number, text: string): number | undefined {
  const before = tokens[index - 1];
  let first = tokens[index];
  if (first === undefined || before === undefined) return undefined;
  const ownLine = text.slice(before.end, first.start).includes('\n');
  if (!ownLine || ![';', '{', '}', ')', 'else', ':'].includes(before.text)) return undefined;
  let at = index;
  if (first.text === 'await' || first.text === 'void') first = tokens[++at];
  if (first?.kind !== 'word' || NO_CALLS.includes(first.text)) return undefined;
  let calls = 0;
  for (at += 1; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) return undefined;
    if (token.text === ';') return calls > 0 ? token.start : undefined;
    if (token.text === '(' || token.text === '[') {
      calls += token.text === '(' ? 1 : 0;
      at = closing(tokens, at);
    } else if (token.kind !== 'word' && token.text !== '.' && token.text !== '?.') return undefined;
  }
  return undefined;
}

/** The index of the bracket that closes the one at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind === 'punctuator') {
      if ('([{'.includes(token.text)) depth += 1;
      else if (')]}'.includes(token.text) && --depth === 0) return at;
    }
    // A template's `${` opens and its next part closes; both are text here, and balance each other.
  }
  return tokens.length - 1;
}
