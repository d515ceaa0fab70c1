/** Tries Firefox for real: it opens a page with a copy of what its default profile believes, never with the profile itself. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientTrial } from './client-trials.js';
import { defaultFirefoxProfile, firefoxProfiles } from './firefox-profiles.js';
import type { ProbeServer } from './probe-server.js';
import type { Machine } from './trust-store.js';

const LIMIT_MS = 30_000;
const NAME = 'Firefox';

/** Whatever it wants to tell its makers goes nowhere; localhost never goes through a proxy. */
const PREFERENCES = `
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.allow_hijacking_localhost", false);
user_pref("network.proxy.no_proxies_on", "localhost");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
`;

/** @param folder a private one, where everything is put that Firefox reads and writes @returns undefined when there is no Firefox */
export async function tryFirefox(
  machine: Machine,
  probe: ProbeServer,
  folder: string,
  signal: AbortSignal,
): Promise<ClientTrial | undefined> {
  const programs = ['firefox', 'firefox-esr']
    .map((name) => machine.find(name))
    .filter((path) => path !== undefined);
  const firefox = programs.find((path) => !isConfined(machine, path));
  if (firefox === undefined) {
    if (programs.length === 0) return undefined;
    const reason = 'a snap or flatpak cannot read a copy of its profile: only its store was looked at';
    return { name: NAME, outcome: 'untried', reason };
  }
  const profile = defaultFirefoxProfile(machine);
  if (profile === undefined) {
    return { name: NAME, outcome: 'untried', reason: 'it has no profile before its first start' };
  }
  let copy: string;
  try {
    copy = copyProfile(machine, profile, folder);
  } catch (error) {
    const reason = `${error instanceof Error ? error.message : String(error)}: only its store was looked at`;
    return { name: NAME, outcome: 'untried', reason };
  }
  const others = firefoxProfiles(machine).filter((path) => path !== profile).length;
  const rest = `its default profile; of ${others} more only the store was looked at`;
  const covered = others === 0 ? {} : { reason: rest };
  const before = probe.refusals();
  const { out, wasCut } = await open(machine, probe, firefox, copy, signal);
  if (probe.wasOpened('/firefox')) return { name: NAME, outcome: 'trusts', ...covered };
  if (probe.refusals() > before) return { name: NAME, outcome: 'refuses', ...covered };
  if (wasCut) return { name: NAME, outcome: 'failed', reason: `opened nothing within ${LIMIT_MS / 1000} s` };
  const [complaint = ''] = out.trim().split('\n').slice(-1);
  return { name: NAME, outcome: 'failed', reason: `ended before it opened the page: ${complaint}` };
}

/** Whether it is a snap or flatpak, or a script that starts one (Ubuntu's /usr/bin/firefox). */
function isConfined(machine: Machine, path: string): boolean {
  const confined = /\/snap\/|\/bin\/snap$|flatpak/;
  if (confined.test(path) || confined.test(realpathSync(path))) return true;
  const text = machine.read(path) ?? '';
  return text.startsWith('#!') && confined.test(text);
}

/** @returns the folder of a profile that believes what the original does */
function copyProfile(machine: Machine, original: string, folder: string): string {
  const profile = join(folder, 'firefox');
  mkdirSync(profile, { mode: 0o700 });
  for (const name of ['cert9.db', 'key4.db']) {
    if (!existsSync(join(original, name))) continue;
    copyFileSync(join(original, name), join(profile, name));
    chmodSync(join(profile, name), 0o600);
  }
  // The list of modules names the folder of the database, and the original shall not be opened.
  const modules = machine.read(join(original, 'pkcs11.txt'));
  if (modules !== undefined) {
    const moved = modules.replaceAll(`'sql:${original}'`, `'sql:${profile}'`);
    writeFileSync(join(profile, 'pkcs11.txt'), moved, { mode: 0o600 });
  }
  writeFileSync(join(profile, 'user.js'), PREFERENCES, { mode: 0o600 });
  return profile;
}

/** Runs it until the page was asked for or refused, at most LIMIT_MS. */
async function open(
  machine: Machine,
  probe: ProbeServer,
  firefox: string,
  profile: string,
  signal: AbortSignal,
): Promise<{ readonly out: string; readonly wasCut?: boolean }> {
  const decided = new AbortController();
  const before = probe.refusals();
  probe.onDecision(() => {
    if (probe.wasOpened('/firefox') || probe.refusals() > before) decided.abort();
  });
  const picture = ['--screenshot', join(profile, 'page.png'), probe.url('/firefox')];
  return machine.run([firefox, '--headless', '--no-remote', '--profile', profile, ...picture], {
    limitMs: LIMIT_MS,
    signal: AbortSignal.any([signal, decided.signal]),
    // It leaves files in the folder for temporary ones.
    environment: { ...homeIn(machine, profile), TMPDIR: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
  });
}

/** Keeps caches and reports out of the user's folders; macOS finds the keychain by the home. */
function homeIn({ platform }: Machine, folder: string): Readonly<Record<string, string | undefined>> {
  if (platform === 'darwin') return {};
  const home = { HOME: folder, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined };
  return { ...home, XDG_DATA_HOME: undefined };
}
