/** `tlsfront service print|install|uninstall`: the front as a service of systemd. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { renderUnit, UNIT_MARK } from './unit.js';

const VERBS = ['print', 'install', 'uninstall'] as const;
type Verb = (typeof VERBS)[number];

const UNITS = '/etc/systemd/system';
/** systemd.unit(5), and no path. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}$/;

/** What stands between `service VERB` and the front's own words. */
interface ServiceWords {
  readonly verb: Verb;
  readonly name: string;
  /** null: a user that exists only while it runs. */
  readonly user: string | null;
  /** The unit is put beneath this folder, and systemd is not called. */
  readonly root: string | null;
  /** The front's command line. */
  readonly front: readonly string[];
}

/**
 * @param argv everything behind `service`
 * @param check the exit code of `tlsfront check` for a command line, which says what is wrong with it
 * @throws FrontError for wrong words, or where the unit cannot be written
 */
export async function runService(
  argv: readonly string[],
  io: CommandIo,
  check: (words: readonly string[]) => Promise<number>,
): Promise<number> {
  const words = readWords(argv);
  const { verb, name, user, root, front } = words;
  const file = join(root ?? '/', UNITS, `${name}.service`);
  if (verb === 'uninstall') {
    uninstall(file, name, root, io);
    return EXIT_SUCCESS;
  }
  const exitCode = await check(front);
  if (exitCode !== EXIT_SUCCESS) return exitCode;
  const [, script = ''] = process.argv;
  const unit = renderUnit({
    command: [process.execPath, realpathSync(script), ...front],
    name,
    user,
    folder: isOfFolder(front) ? process.cwd() : null,
  });
  if (verb === 'print') io.stdout.write(unit);
  else install(file, unit, name, root, io);
  return EXIT_SUCCESS;
}

/** Starts an app, which may look about itself, or names something by its way from here. */
function isOfFolder(front: readonly string[]): boolean {
  return front.some((word) => {
    if (/^--$|^--(?:wsgi-file|asgi-file|module)(?:=|$)/.test(word)) return true;
    const parts = word.split(/[=,:]/);
    return parts.some((part) => /^[^/-]/.test(part) && (existsSync(part) || existsSync(`${part}.py`)));
  });
}

/** What only root can do, and who goes to the background by itself: a unit has its own words for them. */
const OF_UNIT: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^--[ug]id(?:=|$)/, 'tlsfront service … --user USER says who the front is'],
  [/^--chroot(?:=|$)/, 'write RootDirectory= into the unit (systemctl edit), or start by hand as root'],
  [/^(?:--daemonize2?(?:=|$)|-d)/, 'leave it out: systemd keeps the front in the background, and its log'],
];

/** @throws FrontError for an option with which the unit would not start */
function refuseOfUnit(front: readonly string[]): void {
  const end = front.indexOf('--');
  for (const word of end === -1 ? front : front.slice(0, end)) {
    const found = OF_UNIT.find(([pattern]) => pattern.test(word));
    if (found !== undefined) throw usage(`a service cannot have ${word.split('=', 1)[0] ?? word}`, found[1]);
  }
}

function readWords(argv: readonly string[]): ServiceWords {
  const [first = '', ...rest] = argv;
  const verb = VERBS.find((known) => known === first);
  if (verb === undefined) {
    const said = first === '' ? 'service needs a word more' : `service does not know '${first}'`;
    throw usage(said, `write tlsfront service ${VERBS.join('|')}`);
  }
  let name = 'tlsfront';
  let user: string | null = null;
  let root: string | null = null;
  let from = 0;
  for (; from < rest.length; from += 2) {
    const value = rest[from + 1];
    const word = rest[from];
    if (word !== '--unit' && word !== '--user' && word !== '--root') break;
    if (value === undefined) throw usage(`${word} needs a value`, `write ${word} NAME`);
    if (word === '--unit') name = value;
    else if (word === '--user') user = value;
    else root = value;
  }
  if (!NAME.test(name))
    throw usage(`--unit ${name}: no name of a unit`, 'letters, digits, - and _, without .service');
  if (user !== null && !NAME.test(user))
    throw usage(`--user ${user}: no name of a user`, 'name an account of this machine');
  const front = rest.slice(from);
  if (verb === 'uninstall' && front.length > 0) {
    throw usage(`service uninstall does not take ${front[0]}`, 'give --unit NAME, where it has another name');
  }
  refuseOfUnit(front);
  return { verb, name, user, root, front };
}

function install(file: string, unit: string, name: string, root: string | null, io: CommandIo): void {
  const before = readUnit(file);
  if (before !== null && !before.startsWith(UNIT_MARK)) {
    throw new FrontError('config_invalid', `${file} was written by somebody else`, {
      hint: 'move it away, or give another name with --unit',
    });
  }
  attempt(file, 'written', () => {
    if (root !== null) mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, unit, { mode: 0o644 });
  });
  io.stdout.write(`${file} is written\n`);
  if (root !== null) return;
  systemctl(['daemon-reload']);
  systemctl(['enable', name]);
  systemctl(['restart', name]);
  io.stdout.write(`${name} serves, and starts with the machine; journalctl -u ${name} has its log\n`);
}

function uninstall(file: string, name: string, root: string | null, io: CommandIo): void {
  const unit = readUnit(file);
  if (unit === null) {
    throw new FrontError('config_invalid', `${file} is not there`, { hint: 'give its name with --unit' });
  }
  if (!unit.startsWith(UNIT_MARK)) {
    throw new FrontError('config_invalid', `${file} was not written by tlsfront service install`, {
      hint: `remove it yourself: systemctl disable --now ${name}`,
    });
  }
  if (root === null) systemctl(['disable', '--now', name]);
  attempt(file, 'removed', () => rmSync(file));
  if (root === null) systemctl(['daemon-reload']);
  io.stdout.write(`${file} is removed; what it has written stays in /var/lib/${name}\n`);
}

function readUnit(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw unusable(file, 'read', error);
  }
}

function attempt(file: string, done: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw unusable(file, done, error);
  }
}

function unusable(file: string, done: string, cause: unknown): FrontError {
  const code = systemCode(cause) ?? String(cause);
  const hint =
    code === 'EACCES' || code === 'EPERM'
      ? 'run it with sudo; tlsfront service print shows the unit without writing it'
      : code === 'ENOENT'
        ? 'this machine has no systemd; docs/deploy.md has other ways'
        : 'look at its folder';
  return new FrontError('config_invalid', `${file} cannot be ${done}: ${code}`, { hint, cause });
}

function systemctl(words: readonly string[]): void {
  const { status, stderr, error } = spawnSync('systemctl', [...words], { encoding: 'utf8' });
  if (error === undefined && status === 0) return;
  const reason = error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`);
  throw new FrontError('config_invalid', `systemctl ${words.join(' ')}: ${reason}`, {
    hint: 'systemctl status and journalctl -xe say more; the unit stays where it is',
  });
}

function usage(message: string, hint: string): FrontError {
  return new FrontError('config_usage', message, { hint });
}
