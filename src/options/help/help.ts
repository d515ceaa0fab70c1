/** The texts of `tlsfront --help`, which fits a screen, and of `--help all`: the options table in groups, then examples. */

import { OPTION_GROUPS, type OptionGroup, type OptionRow } from '../option-row.js';
import { optionOf, SETTING_KEYS } from '../table.js';
import { COMMAND_FAMILIES, COMMAND_HELP, COMMANDS } from './command-help.js';

const WIDTH = 100;
const DESCRIPTION_COLUMN = 40;

const USAGE = `tlsfront puts HTTPS and HTTP/2 in front of a plain HTTP app.

Usage:
  tlsfront [options] --upstream <address>        in front of an app that runs already
  tlsfront [options] -- <command> [arguments]    start the app too, on the port in $PORT or {port}
  tlsfront [options] --wsgi-file <file>          start a WSGI server for a Python file too
  tlsfront demo [options]                        in front of the bundled sample app
  tlsfront check [options] [--print] [--json]    say whether the options are valid
  tlsfront config export [options]               write the tlsfront.toml of these options
  tlsfront config schema                         its JSON Schema, for editors
  tlsfront chain check|show|fix|merge            find and repair faults of a certificate file
  tlsfront ca install|uninstall|status|show      make browsers trust the development authority
  tlsfront cert <names>                          write a development certificate for another server
  tlsfront acme status|renew|revoke|deactivate   look after accounts and certificates of authorities
  tlsfront hosts add|remove|list [names]         names of this machine in its hosts file
  tlsfront setup [names]                         what needs root once: ports, trust, names
  tlsfront status|list|reload|stop|logs          speak with a running front
`;

const EXAMPLES = `
Examples:
  tlsfront --upstream 8080                       https://localhost for what runs on port 8080
  tlsfront --listen 9443 -- npm run dev          start the app too
  tlsfront --cert server.crt --key server.key --ca-bundle ca.crt --listen :443 --upstream 8080
  tlsfront --host app.test --listen 0.0.0.0:8443 --upstream 8080
  tlsfront --master --https 0.0.0.0:443,integrated.crt,server.key,HIGH --wsgi-file index.py
  tlsfront chain merge server.crt ca-bundle.ca -o integrated.crt

Times: 500ms, 30s, 5m, 1h or plain seconds. Sizes: 4096, 32k, 1m, 2g.
Every option is also an environment variable, TLSFRONT_LISTEN=9443, and a line of tlsfront.toml.
All of it, with reasons: tlsfront docs configuration.
`;

/** What somebody needs who has just installed it; fits a screen. */
function renderShortHelp(): string {
  const commands = COMMANDS.flatMap(([name, text]) => {
    const family = COMMAND_FAMILIES.find(([names]) => names.includes(name));
    if (family === undefined) return [`  ${name.padEnd(19)}${text}`];
    const [names, shared] = family;
    return names[0] === name ? [`  ${names.join(', ').padEnd(19)}${shared}`] : [];
  }).join('\n');
  return `tlsfront puts HTTPS and HTTP/2 in front of a plain HTTP app.

Usage:
  tlsfront 8080                   https://localhost for what runs on port 8080 (--lan: phones too)
  tlsfront -- npm run dev         start the app too, on whatever port it likes
  tlsfront                        the same for the script \`dev\` of package.json
  tlsfront index.py               start a WSGI server for a Python file

Commands:
${commands}

Most used options:
  -l, --listen <[host:]port>      where to listen; without it 443 on loopback, or 8443
      --host <name>               one more name: app.test, 192.168.1.5
      --cert <file> --key <file>  your own certificate; --acme <email>: one from Let's Encrypt
      --access-log                one line for each request

Examples:
  tlsfront --cert server.crt --key server.key --ca-bundle ca.crt --listen :443 8080

--help all lists every option, --help limits one group, <command> --help is about a command.
`;
}

/**
 * The help that words of a command line ask for.
 * @returns null: none, or that of a parser of its own (chain, ca, cert, hosts, config)
 */
export function findHelp(words: readonly string[]): string | null {
  const at = words.findIndex((word) => word === '--help' || word === '-h');
  const [first = ''] = words;
  if (first === 'help') return helpOn(words[1]);
  if (at === -1) return null;
  const command = words.slice(0, at).find((word) => COMMANDS.some(([name]) => name === word));
  if (command !== undefined) return COMMAND_HELP[command] ?? null;
  return helpOn(words[at + 1]) ?? renderShortHelp();
}

function helpOn(topic: string | undefined): string | null {
  if (topic === undefined) return renderShortHelp();
  if (topic === 'all') return renderHelp();
  const command = COMMAND_HELP[topic];
  if (command !== undefined) return command;
  if (COMMANDS.some(([name]) => name === topic)) return null;
  const groups = OPTION_GROUPS.filter((group) => group.toLowerCase().includes(topic.toLowerCase()));
  return groups.length === 0 ? null : groups.map(renderGroup).join('').trimStart();
}

/** The default as people should read it; empty when there is none. */
export function describeDefault(option: OptionRow): string {
  return option.defaultText ?? option.default ?? '';
}

function describe(option: OptionRow): string {
  const notes = [
    ...(option.choices === undefined ? [] : [option.choices.join(', ')]),
    ...(option.repeatable === true ? ['repeatable'] : []),
    ...(describeDefault(option) === '' ? [] : [`default: ${describeDefault(option)}`]),
  ];
  return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
}

/** Breaks a text at spaces into lines of at most `width` characters. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function renderRow(term: string, description: string): string {
  const [first = '', ...rest] = wrap(description, WIDTH - DESCRIPTION_COLUMN);
  const fits = term.length + 2 <= DESCRIPTION_COLUMN;
  const head = fits
    ? term.padEnd(DESCRIPTION_COLUMN) + first
    : `${term}\n${' '.repeat(DESCRIPTION_COLUMN)}${first}`;
  return [head, ...rest.map((line) => ' '.repeat(DESCRIPTION_COLUMN) + line)].join('\n');
}

function renderOption(option: OptionRow): string {
  const short = option.short === undefined ? '    ' : `${option.short}, `;
  const argument = option.argument === null ? '' : ` ${option.argument}`;
  return renderRow(`  ${short}${option.flag}${argument}`, describe(option));
}

function renderGroup(group: OptionGroup): string {
  const rows = SETTING_KEYS.map(optionOf).filter((option) => option.group === group);
  return `\n${group}:\n${rows.map(renderOption).join('\n')}\n`;
}

/** The whole text, at most 100 columns wide. */
export function renderHelp(): string {
  const others = [
    renderRow('  -h, --help', 'Show this text'),
    renderRow('      --version', 'Show the version'),
  ].join('\n');
  return `${USAGE}${OPTION_GROUPS.map(renderGroup).join('')}\nOthers:\n${others}\n${EXAMPLES}`;
}
