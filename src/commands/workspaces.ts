/** The apps of `tlsfront` without a word in a monorepo: each package of its workspaces that has a script `dev` is a site of its own name. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { misused } from '../options/read-setting.js';
import type { FileLayer } from '../options/settings.js';
import { filesLike } from '../options/uwsgi/glob.js';
import { labelOf } from '../options/values/project-name.js';
import { findRunner, type Runner } from './dev-script.js';

/** A package that serves something. */
interface Member {
  /** `shop`, of `@acme/shop`. */
  readonly name: string;
  readonly packageName: string;
  /** From the folder of all. */
  readonly folder: string;
}

export interface Workspaces {
  readonly members: readonly Member[];
  /** Folders whose script `dev` builds and serves nothing. */
  readonly builders: readonly string[];
}

/** How deep `**` leads. */
const MAX_DEPTH = 3;
/** Programs that watch and build, and never listen. */
const BUILDERS =
  /^(?:tsc|tsup|tsdown|unbuild|rollup|rolldown|swc|babel|sass|postcss|tailwindcss|graphql-codegen|vitest|jest)(?:\s|$)|^vite\s+build\b/;

/** How a package manager runs the script of one package. */
const COMMANDS: Readonly<Record<Runner, (member: Member) => readonly string[]>> = {
  npm: ({ folder }) => ['npm', '--workspace', folder, 'run', 'dev'],
  pnpm: ({ folder }) => ['pnpm', '--dir', folder, 'run', 'dev'],
  yarn: ({ packageName }) => ['yarn', 'workspace', packageName, 'run', 'dev'],
  bun: ({ folder }) => ['bun', '--cwd', folder, 'run', 'dev'],
};

/**
 * @param folder where package.json or pnpm-workspace.yaml names the packages
 * @returns null: it is no monorepo
 * @throws FrontError config_usage where two packages have one name
 */
export function findWorkspaces(folder: string): Workspaces | null {
  const patterns = [...patternsOfManifest(folder), ...patternsOfPnpm(folder)];
  if (patterns.length === 0) return null;
  const folders = (wanted: boolean): readonly string[] =>
    patterns
      .filter((pattern) => pattern.startsWith('!') !== wanted)
      .flatMap((pattern) => depthsOf(pattern.replace(/^!/, '').replace(/^\.\/|\/$/g, '')))
      .flatMap((pattern) => filesLike(pattern, folder));
  const unwanted = new Set(folders(false));
  const members = new Map<string, Member>();
  const builders: string[] = [];
  for (const place of new Set(folders(true))) {
    const manifest = readManifest(join(folder, place, 'package.json'));
    const script = textIn(manifest?.scripts, 'dev');
    if (script === null || unwanted.has(place) || place.split('/').includes('node_modules')) continue;
    if (BUILDERS.test(script.trim())) {
      builders.push(place);
      continue;
    }
    const packageName = textIn(manifest, 'name') ?? basename(place);
    const name = labelOf(packageName) || labelOf(basename(place));
    const other = members.get(name);
    if (other !== undefined) {
      throw misused(
        `two packages of these workspaces would be ${name}.localhost: ${other.folder} and ${place}`,
        `start one of them: tlsfront -- npm --workspace ${place} run dev; or write a site for each into tlsfront.toml`,
      );
    }
    members.set(name, { name, packageName, folder: place });
  }
  return { members: [...members.values()], builders };
}

/** The packages as the sites of a file that nobody has written. */
export function workspaceSites(folder: string, { members }: Workspaces): FileLayer {
  const path = existsSync(join(folder, 'pnpm-workspace.yaml')) ? 'pnpm-workspace.yaml' : 'package.json';
  const common = { path, labels: {} };
  const runner = findRunner(folder);
  return {
    ...common,
    values: {},
    command: null,
    sites: members.map((member) => ({
      ...common,
      name: member.name,
      label: `workspace ${member.folder}`,
      values: { host: [`${member.name}.localhost`] },
      command: COMMANDS[runner](member),
    })),
  };
}

/** A pattern with `**`, for each depth that it stands for. */
function depthsOf(pattern: string): readonly string[] {
  if (!pattern.includes('**')) return [pattern];
  return Array.from({ length: MAX_DEPTH }, (_, depth) =>
    pattern.replace(
      '**',
      Array<string>(depth + 1)
        .fill('*')
        .join('/'),
    ),
  );
}

/** `"workspaces": [...]`, or `{ "packages": [...] }` as yarn 1 has it. */
function patternsOfManifest(folder: string): readonly string[] {
  const workspaces = readManifest(join(folder, 'package.json'))?.workspaces;
  const list = isRecord(workspaces) ? workspaces.packages : workspaces;
  return Array.isArray(list) ? list.filter((one: unknown) => typeof one === 'string') : [];
}

/** The list `packages` of pnpm-workspace.yaml, written in lines or in brackets. */
function patternsOfPnpm(folder: string): readonly string[] {
  const text = readText(join(folder, 'pnpm-workspace.yaml'));
  const [, inline, lines = ''] =
    /^packages:[ \t]*(?:\[([^\]]*)\]|(?:#.*)?\n((?:[ \t]*(?:-.*|#.*)?\n)*))/m.exec(`${text}\n`) ?? [];
  const items = inline === undefined ? lines.split('\n') : inline.split(',').map((item) => `- ${item}`);
  return items.flatMap((item) => {
    const [, , quoted, bare] = /^\s*-\s*(?:(['"])(.*?)\1|([^#'"]*))/.exec(item) ?? [];
    const pattern = (quoted ?? bare ?? '').trim();
    return pattern === '' ? [] : [pattern];
  });
}

function readManifest(file: string): Readonly<Record<string, unknown>> | null {
  try {
    const manifest: unknown = JSON.parse(readText(file));
    return isRecord(manifest) ? manifest : null;
  } catch {
    // None, or none that can be read.
    return null;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textIn(value: unknown, name: string): string | null {
  const text = isRecord(value) && Object.hasOwn(value, name) ? value[name] : null;
  return typeof text === 'string' ? text : null;
}
