/** Finds where the keys of a TOML or JSON text stand, so that an error can name line and column. */

/** Both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const BARE = /[A-Za-z0-9_-]/;

/** Path of a key as one string; names may hold dots themselves. */
export function pathText(path: readonly string[]): string {
  return path.join('\0');
}

/** Reads over a TOML text that a parser has found sound, and notes its keys; those of inline tables are left out. */
class TomlScan {
  readonly found = new Map<string, number>();
  private at = 0;

  constructor(private readonly text: string) {}

  run(): void {
    let table: readonly string[] = [];
    for (this.skipBlank(); this.at < this.text.length; this.skipBlank()) {
      const start = this.at;
      if (this.text[start] === '[') {
        while (this.text[this.at] === '[') this.at += 1;
        table = this.readKey();
        this.note(table, start);
        this.skipLine();
      } else {
        const path = [...table, ...this.readKey()];
        for (let length = table.length + 1; length <= path.length; length += 1) {
          this.note(path.slice(0, length), start);
        }
        this.skipValue();
      }
    }
  }

  private note(path: readonly string[], start: number): void {
    const key = pathText(path);
    if (!this.found.has(key)) this.found.set(key, start);
  }

  private skipBlank(): void {
    while (this.at < this.text.length) {
      if (this.text[this.at] === '#') this.skipLine();
      else if (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
      else return;
    }
  }

  private skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end + 1;
  }

  /** `a."b c".d`, to the sign behind it. */
  private readKey(): readonly string[] {
    const parts: string[] = [];
    while (this.at < this.text.length) {
      const sign = this.text[this.at] ?? '';
      const start = this.at;
      if (sign === '"' || sign === "'") {
        this.skipString();
        parts.push(this.text.slice(start + 1, this.at - 1));
      } else if (BARE.test(sign)) {
        while (BARE.test(this.text[this.at] ?? '')) this.at += 1;
        parts.push(this.text.slice(start, this.at));
      } else if (sign === '.' || sign === ' ' || sign === '\t') this.at += 1;
      else break;
    }
    return parts;
  }

  private skipString(): void {
    const quote = this.text[this.at] ?? '';
    const fence = this.text.startsWith(quote.repeat(3), this.at) ? quote.repeat(3) : quote;
    this.at += fence.length;
    while (this.at < this.text.length && !this.text.startsWith(fence, this.at)) {
      this.at += quote === '"' && this.text[this.at] === '\\' ? 2 : 1;
    }
    this.at += fence.length;
  }

  /** To the end of the line, or of the brackets that it opens. */
  private skipValue(): void {
    let depth = 0;
    while (this.at < this.text.length) {
      const sign = this.text[this.at] ?? '';
      if (sign === '"' || sign === "'") this.skipString();
      else if (sign === '#') {
        this.skipLine();
        if (depth === 0) return;
      } else {
        this.at += 1;
        if (sign === '[' || sign === '{') depth += 1;
        else if (sign === ']' || sign === '}') depth -= 1;
        else if (sign === '\n' && depth === 0) return;
      }
    }
  }
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** Where each key of a TOML text first stands, by pathText. */
export function tomlPositions(text: string): ReadonlyMap<string, Position> {
  const scan = new TomlScan(text);
  scan.run();
  return new Map([...scan.found].map(([key, offset]) => [key, positionAt(text, offset)]));
}

/** Where the path's last name stands in a JSON text: each name is looked for behind the one before it. */
export function jsonPosition(text: string, path: readonly string[]): Position {
  let at = 0;
  for (const name of path) {
    const next = text.indexOf(`${JSON.stringify(name)}`, at);
    if (next === -1) break;
    at = next;
  }
  return positionAt(text, at);
}
