/** Cuts compiled JavaScript into tokens, so that what changes code leaves strings, comments and regular expressions alone. */

export interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'punctuator';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The longer before the shorter ones. */
const PUNCTUATORS = [
  ...['>>>=', '...', '===', '!==', '**=', '<<=', '>>=', '>>>', '&&=', '||=', '??='],
  ...['=>', '==', '!=', '<=', '>=', '&&', '||', '??', '?.', '++', '--', '+=', '-=', '*=', '/=', '%='],
  ...['&=', '|=', '^=', '<<', '>>', '**'],
];

/** After these words a slash begins a regular expression. */
const BEFORE_EXPRESSION = ['return', 'typeof', 'case', 'in', 'of', 'void', 'await', 'yield', 'throw', 'else'];

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const WORD = /[#\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /0[xob][\da-f_]+n?|\d[\d_]*(?:\.[\d_]+)?(?:e[+-]?\d+)?n?/iy;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** From a backquote, or from the brace that ends what was put in, to the next such place. */
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;

/** The tokens of a whole file; throws where the text is no JavaScript that we can read. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  /** For each template that is open: how many braces are open inside its `${`. */
  const templates: number[] = [];
  let at = 0;
  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: Token['kind'], length: number): void => {
    tokens.push({ kind, text: text.slice(at, at + length), start: at, end: at + length });
    at += length;
  };
  const pushTemplate = (): void => {
    const from = at;
    at += 1;
    const rest = matched(TEMPLATE);
    if (rest === undefined) throw new Error(`a template without an end at ${from}`);
    at = from;
    push('text', 1 + rest.length);
    if (rest.endsWith('${')) templates.push(0);
  };
  for (;;) {
    at += matched(SPACE)?.length ?? 0;
    const character = text[at];
    if (character === undefined) return tokens;
    const open = templates.at(-1);
    if (character === '`') {
      pushTemplate();
    } else if (character === '}' && open === 0) {
      templates.pop();
      pushTemplate();
    } else {
      if (open !== undefined && '{}'.includes(character)) {
        templates[templates.length - 1] = open + (character === '{' ? 1 : -1);
      }
      const string = matched(STRING) ?? (beginsExpression(tokens.at(-1)) ? matched(REGEX) : undefined);
      const word = matched(WORD);
      const number = matched(NUMBER);
      if (string !== undefined) push('text', string.length);
      else if (word !== undefined) push('word', word.length);
      else if (number !== undefined) push('number', number.length);
      else push('punctuator', (PUNCTUATORS.find((mark) => text.startsWith(mark, at)) ?? character).length);
    }
    if (at > text.length) throw new Error('read beyond the end');
  }
}

/** What may follow this token is a value, so that a slash is no division. */
function beginsExpression(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'word') return BEFORE_EXPRESSION.includes(before.text);
  return before.kind === 'punctuator' && ![')', ']', '}'].includes(before.text);
}
