/** Completion for bash. */
import { COMMANDS } from '../../options/help/command-help.js';
import { type CommandWords, FRONT_OPTIONS, type OptionWord, quoted } from './command-words.js';

export function bashScript(commands: readonly CommandWords[]): string {
  const names = COMMANDS.map(([name]) => name);
  const rows = [{ path: '', options: [], words: names, takesFrontOptions: true }, ...commands];
  return `# bash completion of tlsfront
_tlsfront() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' one
  COMPREPLY=()
  for one in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ "$one" == -- ]]; then COMPREPLY=($(compgen -f -- "$word")); return; fi
    case "$path $one" in
      ${commands.map(pathPattern).join('|')}) path="\${path:+$path }$one" ;;
    esac
  done
  case "$path:$before" in
${rows.flatMap(valueCases).join('')}  esac
  if [[ "$word" == -* ]]; then
    case "$path" in
${rows.map((row) => `      ${quoted(row.path)}) words=${quoted(flagsOf(row).join(' '))} ;;\n`).join('')}    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    return
  fi
  case "$path" in
${rows.flatMap(wordCase).join('')}  esac
  if [[ -n "$words" && ( -n "$path" || $COMP_CWORD -eq 1 ) ]]; then COMPREPLY=($(compgen -W "$words" -- "$word"))
  else COMPREPLY=($(compgen -f -W "$words" -- "$word")); fi
}
complete -o filenames -F _tlsfront tlsfront
`;
}

/** A command behind what it belongs to. */
function pathPattern({ path }: CommandWords): string {
  return quoted(path.includes(' ') ? path : ` ${path}`);
}

function allOptions({ options, takesFrontOptions }: CommandWords): readonly OptionWord[] {
  const own = new Set(options.map(({ flag }) => flag));
  return takesFrontOptions ? [...options, ...FRONT_OPTIONS.filter(({ flag }) => !own.has(flag))] : options;
}

function flagsOf(row: CommandWords): readonly string[] {
  const flags = allOptions(row).map(({ flag }) => flag);
  return [...flags, '--help', ...(row.path === '' ? ['--version'] : [])];
}

/** What follows an option that takes a value: options with the same kind of it share a line. */
function valueCases(row: CommandWords): readonly string[] {
  const cases = new Map<string, string[]>();
  for (const { flag, short, value } of allOptions(row)) {
    if (value === 'none') continue;
    const action = actionOf(value);
    const names = [flag, ...(short === undefined ? [] : [short])].map((name) =>
      quoted(`${row.path}:${name}`),
    );
    cases.set(action, [...(cases.get(action) ?? []), ...names]);
  }
  return [...cases].map(([action, names]) => `    ${names.join('|')}) ${action}return ;;\n`);
}

/** A value that only the user knows gets no proposals. */
function actionOf(value: OptionWord['value']): string {
  if (value === 'file') return 'COMPREPLY=($(compgen -f -- "$word")); ';
  return typeof value === 'string' ? '' : `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$word")); `;
}

function wordCase({ path, words }: CommandWords): readonly string[] {
  return words.length === 0 ? [] : [`    ${quoted(path)}) words=${quoted(words.join(' '))} ;;\n`];
}
