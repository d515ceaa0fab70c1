/** `tlsfront ca install` for Java: a real keytool changes a private keystore, and a Java client believes it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { cleanEnvironment, runCommand } from '../support/command.js';
import { within } from '../support/deadline.js';
import { makeJavaHome } from '../support/java-home.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { MISSING, requireTool, requireTools } from '../support/tools.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

const CLIENT = `
import java.net.URL;
import javax.net.ssl.HttpsURLConnection;
public class Main {
  public static void main(String[] args) throws Exception {
    for (String url : args) {
      try {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection();
        connection.setConnectTimeout(10000);
        connection.setReadTimeout(10000);
        System.out.println("status " + connection.getResponseCode());
      } catch (java.io.IOException refused) {
        System.out.println("refused: " + refused.getMessage());
      }
    }
  }
}
`;

/** What the program prints; at most 60 s. */
async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
  }
  try {
    await within(once(child, 'close'), 60_000, `the end of ${program}`);
  } finally {
    child.kill('SIGKILL');
  }
  return out;
}

interface Scene {
  readonly folder: Workspace;
  readonly environment: NodeJS.ProcessEnv;
  keytool(...args: readonly string[]): Promise<string>;
}

/** A home and a Java of the test's own, and nothing else on the PATH. */
function makeScene(t: TestContext, keytool: string, dataFolder?: string): Scene {
  const folder = makeWorkspace(t);
  const javaHome = makeJavaHome(keytool, folder.at('java'));
  const environment = {
    HOME: folder.path,
    PATH: folder.path,
    XDG_DATA_HOME: dataFolder ?? folder.at('data'),
    JAVA_HOME: javaHome,
  };
  return {
    folder,
    environment,
    keytool: (...args) =>
      run(`${javaHome}/bin/keytool`, [...args, '-cacerts', '-storepass', 'changeit'], {
        ...cleanEnvironment(),
        ...environment,
      }),
  };
}

test('ca install puts the authority into the keystore of Java, once, and uninstall takes it out', async (t) => {
  const tool = requireTool(t, 'keytool');
  if (tool === MISSING) return;
  const { environment, keytool } = makeScene(t, tool);
  const before = await keytool('-list');
  const installed = await runCommand(['ca', 'install', '--user-only'], environment);
  assert.equal(installed.code, 0, installed.stderr);
  assert.match(
    installed.stdout,
    /^Java \(.*\/bin\/keytool\):\n {2}\S+keytool -importcert -noprompt -cacerts /m,
  );
  assert.match(await keytool('-list'), /^tlsfront-[0-9a-f]{16}, .*trustedCertEntry/m);
  const again = await runCommand(['ca', 'install', '--user-only'], environment);
  assert.match(again.stdout, /^Java \(.*\): nothing to do$/m);
  const status = await runCommand(['ca', 'status'], environment);
  assert.match(status.stdout, /✓ Java \(.*\) +installed/);
  const removed = await runCommand(['ca', 'uninstall', '--user-only'], environment);
  assert.equal(removed.code, 0, removed.stderr);
  assert.doesNotMatch(await keytool('-list'), /tlsfront/);
  const entries = (text: string): number => text.match(/trustedCertEntry/g)?.length ?? 0;
  assert.equal(entries(await keytool('-list')), entries(before));
  assert.match((await runCommand(['ca', 'status'], environment)).stdout, /✗ Java \(.*\) +not installed/);
});

test('a Java client opens the front after ca install and refuses it before and after ca uninstall', async (t) => {
  // javac stands for the compiler that runs a single source file.
  const tools = requireTools(t, 'keytool', 'javac');
  if (tools === MISSING) return;
  const tool = tools.keytool;
  const front = await StartedFront.start({ arguments: ['--listen', '127.0.0.1:0'], app: SAMPLE_APP });
  t.after(() => front.stop());
  const { folder, environment } = makeScene(t, tool, front.dataFolder);
  const main = folder.write('Main.java', CLIENT);
  const open = async (): Promise<string[]> => {
    const urls = ['localhost', '127.0.0.1'].map((host) => `https://${host}:${front.port()}/`);
    const out = await run(`${environment.JAVA_HOME}/bin/java`, [main, ...urls], {
      ...cleanEnvironment(),
      ...environment,
    });
    return out.trim().split('\n');
  };
  for (const line of await open()) assert.match(line, /refused: .*PKIX path building failed/);
  await runCommand(['ca', 'install', '--user-only'], environment);
  assert.deepEqual(await open(), ['status 200', 'status 200']);
  await runCommand(['ca', 'uninstall', '--user-only'], environment);
  for (const line of await open()) assert.match(line, /refused: .*PKIX path building failed/);
});

/** The row of the client, beside that of the keystore. */
const clientRow = async (environment: NodeJS.ProcessEnv): Promise<string> =>
  /^. Java +[^ (].*$/m.exec((await runCommand(['ca', 'status'], environment)).stdout)?.[0] ?? 'no row';

test('ca status says by a client that Java runs whether it trusts the authority', async (t) => {
  const tools = requireTools(t, 'keytool', 'javac');
  if (tools === MISSING) return;
  const tool = tools.keytool;
  const { folder, environment } = makeScene(t, tool);
  cpSync(`${environment.JAVA_HOME}/lib/security/cacerts`, folder.at('other'), { dereference: true });
  await runCommand(['ca', 'install', '--user-only'], environment);
  assert.match(await clientRow(environment), /^✓ Java +trusts https:\/\/localhost$/);
  // The keystore keeps the authority and the client is told to read another: what the client does counts.
  const elsewhere = { ...environment, JDK_JAVA_OPTIONS: `-Djavax.net.ssl.trustStore=${folder.at('other')}` };
  assert.match(await clientRow(elsewhere), /^✗ Java +does not trust https:\/\/localhost$/);
  await runCommand(['ca', 'uninstall', '--user-only'], environment);
  assert.match(await clientRow(environment), /^✗ Java +does not trust https:\/\/localhost$/);
});

test('ca status claims nothing of a Java without a compiler but what its keystore shows', async (t) => {
  const tool = requireTool(t, 'keytool');
  if (tool === MISSING) return;
  const { environment } = makeScene(t, tool);
  await runCommand(['ca', 'install', '--user-only'], environment);
  const bare = { ...environment, JDK_JAVA_OPTIONS: '--limit-modules=java.base' };
  assert.match(
    await clientRow(bare),
    /^- Java +not tried: it has no compiler .*only its store was looked at$/,
  );
});

test('ca status ends a Java that does not end, and leaves nothing of it', async (t) => {
  const tools = requireTools(t, 'keytool', 'ps');
  if (tools === MISSING) return;
  const { folder, environment } = makeScene(t, tools.keytool);
  await runCommand(['ca', 'install', '--user-only'], environment);
  mkdirSync(folder.at('tmp'));
  rmSync(`${environment.JAVA_HOME}/bin/java`);
  // Its child would outlive it.
  const script = `#!/bin/sh\n/bin/sleep 300 &\necho $! > ${folder.at('pid')}\nwait\n`;
  writeFileSync(`${environment.JAVA_HOME}/bin/java`, script, { mode: 0o755 });
  const row = await clientRow({ ...environment, TMPDIR: folder.at('tmp') });
  assert.match(row, /^✗ Java +opened nothing within 10 s$/);
  assert.deepEqual(readdirSync(folder.at('tmp')), []);
  const state = spawnSync(tools.ps, ['-o', 'stat=', '-p', readFileSync(folder.at('pid'), 'utf8').trim()]);
  assert.match(state.stdout.toString(), /^(?:Z.*)?\s*$/);
});
