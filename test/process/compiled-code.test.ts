/** What V8 has compiled of our programs is kept by fronts that serve, and is run again only where nobody else can have written it. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommand } from '../support/command.js';
import { until } from '../support/deadline.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const WAIT_MS = 60_000;
/** A part of the command, of the router and of the keeper. */
const PROGRAMS = [/^command-start-/, /^router-start-/, /^app-main-/];

async function start(t: TestContext, environment: NodeJS.ProcessEnv): Promise<StartedFront> {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0'],
    app: SAMPLE_APP,
    environment,
  });
  t.after(() => front.stop());
  return front;
}

function filesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Starts a front, waits until all programs keep their code, and ends it: each writes all that it has in one go. */
async function fill(t: TestContext, folder: string): Promise<readonly string[]> {
  const front = await start(t, { TLSFRONT_CODE_CACHE: folder });
  await until(
    () => PROGRAMS.every((program) => filesOf(folder).some((file) => program.test(file))),
    WAIT_MS,
    'the compiled code of all programs',
  );
  await front.stop();
  return filesOf(folder);
}

/** When each file was written. */
function timesOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder).map((file) => [file, `${statSync(join(folder, file)).mtimeMs}`]),
  );
}

test('a front keeps what is compiled, for its user alone, and the next one takes it and writes nothing', async (t) => {
  const folder = makeWorkspace(t).at('code');
  const files = await fill(t, folder);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  const before = timesOf(folder);
  const second = await start(t, { TLSFRONT_CODE_CACHE: folder });
  // What it would not take it would write anew, two seconds after it serves.
  const other = await start(t, { TLSFRONT_CODE_CACHE: `${folder}-other` });
  await until(() => filesOf(`${folder}-other`).length > 0, WAIT_MS, 'the code of a front that found none');
  await other.stop();
  await second.stop();
  assert.deepEqual(timesOf(folder), before);
});

test('code that is cut, empty or of something else is compiled again', async (t) => {
  const folder = makeWorkspace(t).at('code');
  const files = await fill(t, folder);
  const [first = '', second = '', third = ''] = files.filter((file) => !file.startsWith('src-'));
  const whole = readFileSync(join(folder, first));
  writeFileSync(join(folder, first), whole.subarray(0, whole.length / 2));
  writeFileSync(join(folder, second), '');
  writeFileSync(join(folder, third), 'this is no code');
  const front = await start(t, { TLSFRONT_CODE_CACHE: folder });
  await until(
    () => [first, second, third].every((file) => statSync(join(folder, file)).size > 500),
    WAIT_MS,
    'whole files',
  );
  assert.match(front.log, /tlsfront is ready/);
});

/** Folders in which somebody else could have put code, or where nothing can be kept. */
const REFUSED: Readonly<Record<string, (space: Workspace) => string>> = {
  'that others may write': (space) => {
    space.write('open/x', '');
    chmodSync(space.at('open'), 0o777);
    return space.at('open');
  },
  'that is a link': (space) => {
    space.write('real/x', '');
    symlinkSync(space.at('real'), space.at('link'));
    return space.at('link');
  },
  'that is a file': (space) => space.write('file', 'x'),
};

for (const [what, make] of Object.entries(REFUSED)) {
  test(`nothing is kept in a folder ${what}, and the front starts`, async (t) => {
    const space = makeWorkspace(t);
    const folder = make(space);
    const front = await start(t, { TLSFRONT_CODE_CACHE: folder });
    const other = space.at('other');
    await fill(t, other);
    assert.match(front.log, /tlsfront is ready/);
    assert.deepEqual(
      [space.at('open'), space.at('real')].flatMap((place) => filesOf(place)).filter((file) => file !== 'x'),
      [],
    );
  });
}

test("a user's folder of caches has it, and clean takes it away", async (t) => {
  const home = makeWorkspace(t);
  const environment = { HOME: home.path, XDG_CACHE_HOME: home.at('caches'), XDG_DATA_HOME: home.at('data') };
  const front = await start(t, { ...environment, TLSFRONT_CODE_CACHE: undefined });
  const folder = home.at('caches/tlsfront/code');
  await until(() => filesOf(folder).length > 0, WAIT_MS, 'compiled code');
  await front.stop();
  const cleaned = await runCommand(['clean', '--yes'], { ...environment, XDG_RUNTIME_DIR: home.path });
  assert.match(cleaned.stdout, new RegExp(`${home.at('caches/tlsfront')}: removed`));
  assert.equal(existsSync(folder), false);
});

test('the app is not told where the code is', async (t) => {
  const space = makeWorkspace(t);
  const script = `require('http').createServer((q, r) => r.end(String(process.env.TLSFRONT_CODE_CACHE))).listen(process.env.PORT)`;
  const front = await StartedFront.start({
    arguments: ['--http', '127.0.0.1:0'],
    app: [process.execPath, '-e', script],
    environment: { TLSFRONT_CODE_CACHE: space.at('code') },
  });
  t.after(() => front.stop());
  const port = /^tlsfront http bound on 127\.0\.0\.1:(\d+)$/m.exec(front.log)?.[1];
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'undefined');
});
