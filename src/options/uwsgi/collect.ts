/** Gathers the options of a uWSGI line in uWSGI's order: environment, words, and what files bring, with every placeholder filled. */
import { FrontError } from '../../shared/errors.js';
import { closestName } from '../help/closest.js';
import { invalid } from '../read-setting.js';
import { FILE_FORMS, readIni, readText, splitSection } from './file-text.js';
import { type Block, beginBlock, endsBlock } from './logic.js';
import {
  calculate,
  environmentValue,
  FIRST_FILE_LETTERS,
  fillBrackets,
  fillLetters,
  magicLetters,
} from './placeholders.js';
import { uwsgiOption } from './rows.js';
import type { Surroundings } from './surroundings.js';
import type { Given, Line } from './words.js';

/** Options that name a file of more options. */
export const LOADERS: ReadonlySet<string> = new Set([
  ...['ini', 'yaml', 'yml', 'json', 'js', 'xml', 'xmlconfig', 'include', 'inherit'],
]);
const SETTERS: ReadonlySet<string> = new Set(['set', 'set-placeholder', 'set-ph']);
/** uWSGI's own variables, which are no options. */
const OTHER_VARIABLES =
  /^UWSGI_(?:RELOADS|VASSALS_DIR|EMPEROR_FD|BROODLORD_NUM|EMPEROR_FD_CONFIG|EMPEROR_PROXY|JAIL_PID|ORIGINAL_PROC_NAME|PLUGINS)$/;
/** Their values have placeholders of their own, which are filled for each request. */
const OWN_PLACEHOLDERS = /^(?:log-?format|.*route.*|log-encoder|log-req-encoder|.*logger.*)/;
const MAX_FILES = 64;

type FormName = keyof typeof FILE_FORMS;

function isFormName(ending: string): ending is FormName {
  return Object.hasOwn(FILE_FORMS, ending);
}

/** `.ini` of `uwsgi.ini:section`; null: no file of options. */
export function formOf(spec: string): FormName | null {
  const ending = /\.\w+$/.exec(splitSection(spec).file)?.[0] ?? /\.\w+$/.exec(spec)?.[0] ?? '';
  return isFormName(ending) ? ending : null;
}

/** `UWSGI_MODULE=app` as uWSGI reads it: the option `module`. */
export function givenByEnvironment(environment: Readonly<NodeJS.ProcessEnv>): readonly Given[] {
  return Object.entries(environment)
    .filter(([name]) => name.startsWith('UWSGI_') && !OTHER_VARIABLES.test(name))
    .map(([label, value]) => {
      return {
        name: label.slice('UWSGI_'.length).toLowerCase().replaceAll('_', '-'),
        value: value ?? '',
        label,
      };
    })
    .filter(({ name }) => uwsgiOption(name) !== null);
}

/** The options of a line. */
export interface Collected {
  readonly given: readonly Given[];
  /** Names that a placeholder asked for. */
  readonly asked: ReadonlySet<string>;
}

/** All options of a line, those of its files in their place. @throws FrontError config_invalid, config_usage */
export function collectOptions(line: Line, around: Surroundings): Collected {
  const collector = new Collector(around);
  for (const given of givenByEnvironment(around.environment)) collector.add(given);
  for (const given of line.given) collector.add(given);
  for (const word of line.alone) collector.load({ name: 'ini', value: word, label: 'the file' });
  return { given: collector.finish(), asked: collector.asked };
}

class Collector {
  private readonly options: Given[] = [];
  private block: Block | null = null;
  /** Whether the condition before an `else` has failed. */
  private failed = false;
  /** Files that are being read, outermost first. */
  private readonly open: string[] = [];
  private files = 0;
  readonly asked = new Set<string>();
  private lastFile = '';
  private readonly first: Record<string, string> = {};

  constructor(private readonly around: Surroundings) {}

  add(given: Given): void {
    if (endsBlock(given.name)) {
      this.block = null;
      return;
    }
    if (given.name === 'else') {
      const turns = this.failed ? [null] : [];
      this.block = { name: 'else', argument: '', turns };
      return;
    }
    if (this.block !== null) {
      for (const text of this.block.turns) {
        const value =
          given.value === null || text === null ? given.value : given.value.replaceAll('%(_)', text);
        this.put({ ...given, value });
      }
      return;
    }
    const known = { find: (name: string) => this.find(name), around: this.around };
    this.block = beginBlock({ ...given, value: this.fillEnvironment(given.value) }, known);
    if (this.block === null) this.put(given);
    else this.failed = this.block.name.startsWith('if') && this.block.turns.length === 0;
  }

  /** The file that a word or an option names, in the place of that word. */
  load({ name, value, label }: Given): void {
    const spec = value ?? '';
    const { file, section } = splitSection(spec);
    const path = file === '' ? this.lastFile : file;
    const key = `${path}:${section}`;
    if (this.open.includes(key)) {
      throw invalid(
        label,
        spec,
        `includes itself (${[...this.open, key].join(' → ')})`,
        'leave one of them out',
      );
    }
    this.files += 1;
    if (this.files > MAX_FILES)
      throw invalid(label, spec, `more than ${MAX_FILES} files`, 'put them together');
    const form =
      formOf(path) ?? (name === 'include' || name === 'inherit' ? '.ini' : this.formOfLoader(name));
    const text = readText(label, path, this.around.folder);
    this.lastFile = path;
    const letters = magicLetters(path, section, this.around);
    for (const letter of FIRST_FILE_LETTERS) this.first[letter] ??= letters[letter.toLowerCase()] ?? '';
    const entries = this.cut(label, form, fillLetters(text, { ...letters, ...this.first }), section, path);
    this.open.push(key);
    for (const entry of entries) {
      const where = entry.line === null ? path : `${path}:${entry.line}`;
      this.add({ name: entry.name, value: entry.value, label: `${where}: ${entry.name}` });
    }
    this.open.pop();
  }

  private formOfLoader(name: string): FormName {
    const ending = name === 'xmlconfig' ? '.xml' : `.${name}`;
    return isFormName(ending) ? ending : '.ini';
  }

  private cut(label: string, form: FormName, text: string, section: string, path: string) {
    try {
      const entries = (form === '.ini' ? readIni : FILE_FORMS[form])(text, section);
      if (entries !== null) return entries;
    } catch (error) {
      if (error instanceof FrontError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      const what = form === '.xml' ? 'XML of uWSGI' : form.slice(1).toUpperCase();
      throw invalid(label, path, `not ${what}: ${reason}`, 'correct the file');
    }
    throw invalid(
      label,
      path,
      `it has no section [${section}]`,
      `write [${section}] above its options, or name another: ${path}:SECTION`,
    );
  }

  private put(given: Given): void {
    if (LOADERS.has(given.name)) {
      this.load({ ...given, value: this.fill(given, []) });
      return;
    }
    if (SETTERS.has(given.name)) {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(given.value ?? '') ?? [];
      this.options.push({ name: name.trim(), value, label: `${given.label} ${name}` });
      return;
    }
    this.options.push(given);
  }

  /** uWSGI's `%(name)`: the first value of an option or placeholder. */
  private find(name: string): string | null {
    this.asked.add(name);
    const found = this.options.find((option) => option.name === name);
    return found === undefined ? null : (found.value ?? '');
  }

  private fillEnvironment(value: string | null): string | null {
    const { environment } = this.around;
    return value === null
      ? null
      : fillBrackets(value, '$', (inside) => environmentValue(inside, environment));
  }

  /** The value with all placeholders filled. @param within options that are being filled, to find a loop */
  private fill(given: Given, within: readonly string[]): string | null {
    const environment = this.fillEnvironment(given.value);
    if (environment === null) return null;
    const files = fillBrackets(environment, '@', (file) =>
      readText(given.label, file, this.around.folder).replace(/\n$/, ''),
    );
    const find = (name: string): string | null => {
      this.asked.add(name);
      if (within.includes(name))
        throw invalid(given.label, given.value ?? '', `%(${name}) leads back to itself`, 'give it a value');
      const option = this.options.find((other) => other.name === name);
      return option === undefined ? null : (this.fill(option, [...within, name]) ?? '');
    };
    return fillBrackets(files, '%', (inside) => {
      const value = calculate(inside, find);
      if (value !== null || OWN_PLACEHOLDERS.test(given.name)) return value;
      throw invalid(given.label, given.value ?? '', `%(${inside}) is nowhere set`, this.hintFor(inside));
    });
  }

  private hintFor(name: string): string {
    const near = closestName(
      name,
      this.options.map((option) => option.name),
    );
    return near === null ? `write ${name} = … in the file, or --set ${name}=…` : `did you mean %(${near})?`;
  }

  /** Options with their values; what no program knows is a placeholder and left out, with a fault where nothing uses it. */
  finish(): readonly Given[] {
    return this.options.map((given) => ({ ...given, value: this.fill(given, [given.name]) }));
  }
}
