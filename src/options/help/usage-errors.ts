/** Says in our words what the option parser found wrong, with the option that was probably meant. */
import { FrontError } from '../../shared/errors.js';
import { optionOf, SETTING_KEYS } from '../table.js';
import { uwsgiOption } from '../uwsgi/rows.js';
import { nearestOption } from '../uwsgi/words.js';
import { closestName } from './closest.js';
import { COMMANDS } from './command-help.js';

const HELP_HINT = '`tlsfront --help` lists the options';
/** What other tools of this kind call it. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '--port':
    '--listen 8443 is the port of HTTPS, --upstream 8080 that of a running app, --app-port 5173 that of a started one',
  '--from': '--host app.test is the name and --listen 443 the port of HTTPS',
  '--to': '--upstream 8080 is the app',
  '--source': '--listen 8443 is the port of HTTPS',
  '--target': '--upstream 8080 is the app',
  '--hostname': '--host app.test is a name to serve, --listen 0.0.0.0:8443 an address to listen on',
  '--domain': '--host app.test is a name to serve',
  '--command': 'write the command after --: tlsfront -- npm run dev',
};
const CHAIN_HINT =
  'write tlsfront chain check server.crt, or tlsfront chain merge server.crt ca.crt -o integrated.crt';

/** Commands that have commands of their own, and what is mostly wanted of them. */
const GROUPS: Readonly<Record<string, { readonly commands: string; readonly hint: string }>> = {
  chain: { commands: 'check, show, fix or merge', hint: CHAIN_HINT },
  ca: {
    commands: 'install, uninstall, status or show',
    hint: 'tlsfront ca install makes browsers trust the development certificates; ca status says who does',
  },
  config: {
    commands: 'schema or export',
    hint: 'tlsfront config export --listen 443 -- npm start writes the tlsfront.toml of that command line',
  },
  acme: {
    commands: 'status, renew, revoke or deactivate',
    hint: 'tlsfront acme status says which accounts and certificates there are; --acme EMAIL, an option, orders them',
  },
  hosts: {
    commands: 'add, remove or list',
    hint: 'tlsfront hosts add app.test lets app.test lead to this machine',
  },
};

function usage(message: string, hint: string): FrontError {
  return new FrontError('config_usage', message, { hint });
}

/** The word in quotes of a message of the parser. */
function quoted(message: string): string {
  return /'([^']*)'/.exec(message)?.[1] ?? '';
}

/** `--flag` of `--flag=value`, `-x` of `-xvalue`. */
function bareFlag(written: string): string {
  return written.startsWith('--') ? (written.split('=')[0] ?? written) : written.slice(0, 2);
}

function unknownOption(message: string): FrontError {
  const written = quoted(message);
  const valued = valuedSwitch(written);
  if (valued !== null) return valued;
  const flag = bareFlag(written);
  const other = OTHER_NAMES[flag];
  if (other !== undefined) return usage(`${flag} is not an option`, other);
  const known = uwsgiOption(flag.slice(2));
  if (known !== null)
    return usage(`${flag} is an option of uWSGI that this command does not have`, known.row.text);
  const meant = /\(Did you mean (?:one of )?([^?]+)\?\)/.exec(message)?.[1];
  if (meant !== undefined) return usage(`${flag} is not an option`, `did you mean ${meant}?`);
  // A line of uWSGI's may be known by this option alone.
  const near = nearestOption(flag.slice(2));
  return usage(`${flag} is not an option`, near === null ? HELP_HINT : `did you mean --${near}?`);
}

/** `--quiet=yes`: a known switch that was given a value. */
function valuedSwitch(written: string): FrontError | null {
  const option = SETTING_KEYS.map(optionOf).find(({ flag }) => flag === bareFlag(written));
  if (option === undefined) return null;
  return usage(`${option.flag} takes no value`, `write ${option.flag} alone, or leave it out`);
}

function missingArgument(message: string): FrontError {
  const words = quoted(message).split(/[ ,]+/);
  const option = SETTING_KEYS.map(optionOf).find(({ flag }) => words.includes(flag));
  const flag = option?.flag ?? words.find((word) => word.startsWith('--')) ?? quoted(message);
  return usage(
    `${flag} needs a value`,
    option === undefined ? HELP_HINT : `write ${flag} ${option.argument}`,
  );
}

const COMMAND_NAMES = COMMANDS.map(([name]) => name);

/** What a word without an option before it was probably meant to be. */
export function strayWord(word: string): FrontError {
  const message = `'${word}' stands alone`;
  if (/^(?:https?:\/\/|[\w.-]*:)?\d+$/.test(word) || /^https?:/.test(word)) {
    return usage(message, `for a running app write --upstream ${word}`);
  }
  if (/\.(?:pem|crt|cer|cert|der|p7b|p12|pfx)$/i.test(word)) {
    return usage(message, `to examine a certificate: tlsfront chain check ${word}`);
  }
  if (word.endsWith('.py')) return usage(message, `for a WSGI file write --wsgi-file ${word}`);
  const meant = closestName(word, COMMAND_NAMES);
  const other = `to start an app write -- before its command: tlsfront -- ${word} …`;
  return usage(message, meant === null ? other : `did you mean tlsfront ${meant}? ${other}`);
}

function isMisspelt(command: string): boolean {
  return (
    !command.startsWith('-') &&
    !COMMAND_NAMES.some((name) => name === command) &&
    closestName(command, COMMAND_NAMES) !== null
  );
}

/** Commands for a running front that take words. */
const CONTROL_WORDS: ReadonlySet<string> = new Set([
  'ban',
  'unban',
  'deploy',
  'drain',
  'undrain',
  'maintenance',
  'pause',
  'resume',
]);

/**
 * The parser's complaint as ours.
 * @param code commander's code, such as `commander.unknownOption`
 * @param words the arguments that are no options
 */
export function translateUsageError(code: string, message: string, words: readonly string[]): FrontError {
  // The options of a command that is misspelt are none of ours.
  if (code === 'commander.unknownOption')
    return isMisspelt(words[0] ?? '-') ? strayWord(words[0] ?? '') : unknownOption(message);
  if (code === 'commander.optionMissingArgument') return missingArgument(message);
  // `check` takes options alone: it is the word behind it that stands there by mistake.
  const behind = words.slice(1).filter((word) => !word.startsWith('-'));
  const stray = words[0] === 'check' ? (behind.find((word) => /\.\w+$/.test(word)) ?? behind[0]) : words[0];
  if (code === 'commander.excessArguments' && CONTROL_WORDS.has(words[0] ?? ''))
    return usage(`${words[0]} takes fewer words than it was given`, `tlsfront ${words[0]} --help says more`);
  if (code === 'commander.excessArguments' && stray !== undefined) return strayWord(stray);
  const [name = ''] = words;
  const group = GROUPS[name];
  if (code === 'commander.help' && group !== undefined)
    return usage(`${name} needs ${group.commands}`, group.hint);
  if (code === 'commander.unknownCommand' && group !== undefined)
    return usage(`${name} has no command '${quoted(message)}', only ${group.commands}`, group.hint);
  if (code === 'commander.missingArgument' && name === 'acme')
    return usage('the name of the certificate is missing', 'tlsfront acme status says which there are');
  if (code === 'commander.missingArgument' && CONTROL_WORDS.has(name))
    return usage(`${name} needs its ${quoted(message)}`, `tlsfront ${name} --help says more`);
  if (code === 'commander.missingArgument') return usage('the certificate file is missing', CHAIN_HINT);
  if (code === 'commander.help')
    return usage('there is no such command', `the commands are ${COMMAND_NAMES.join(', ')}`);
  return usage(message.replace(/^error: /, '').split('\n')[0] ?? message, HELP_HINT);
}
