/** Completion for zsh. */
import { COMMANDS } from '../../options/help/command-help.js';
import { type CommandWords, FRONT_OPTIONS, type OptionWord, quoted } from './command-words.js';

export function zshScript(commands: readonly CommandWords[]): string {
  return `#compdef tlsfront
# zsh completion of tlsfront
_tlsfront_commands() {
  local -a commands=(
${COMMANDS.map(([name, text]) => `    ${quoted(`${name}:${bare(text)}`)}\n`).join('')}  )
  _describe command commands
}
local curcontext="$curcontext" state line
local -a front=(
${FRONT_OPTIONS.map((option) => `  ${spec(option)}\n`).join('')})
_arguments -C $front '1: :_tlsfront_commands' '*:: :->rest'
[[ $state == rest ]] || return
local -a own=() members=()
case "$words[1] $words[2]" in
${commands.filter(isMember).map(caseOf).join('')}  *)
    case "$words[1]" in
${commands
  .filter((row) => !isMember(row))
  .map(caseOf)
  .join('')}      *) own=($front) ;;
    esac
esac
if (( $#members )); then
  _arguments $own "1:word:($members)" '*:file:_files'
else
  _arguments $own '*:file:_files'
fi
`;
}

function isMember({ path }: CommandWords): boolean {
  return path.includes(' ');
}

/** A member of a group takes the place of the group: `$words` begins with it. */
function caseOf(row: CommandWords): string {
  const { path, options, words, takesFrontOptions } = row;
  const own = [...(takesFrontOptions ? ['$front'] : []), ...options.map(spec)];
  const shift = isMember(row) ? 'shift words; (( CURRENT-- )); ' : '';
  return `      ${quoted(path)}) ${shift}own=(${own.join(' ')}); members=(${words.join(' ')}) ;;\n`;
}

function spec({ flag, value, description }: OptionWord): string {
  return quoted(`*${flag}[${bare(description)}]${valueSpec(value)}`);
}

function valueSpec(value: OptionWord['value']): string {
  switch (value) {
    case 'none':
      return '';
    case 'file':
      return ':file:_files';
    case 'any':
      return ':value: ';
    default:
      return `:value:(${value.join(' ')})`;
  }
}

function bare(text: string): string {
  return text.replaceAll(/[[\]:]/g, ' ');
}
