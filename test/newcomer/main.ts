/** `npm run newcomer`: walks a newcomer's day on a clean home, in a network of its own, at a terminal, and prints the seconds of each task. */
import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { listenLocally } from '../support/app-behind.js';
import { cleanEnvironment } from '../support/command.js';
import { findPython, findTool, MISSING } from '../support/tools.js';
import { Afterwards, makeWorkspace, PACKAGE_ROOT, type Workspace } from '../support/workspace.js';
import { LAN_ADDRESS, TASKS } from './day.js';
import { Terminal } from './terminal.js';

const execute = promisify(execFile);
const NPM_MS = 180_000;
const INSIDE = 'FRONT_NEWCOMER_HOME';
const TOOLS = ['chromium', 'certutil', 'npm', 'curl', 'unshare', 'ip', 'mount'];
/** No store of the system is reached, the hosts file is a copy, and there is one private address. */
const SET_UP = `
ip link set lo up
ip link add wlan0 type veth peer name air
ip addr add ${LAN_ADDRESS}/24 dev wlan0
ip link set wlan0 up
ip link set air up
mount --bind "$${INSIDE}/hosts" /etc/hosts
for folder in /usr/local/share /etc/pki/ca-trust/source /etc/ca-certificates/trust-source /etc/pki/trust /usr/share/pki/trust; do
  if [ -d "$folder" ]; then mount -t tmpfs none "$folder"; fi
done
exec "$@"`;

async function timed(name: string, typed: string, work: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  let end = '';
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    end = `\n  error: ${error instanceof Error ? error.message : String(error)}`;
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  process.stdout.write(
    `${seconds.padStart(6)} s  ${end === '' ? 'done' : 'NOT '}  ${name}  (${typed})${end}\n`,
  );
}

/** The packed tarball, globally, with what npm has in its cache already. */
async function install(home: Workspace): Promise<void> {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', home.path];
  const { stdout } = await execute('npm', pack, { cwd: PACKAGE_ROOT, timeout: NPM_MS });
  const [packed]: readonly { readonly filename: string }[] = JSON.parse(stdout);
  const words = [
    'install',
    '--global',
    '--prefix',
    home.at('prefix'),
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ];
  await execute('npm', [...words, home.at(packed?.filename ?? '')], { timeout: NPM_MS });
}

async function outside(): Promise<void> {
  const missing = TOOLS.filter((name) => findTool(name) === MISSING);
  const unshare = findTool('unshare');
  if (missing.length > 0 || findPython() === MISSING || unshare === MISSING) {
    process.stderr.write(`error: not installed: ${missing.join(', ') || 'python3'}\nhint: CONTRIBUTING.md\n`);
    process.exitCode = 2;
    return;
  }
  const ending = new Afterwards();
  const home = makeWorkspace(ending);
  mkdirSync(home.at('run'), { mode: 0o700 });
  copyFileSync('/etc/hosts', home.at('hosts'));
  try {
    await timed('the package', 'npm install --global tlsfront', () => install(home));
    const first = ['-rnm', 'bash', '-ec', SET_UP, 'bash', process.execPath, fileURLToPath(import.meta.url)];
    const { status } = spawnSync(unshare, first, {
      stdio: 'inherit',
      env: { ...process.env, [INSIDE]: home.path },
    });
    if (status !== 0) process.exitCode = 1;
  } finally {
    await ending.run();
  }
}

async function inside(home: string): Promise<void> {
  const python = findPython();
  const chromium = findTool('chromium');
  const certutil = findTool('certutil');
  const curl = findTool('curl');
  if (python === MISSING || chromium === MISSING || certutil === MISSING || curl === MISSING) return;
  const terminal = new Terminal(python, {
    ...cleanEnvironment(),
    HOME: home,
    PATH: `${home}/prefix/bin:${process.env.PATH}`,
    XDG_RUNTIME_DIR: `${home}/run`,
    XDG_DATA_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    JAVA_HOME: `${home}/no-java`,
    CI: undefined,
    SUDO_UID: undefined,
  });
  const app = createServer((_request, response) => response.end('<p>an app of yesterday</p>'));
  const place = {
    terminal,
    home,
    tlsfront: 'tlsfront',
    chromium,
    certutil,
    curl,
    appPort: await listenLocally(app),
  };
  try {
    for (const { name, typed, run } of TASKS) await timed(name, typed, () => run(place));
  } finally {
    await terminal.closeAll();
    app.close();
  }
}

const home = process.env[INSIDE];
await (home === undefined ? outside() : inside(home));
