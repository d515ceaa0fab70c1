/** Installs one development server, starts it by `tlsfront -- npm run dev`, and opens and edits its page under each kind of name. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { BrowserPage } from '../../support/browser.js';
import { StartedFront } from '../../support/started-front.js';
import { MISSING, requirePython, requireTools } from '../../support/tools.js';
import { makeWorkspace, type Workspace } from '../../support/workspace.js';
import type { ServerProject } from './server-project.js';

const execute = promisify(execFile);
const NPM_MS = 240_000;
const SAVE_EVERY_MS = 3000;
const NAMES = ['localhost', 'name.localhost', 'app.test'];
const RULES = ['--host-resolver-rules=MAP app.test 127.0.0.1'];
/** The page has no more use for what it asked for. */
const GIVEN_UP = '"canceled":true';
/** They tell nobody how they are used, and ask no questions. */
const QUIET = {
  CI: '1',
  ASTRO_TELEMETRY_DISABLED: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  NG_CLI_ANALYTICS: 'false',
  NUXT_TELEMETRY_DISABLED: '1',
  STORYBOOK_DISABLE_TELEMETRY: '1',
};

interface Started {
  readonly project: ServerProject;
  readonly folder: Workspace;
  readonly app: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Skipped with npm's reason where the registry does not give the packages. */
export async function tryServer(t: TestContext, project: ServerProject): Promise<void> {
  const tools = requireTools(t, 'chromium', 'certutil', 'npm');
  if (tools === MISSING) return;
  const python = project.python === undefined ? undefined : requirePython(t, project.python.module);
  if (python === MISSING) return;
  const folder = makeWorkspace(t);
  const reason = python === undefined ? await install(folder, project, tools.npm) : null;
  if (reason !== null) {
    t.skip(`npm does not give ${project.name}: ${reason}`);
    return;
  }
  const app =
    python === undefined ? ['npm', 'run', 'dev'] : [python.path, ...(project.python?.arguments ?? [])];
  const started: Started = { project, folder, app, environment: { ...QUIET, ...python?.environment } };
  if (project.refusal !== undefined) await seeRefusal(t, started, tools, project.refusal);
  for (const name of Object.keys({ ...project.files, ...project.ownName }))
    write(started, name, 'edit 0 save 0');
  await withFront(started, (front) => openAndEdit(t, started, tools, front));
}

interface Browser {
  readonly chromium: string;
  readonly certutil: string;
}

/** What an own name that the server was not told brings into the log. */
async function seeRefusal(t: TestContext, started: Started, tools: Browser, refusal: RegExp): Promise<void> {
  for (const name of Object.keys(started.project.files)) write(started, name, 'edit 0', true);
  await withFront(started, async (front) => {
    const page = await BrowserPage.start(t, tools.chromium, tools.certutil, front.authorityFile, RULES);
    await page.load(`https://app.test:${front.port()}${started.project.path ?? '/'}`);
    await front.logged(refusal);
  });
}

async function openAndEdit(
  t: TestContext,
  started: Started,
  tools: Browser,
  front: StartedFront,
): Promise<void> {
  const { project } = started;
  const page = await BrowserPage.start(t, tools.chromium, tools.certutil, front.authorityFile, RULES);
  let edits = 0;
  let saves = 0;
  // Each is another text: what is saved as it was is no edit for some servers.
  const save = (): void => {
    saves += 1;
    write(started, project.edited, `edit ${edits} save ${saves}`);
  };
  const shows = (): string =>
    `document.getElementById('greeting')?.textContent.startsWith('edit ${edits} ') === true`;
  for (const name of NAMES) {
    const url = `https://${name}:${front.port()}${project.path ?? '/'}`;
    await page.load(url);
    await page.waitFor(shows(), `the page under ${name}`);
    if (project.ready !== undefined) {
      await page.waitFor(project.ready, `the scripts of the page under ${name}`);
    }
    await page.evaluate('window.isSame = true');
    edits += 1;
    save();
    // Saved again until it is seen: the page shows its first greeting before its WebSocket is open.
    const saving = setInterval(() => {
      if (project.edit === 'restart') page.load(url).catch(() => undefined);
      else save();
    }, SAVE_EVERY_MS);
    try {
      await page.waitFor(shows(), `the edit in the page under ${name}`);
    } finally {
      clearInterval(saving);
    }
    if (project.edit === 'in place') assert.equal(await page.evaluate('window.isSame'), true, name);
  }
  const complaints = page.complaints.filter(
    (text) => project.known?.test(text) !== true && !text.includes(GIVEN_UP),
  );
  assert.deepEqual(complaints, []);
  assert.equal(page.responses[0]?.protocol, 'h2');
  // A browser's connections to spare are ended without a word.
  assert.doesNotMatch(front.log, /is ended with/);
}

async function withFront(
  { app, folder, environment }: Started,
  work: (front: StartedFront) => Promise<void>,
): Promise<void> {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--host', 'app.test'],
    app,
    folder: folder.path,
    environment,
  });
  try {
    await work(front);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${front.log}`, {
      cause: error,
    });
  } finally {
    await front.stop();
  }
}

/** Null: installed. */
async function install(folder: Workspace, project: ServerProject, npm: string): Promise<string | null> {
  const { packages, packagesOfToday = packages, script, files } = project;
  const isOld = Number(process.versions.node.split('.')[0]) < 24;
  const isModule = !Object.values(files).some((text) => /\brequire\(|module\.exports/.test(text));
  const manifest = { private: true, ...(isModule ? { type: 'module' } : {}), scripts: { dev: script } };
  folder.write('package.json', JSON.stringify(manifest));
  const words = ['install', '--prefer-offline', '--no-audit', '--no-fund'];
  try {
    await execute(npm, [...words, ...(isOld ? packages : packagesOfToday)], {
      cwd: folder.path,
      timeout: NPM_MS,
    });
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return text.split('\n').find((line) => line.includes('npm error')) ?? text;
  }
}

/** With what an own name needs; `asIs`: without it. */
function write({ project, folder }: Started, name: string, greeting: string, asIs = false): string {
  const told = asIs ? undefined : project.ownName?.[name];
  return folder.write(name, (told ?? project.files[name] ?? '').replaceAll('GREETING', greeting));
}
