/** Completion for fish. */
import { COMMANDS } from '../../options/help/command-help.js';
import { type CommandWords, FRONT_OPTIONS, type OptionWord, quoted } from './command-words.js';

export function fishScript(commands: readonly CommandWords[]): string {
  const names = COMMANDS.map(
    ([name, text]) => `complete -c tlsfront -f -n __fish_use_subcommand -a ${name} -d ${quoted(text)}\n`,
  );
  const alone = commands.filter(({ path, takesFrontOptions }) => !takesFrontOptions && !path.includes(' '));
  return `# fish completion of tlsfront
function __tlsfront_takes_front_options
  not __fish_seen_subcommand_from ${alone.map(({ path }) => path).join(' ')}
  ${commands
    .filter(({ path, takesFrontOptions }) => takesFrontOptions && path.includes(' '))
    .map(({ path }) => `or begin; ${seen(path)}; end`)
    .join('\n  ')}
end
${names.join('')}${FRONT_OPTIONS.map((option) => optionLine(option, '__tlsfront_takes_front_options')).join('')}${commands.flatMap(linesOf).join('')}`;
}

function linesOf({ path, options, words }: CommandWords): readonly string[] {
  const condition = quoted(seen(path));
  const other = words.length === 0 ? '' : `; and not __fish_seen_subcommand_from ${words.join(' ')}`;
  const proposals =
    words.length === 0
      ? []
      : [`complete -c tlsfront -f -n ${quoted(`${seen(path)}${other}`)} -a ${quoted(words.join(' '))}\n`];
  return [...proposals, ...options.map((option) => optionLine(option, condition))];
}

/** `ca install`: both words are there. */
function seen(path: string): string {
  return path
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ');
}

function optionLine({ flag, short, value, description }: OptionWord, condition: string): string {
  const words = [
    `complete -c tlsfront -n ${condition} -l ${flag.slice(2)}`,
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(value === 'none' ? [] : [value === 'file' ? '-r' : '-x']),
    ...(typeof value === 'string' ? [] : [`-a ${quoted(value.join(' '))}`]),
    `-d ${quoted(description)}`,
  ];
  return `${words.join(' ')}\n`;
}
