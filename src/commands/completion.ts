/** `tlsfront completion` and `tlsfront man`: completion scripts and the manual page, made from the table of options. */
import { COMMANDS } from '../options/help/command-help.js';
import { describeDefault } from '../options/help/help.js';
import { OPTION_GROUPS, type OptionRow } from '../options/option-row.js';
import { misused } from '../options/read-setting.js';
import { optionOf, SETTING_KEYS } from '../options/table.js';
import { type CommandIo, EXIT_SUCCESS } from '../terminal/console.js';

const ROWS = SETTING_KEYS.map(optionOf);
const NAMES = COMMANDS.map(([name]) => name);

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name);
}

/** @throws FrontError config_usage for a shell that is none of the three */
export function printCompletion(shell: string | undefined, io: CommandIo): number {
  if (shell === undefined || !isShell(shell)) {
    throw misused(
      shell === undefined ? 'completion needs the name of a shell' : `there is no completion for '${shell}'`,
      'write tlsfront completion bash, zsh or fish',
    );
  }
  io.stdout.write(SHELLS[shell]());
  return EXIT_SUCCESS;
}

/** A word in single quotes for any of the three shells; none of our texts has one that must be kept. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}

function bashScript(): string {
  const choices = ROWS.filter(({ choices }) => choices !== undefined).map(
    ({ flag, choices = [] }) =>
      `    ${flag}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$word")); return ;;\n`,
  );
  const files = ROWS.filter(({ kind }) => kind === 'file').map(({ flag }) => flag);
  return `# bash completion of tlsfront
_tlsfront() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$before" in
${choices.join('')}    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W '${ROWS.map(({ flag }) => flag).join(' ')} --help --version' -- "$word"))
  elif [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${NAMES.join(' ')}' -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _tlsfront tlsfront
`;
}

function zshScript(): string {
  const values = (row: OptionRow): string => {
    if (row.argument === null) return '';
    if (row.choices !== undefined) return `:value:(${row.choices.join(' ')})`;
    return row.kind === 'file' ? ':file:_files' : ':value: ';
  };
  const bare = (text: string): string => text.replaceAll(/[[\]:]/g, ' ');
  const options = ROWS.map(
    (row) => `    ${quoted(`*${row.flag}[${bare(row.description)}]${values(row)}`)} \\\n`,
  );
  return `#compdef tlsfront
# zsh completion of tlsfront
_tlsfront_commands() {
  local -a commands=(
${COMMANDS.map(([name, text]) => `    ${quoted(`${name}:${bare(text)}`)}\n`).join('')}  )
  _describe command commands
}
_arguments \\
${options.join('')}    '1: :_tlsfront_commands' \\
    '*:file:_files'
`;
}

function fishScript(): string {
  const options = ROWS.map(({ flag, short, argument, kind, choices, description }) => {
    const words = [
      `complete -c tlsfront -l ${flag.slice(2)}`,
      ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
      ...(argument === null ? [] : [kind === 'file' ? '-r' : '-x']),
      ...(choices === undefined ? [] : [`-a ${quoted(choices.join(' '))}`]),
      `-d ${quoted(description)}`,
    ];
    return `${words.join(' ')}\n`;
  });
  const commands = COMMANDS.map(
    ([name, text]) => `complete -c tlsfront -f -n __fish_use_subcommand -a ${name} -d ${quoted(text)}\n`,
  );
  return `# fish completion of tlsfront\n${commands.join('')}${options.join('')}`;
}

/** roff: a line that begins with a dot or quote would be a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

/** The manual page, man(7). */
export function printManual(version: string, io: CommandIo): number {
  const groups = OPTION_GROUPS.map((group) => {
    const rows = ROWS.filter((row) => row.group === group).map((row) => {
      const names = row.short === undefined ? row.flag : `${row.short}, ${row.flag}`;
      const argument = row.argument === null ? '' : ` \\fI${roff(row.argument)}\\fR`;
      const byDefault = describeDefault(row);
      const more = [
        ...(row.choices === undefined ? [] : [` One of: ${row.choices.join(', ')}.`]),
        ...(row.repeatable === true ? [' May be given several times.'] : []),
        ...(byDefault === '' ? [] : [` Default: ${byDefault}.`]),
      ];
      return `.TP\n\\fB${roff(names)}\\fR${argument}\n${roff(`${row.description}.${more.join('')}`)}\n`;
    });
    return `.SS ${roff(group)}\n${rows.join('')}`;
  });
  const commands = COMMANDS.map(([name, text]) => `.TP\n\\fBtlsfront ${name}\\fR\n${roff(text)}\n`);
  io.stdout.write(`.TH TLSFRONT 1 "" "tlsfront ${version}"
.SH NAME
tlsfront \\- HTTPS and HTTP/2 in front of a plain HTTP app
.SH SYNOPSIS
.B tlsfront
[\\fIoptions\\fR] \\fIport\\fR | \\fIfile.py\\fR | \\-\\- \\fIcommand\\fR [\\fIarguments\\fR]
.SH COMMANDS
${commands.join('')}.SH OPTIONS
Each is also an environment variable, TLSFRONT_LISTEN=9443, and a line of tlsfront.toml.
${groups.join('')}.SH EXIT STATUS
0: ended as asked. 1: a failure at run time. 2: wrong usage or configuration.
.SH SEE ALSO
tlsfront docs
`);
  return EXIT_SUCCESS;
}
