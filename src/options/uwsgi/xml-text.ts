/** Reads the options of uWSGI's XML: elements of text within `<uwsgi>`, and nothing that such a file has no use for. */
import { DEFAULT_SECTION, type Entry } from './entry.js';

/** One piece of the file: text, or what stands between `<` and `>`; whichever group is filled says which. */
const PIECE =
  /<!--[\s\S]*?-->|<!\[CDATA\[(?<data>[\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<\/(?<end>[^\s>]+)\s*>|<(?<begin>[\w.:-]+)(?<attributes>(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<closed>\/?)>|(?<text>[^<]+)|(?<other><[^>\n]{0,30})/gy;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** What is wrong in a file; the message begins with its line. */
function fault(line: number, what: string): Error {
  return new Error(`line ${line}: ${what}`);
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}

function characterOf(number: number): string | null {
  return number > 0 && number <= 0x10ffff ? String.fromCodePoint(number) : null;
}

function readEntities(text: string, line: number): string {
  return text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+))?(;)?/gi, (whole, ...groups: unknown[]) => {
    const [decimal, hexadecimal, name, semicolon, at] = groups;
    const value =
      typeof decimal === 'string'
        ? characterOf(Number.parseInt(decimal, 10))
        : typeof hexadecimal === 'string'
          ? characterOf(Number.parseInt(hexadecimal, 16))
          : typeof name === 'string' && Object.hasOwn(ENTITIES, name)
            ? ENTITIES[name]
            : null;
    if (typeof value === 'string' && semicolon === ';') return value;
    const advice =
      whole === '&'
        ? 'write &amp; for an ampersand'
        : 'only &amp; &lt; &gt; &quot; &apos; and numbers are known';
    throw fault(line + newlines(text.slice(0, Number(at))), `'${whole}' cannot be read: ${advice}`);
  });
}

/** The text of `id` among attributes; null: there is none. */
function idOf(attributes: string, line: number): string | null {
  const [, , value] = /\sid\s*=\s*(["'])(.*?)\1/s.exec(attributes) ?? [];
  return value === undefined ? null : readEntities(value, line);
}

/** An element that has begun. */
interface Open {
  readonly name: string;
  readonly line: number;
  /** The `<uwsgi>` whose options are read, one of its options, or anything else. */
  readonly part: 'options' | 'option' | 'other';
  text: string;
}

class Reader {
  readonly entries: Entry[] = [];
  private readonly open: Open[] = [];
  private found = false;
  private hasRoot = false;
  private line = 1;
  /** Every id that the file has, for the message. */
  private readonly ids: string[] = [];

  constructor(private readonly section: string) {}

  read(text: string): readonly Entry[] {
    const declared = /^<\?xml[^>]*\sencoding\s*=\s*["']([^"']+)/.exec(text)?.[1];
    if (declared !== undefined && !/^(?:utf-8|us-ascii)$/i.test(declared) && /[^\0-\x7f]/.test(text))
      throw fault(1, `its encoding is ${declared}: save it as UTF-8`);
    for (const piece of text.matchAll(PIECE)) {
      this.take(piece.groups ?? {});
      this.line += newlines(piece[0]);
    }
    const unclosed = this.open.at(-1);
    if (unclosed !== undefined) throw fault(unclosed.line, `<${unclosed.name}> is not closed`);
    if (!this.hasRoot) throw fault(1, 'there is no element in it');
    if (!this.found) throw new Error(this.whyNothing());
    return this.entries;
  }

  private take({
    data,
    end,
    begin,
    attributes = '',
    closed,
    text,
    other,
  }: Record<string, string | undefined>): void {
    if (begin !== undefined) {
      this.begin(begin, attributes);
      if (closed === '/') this.end(begin);
    } else if (end !== undefined) this.end(end);
    else if (data !== undefined) this.addText(data);
    else if (text !== undefined) this.addText(readEntities(text, this.line));
    else if (other !== undefined) throw fault(this.line, this.whyNot(other));
  }

  private begin(name: string, attributes: string): void {
    const parent = this.open.at(-1);
    if (parent === undefined && this.hasRoot)
      throw fault(this.line, `<${name}> stands behind the end of the first element`);
    if (parent?.part === 'option') {
      throw fault(this.line, `<${name}> stands within <${parent.name}>: an option has only text`);
    }
    if (parent?.part === 'options' && name === 'app')
      throw fault(this.line, 'apps are written as <mount>/path=module:callable</mount>');
    this.hasRoot = true;
    this.open.push({ name, line: this.line, part: this.partOf(name, attributes, parent), text: '' });
  }

  /** As in uWSGI, the first element, or the first `<uwsgi>` right within it that has the wanted id or none. */
  private partOf(name: string, attributes: string, parent: Open | undefined): Open['part'] {
    if (parent?.part === 'options') return 'option';
    if (name !== 'uwsgi' || this.open.length > 1) return 'other';
    const id = idOf(attributes, this.line);
    if (id !== null) this.ids.push(id);
    const isWanted =
      parent === undefined || this.section === DEFAULT_SECTION || id === null || id === this.section;
    if (this.found || !isWanted) return 'other';
    this.found = true;
    return 'options';
  }

  private end(name: string): void {
    const opened = this.open.pop();
    if (opened === undefined) throw fault(this.line, `</${name}> closes nothing`);
    if (opened.name !== name)
      throw fault(this.line, `<${opened.name}> of line ${opened.line} is closed by </${name}>`);
    if (opened.part === 'option') this.entries.push({ name, value: opened.text.trim(), line: opened.line });
  }

  private addText(text: string): void {
    const element = this.open.at(-1);
    if (element?.part === 'option') element.text += text;
    else if (element?.part !== 'other' && text.trim() !== '') {
      const beginning = text.trim().split('\n', 1)[0]?.slice(0, 20) ?? '';
      const before = newlines(text.slice(0, text.length - text.trimStart().length));
      throw fault(this.line + before, `'${beginning}' stands outside of every option`);
    }
  }

  private whyNot(text: string): string {
    if (text.startsWith('<!DOCTYPE')) return 'a DOCTYPE, with entities of its own, is not read';
    if (text.startsWith('<!--') || text.startsWith('<![CDATA[') || text.startsWith('<?'))
      return `${text} has no end`;
    return `${text} is no element`;
  }

  private whyNothing(): string {
    if (this.ids.length === 0) return 'its first element is not <uwsgi>, nor is one within it';
    return `it has no <uwsgi id="${this.section}">, only ${this.ids.join(', ')}`;
  }
}

/** The options of a file. @param section the wanted id @throws Error whose message begins with the line */
export function readXml(text: string, section: string): readonly Entry[] {
  return new Reader(section).read(text);
}
