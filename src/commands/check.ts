/** `tlsfront check`: says whether the settings are valid and what they come to. Binds, starts and writes nothing. */

import { createSecureContext } from 'node:tls';
import { openLocalStore } from '../certificates/store/local-store.js';
import { resolveConfig } from '../options/resolve.js';
import type { Origin, Settings, SiteSettings } from '../options/settings.js';
import { isSiteKey } from '../options/sites/site-keys.js';
import { optionOf, SETTING_KEYS, type SettingKey } from '../options/table.js';
import { processesOf } from '../options/uwsgi/app-options.js';
import type { Outcome } from '../options/uwsgi/translate.js';
import { readAccessFiles } from '../serving/access-files.js';
import { describeAcme } from '../serving/acme-certificates.js';
import { CertificateLoader } from '../serving/certificate-loader.js';
import { formatListenAddress } from '../shared/addresses/host-port.js';
import { DEFAULT_SCHEME } from '../shared/addresses/schemes.js';
import { formatRouted } from '../shared/addresses/upstream-text.js';
import type { AppConfig, RoutedUpstream } from '../shared/config/apps.js';
import type { Config, SiteConfig } from '../shared/config/config.js';
import type { ListenerConfig } from '../shared/config/listeners.js';
import { FrontError } from '../shared/errors.js';
import { thisPlatform } from '../system/platform.js';
import {
  type CommandIo,
  EXIT_FAILURE,
  EXIT_SUCCESS,
  EXIT_USAGE,
  printError,
  printWarning,
} from '../terminal/console.js';

export interface CheckOptions {
  /** Print each value and where it came from. */
  readonly print: boolean;
  /** One JSON object on stdout, errors too. */
  readonly json: boolean;
}

function describeListener(listener: ListenerConfig): string {
  const { kind, host, port } = listener;
  const address = formatListenAddress(host, port);
  if (kind !== 'redirect') return `${kind} on ${address}`;
  return `redirect to https on ${address}${listener.isOptional ? ', where that port is free' : ''}`;
}

function describeUpstream(upstream: RoutedUpstream): string {
  const text = formatRouted(upstream);
  const isPlain = upstream.scheme === DEFAULT_SCHEME && upstream.path === null;
  return isPlain && !text.includes('=') ? `${DEFAULT_SCHEME}://${text}` : text;
}

function describeApp({ site, name, route, upstreams, worker }: AppConfig): string {
  const app = describeWhere({ route, upstreams, worker });
  return site === null ? app : `${name}: ${app}`;
}

function describeWhere({
  route,
  upstreams,
  worker,
}: Pick<AppConfig, 'route' | 'upstreams' | 'worker'>): string {
  if (worker === null)
    return upstreams.map((upstream) => describeUpstream({ ...upstream, route })).join(', ');
  const { command, wsgi } = worker;
  const processes = worker.processes * processesOf(wsgi?.options ?? []);
  const callable = wsgi === null || wsgi.callable === null ? '' : ` (${wsgi.callable})`;
  const what = wsgi === null ? (command ?? []).join(' ') : wsgi.name + callable;
  return processes === 1 ? what : `${what}, ${processes} times`;
}

function describeConfig(config: Config): string {
  const listeners = config.listeners.map((listener) => `  ${describeListener(listener)}\n`).join('');
  const tls = config.listeners.some(({ kind }) => kind === 'https') ? describeTls(config) : '';
  return `the configuration is valid\n${listeners}${tls}  app: ${config.apps.map(describeApp).join(', ')}\n${config.sites.map(describeSite).join('')}`;
}

function describeTls({ tls }: Config): string {
  const versions = tls.minVersion === 'TLSv1.3' ? '1.3' : '1.2 and 1.3';
  const groups = hasPostQuantumKeys()
    ? 'X25519MLKEM768 where a client has it'
    : 'X25519 (post-quantum keys come with Node 24)';
  return `  TLS ${versions}, key exchange ${groups}\n`;
}

function describeSite({ name, hosts }: SiteConfig): string {
  return `  site ${name}: ${hosts.join(', ')}\n`;
}

function describeFile({ file }: Settings): string {
  return file === null ? '' : `  file: ${file.path}\n`;
}

interface Row {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

function originText(origin: Origin, label: string): string {
  switch (origin) {
    case 'environment':
      return `environment (${label})`;
    case 'file':
      return `file (${label.replace(/: [^:]*$/, '')})`;
    case 'command line':
    case 'default':
      return origin;
    default:
      return origin satisfies never;
  }
}

function rowOf(settings: Settings, key: SettingKey): Row {
  const { values, origin, label } = settings.get(key);
  const { flag, kind } = optionOf(key);
  const value = values.join(' ') || (kind === 'switch' ? 'false' : '-');
  return { name: flag, value, origin: originText(origin, label) };
}

/** What a site says itself, or has from above: its defaults are those of all. */
function siteRows({ name, settings }: SiteSettings): readonly Row[] {
  const rows = SETTING_KEYS.filter((key) => isSiteKey(key) && settings.has(key)).map((key) => {
    const row = rowOf(settings, key);
    return { ...row, name: `${name} ${row.name}` };
  });
  const { command } = settings;
  if (command === null) return rows;
  const origin = originText(settings.commandOrigin, `${settings.file?.path}: command`);
  return [{ name: `${name} --`, value: command.join(' '), origin }, ...rows];
}

function settingRows(settings: Settings): readonly Row[] {
  const { command } = settings;
  const rows = [...SETTING_KEYS.map((key) => rowOf(settings, key)), ...settings.sites.flatMap(siteRows)];
  if (command === null) return rows;
  const origin = originText(settings.commandOrigin, `${settings.file?.path}: command`);
  return [{ name: '--', value: command.join(' '), origin }, ...rows];
}

function renderRows(rows: readonly Row[]): string {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const originWidth = Math.max(...rows.map(({ origin }) => origin.length));
  return rows
    .map(({ name, value, origin }) => `${name.padEnd(nameWidth)}  ${origin.padEnd(originWidth)}  ${value}\n`)
    .join('');
}

/** What became of each option of a uWSGI line. */
function renderOutcomes(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return '';
  const rows = outcomes.map(({ label, fate, value, text }) => {
    return { name: label, origin: fate, value: value === '' ? text : `${value} (${text})` };
  });
  return `\nOptions of the uWSGI line:\n${renderRows(rows)}`;
}

function settingsForJson(settings: Settings): Record<string, unknown> {
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, settings.get(key)]));
}

function printJson(io: CommandIo, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Whether connections may be made with X25519MLKEM768, which Node's OpenSSL has from 3.5 on and then takes by default. */
function hasPostQuantumKeys(): boolean {
  try {
    createSecureContext({ ecdhCurve: 'X25519MLKEM768' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Resolves the settings and examines the certificates they name.
 * @param readOutcomes what became of each option of a uWSGI line; none for a line of ours
 * @returns 0 when the front could start with them, 1 when it would leave out a certificate that cannot be used, 2 when it could not start
 */
export async function runCheck(
  load: () => Promise<Settings>,
  options: CheckOptions,
  io: CommandIo,
  readOutcomes: () => readonly Outcome[],
): Promise<number> {
  let warnings: readonly string[] = [];
  try {
    const settings = await load();
    const { command } = settings;
    warnings = settings.warnings;
    const config = resolveConfig(settings, thisPlatform());
    const store = openLocalStore(io.environment);
    await readAccessFiles(config.access);
    const { notes, problems } = await new CertificateLoader(config, store, 'check').load();
    const found = notes.filter(({ kind }) => kind === 'warning');
    const acme = config.acme === null ? '' : await describeAcme(config.acme, store);
    if (options.json) {
      const texts = found.map(({ text, hint }) => (hint === undefined ? text : `${text}; ${hint}`));
      const warnings = [...settings.warnings, ...texts];
      const errors = problems.map(({ reason, consequence, hint }) => {
        return { message: `${reason}; ${consequence}`, hint };
      });
      const file = settings.file?.path ?? null;
      printJson(io, {
        valid: true,
        warnings,
        errors,
        file,
        command,
        settings: settingsForJson(settings),
        uwsgi: readOutcomes(),
        postQuantum: hasPostQuantumKeys(),
        config,
      });
      return errors.length === 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (const { reason, consequence, hint } of problems) {
      const text = `${reason}; ${consequence}`;
      printError(io, new FrontError('certificate_broken', text, hint === null ? {} : { hint }));
    }
    for (const { text, hint } of found) printWarning(io, text, hint);
    io.stdout.write(
      options.print
        ? renderRows(settingRows(settings)) + renderOutcomes(readOutcomes())
        : describeConfig(config) + acme + describeFile(settings),
    );
    return problems.length === 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (error) {
    if (!(error instanceof FrontError) || !options.json) return printError(io, error);
    const { code, message, hint } = error;
    printJson(io, { valid: false, warnings, error: { code, message, hint } });
    return EXIT_USAGE;
  }
}
