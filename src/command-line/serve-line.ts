/** The lines that serve: an app named, found in this folder, or brought along by the demo. */
import { loadSettings } from '../options/config-file/load.js';
import { misused } from '../options/read-setting.js';
import { type SettingLayer, Settings } from '../options/settings.js';
import type { Config } from '../shared/config/config.js';
import type { Predecessor } from '../system/predecessor.js';
import { ownRelease } from '../system/release.js';
import { SUCCESSOR_MARK } from '../system/successor-mark.js';
import { type CommandIo, printNote, printWarning } from '../terminal/console.js';
import type { CommandLine } from './flags.js';

/** `tlsfront [options] [-- command]`. */
export async function serveLine(line: CommandLine, flags: () => SettingLayer): Promise<number> {
  const told = new Set<string>();
  const load = async (): Promise<Settings> => {
    const given = flags();
    const settings = await loadSettings(given, line.io.environment, line.command);
    return withDevScript(settings, given, line.io, (text) => {
      // Not again at each reload.
      if (!told.has(text)) printNote(line.io, text);
      told.add(text);
    });
  };
  return serveSettings(load, line.io);
}

/** `tlsfront demo`. @throws FrontError where the line names an app beside it */
export async function serveDemo(line: CommandLine, flags: SettingLayer): Promise<number> {
  const isNamed = [flags.upstream, flags.wsgiFile, flags.asgiFile].some((values) => values !== undefined);
  if (line.command !== null || isNamed) {
    throw misused('demo brings its own app', 'leave out the word demo to serve yours');
  }
  const { demoCommand } = await import('../commands/demo.js');
  return serveSettings(() => loadSettings(flags, line.io.environment, demoCommand()), line.io);
}

/** @param load lays the sources of settings over each other, at the start and at each reload */
async function serveSettings(load: () => Promise<Settings>, io: CommandIo): Promise<number> {
  const predecessor = SUCCESSOR_MARK in io.environment ? await meetPredecessor() : null;
  try {
    return await serveAfter(predecessor, load, io);
  } catch (error) {
    if (predecessor !== null) {
      const { tellPredecessor } = await import('../commands/serve.js');
      tellPredecessor(error, predecessor);
    }
    throw error;
  }
}

async function meetPredecessor(): Promise<Predecessor | null> {
  const { takePredecessor } = await import('../system/predecessor.js');
  return takePredecessor();
}

/** @param predecessor the master whose place this process takes; null: it starts by itself */
async function serveAfter(
  predecessor: Predecessor | null,
  load: () => Promise<Settings>,
  io: CommandIo,
): Promise<number> {
  const settings = await load();
  for (const warning of settings.warnings) printWarning(io, warning);
  const { thisPlatform } = await import('../system/platform.js');
  const { resolveConfig } = await import('../options/resolve.js');
  const config = resolveConfig(settings, thisPlatform());
  let isBackground = predecessor !== null;
  const daemonFile = settings.get('daemonize').values.at(-1);
  if (daemonFile !== undefined && predecessor === null) {
    const { takeDaemonMark } = await import('../system/daemon-mark.js');
    isBackground = takeDaemonMark();
    const { goToBackground } = await import('../commands/background.js');
    if (!isBackground) return goToBackground(config.logFile ?? daemonFile, io);
  }
  const { serve } = await import('../commands/serve.js');
  const readConfig = async (): Promise<Config> => resolveConfig(await load(), thisPlatform());
  return serve(config, readConfig, ownRelease(), io, isBackground, predecessor);
}

/** The apps of a command line that names none: those of this monorepo, or the development script of this folder. */
async function withDevScript(
  settings: Settings,
  flags: SettingLayer,
  io: CommandIo,
  tell: (text: string) => void,
): Promise<Settings> {
  const { command, file } = settings;
  const isNamed = (['upstream', 'wsgiFile', 'asgiFile', 'uwsgiOption'] as const).some((key) =>
    settings.has(key),
  );
  if (command !== null || file !== null || isNamed) return settings;
  const folder = process.cwd();
  const { findWorkspaces, workspaceSites } = await import('../commands/workspaces.js');
  const workspaces = file === null ? findWorkspaces(folder) : null;
  if (workspaces !== null && workspaces.members.length > 0) {
    const { members, builders } = workspaces;
    tell(`the workspaces with a script dev: ${members.map((one) => one.folder).join(', ')}`);
    if (builders.length > 0) tell(`left out, since it only builds: ${builders.join(', ')}`);
    return new Settings(flags, io.environment, null, workspaceSites(folder, workspaces));
  }
  const { findDevScript } = await import('../commands/dev-script.js');
  const script = findDevScript(folder);
  if (script !== null) return await loadSettings(flags, io.environment, script);
  if (workspaces === null) return settings;
  throw misused(
    'no package of these workspaces has a script dev that serves',
    'name the app: tlsfront -- npm --workspace apps/shop start',
  );
}
