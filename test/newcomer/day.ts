/** A newcomer's day, task by task: what is typed, and what has to be seen for the task to be done. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../support/workspace.js';
import type { Terminal } from './terminal.js';

/** An address of the network that was made for this day. */
export const LAN_ADDRESS = '192.168.77.2';
const CHROMIUM = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
  ...['--disable-background-networking', '--virtual-time-budget=5000', '--dump-dom'],
];

/** What the tasks need. */
export interface Place {
  readonly terminal: Terminal;
  readonly home: string;
  readonly tlsfront: string;
  readonly chromium: string;
  readonly certutil: string;
  readonly curl: string;
  /** Port of an app that runs already. */
  readonly appPort: number;
}

export interface Task {
  readonly name: string;
  /** As it is typed. */
  readonly typed: string;
  readonly run: (place: Place) => Promise<void>;
}

/** Where nothing is to be trusted by hand: the page is there or an error page is. */
async function seeInChromium({ terminal, chromium, home }: Place, url: string, text: string): Promise<void> {
  const page = await terminal.run(chromium, ...CHROMIUM, `--user-data-dir=${join(home, 'profile')}`, url);
  assert.ok(page.includes(text), `${url} shows ${page.slice(0, 1000)}`);
}

/** A Vite project as `npm create vite` leaves it, its packages installed. */
function makeProject(home: string, name: string): string {
  const folder = join(home, name);
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(join(PACKAGE_ROOT, 'node_modules/vite/bin/vite.js'), join(folder, 'node_modules/.bin/vite'));
  const files = {
    'package.json': JSON.stringify({ name, type: 'module', scripts: { dev: 'vite' } }),
    'index.html': '<!doctype html><p id="greeting"></p><script type="module" src="/main.js"></script>',
    'main.js': `document.getElementById('greeting').textContent = 'hello from ${name}'.toUpperCase();`,
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return folder;
}

const DEV = ['--', 'npm', 'run', 'dev'];

export const TASKS: readonly Task[] = [
  {
    name: 'something runs already: HTTPS in front of it, trust with Enter',
    typed: 'tlsfront --upstream PORT',
    run: async ({ terminal, tlsfront, home, appPort }) => {
      const argv = [tlsfront, '--upstream', String(appPort)];
      const text = await terminal.start(home, argv, /https:\/\/localhost(?![:\d])/);
      assert.match(text, /Trust it now\? \[Y\/n\][\s\S]*trusted by Chromium/);
    },
  },
  {
    name: 'Chromium trusts it and shows the app',
    typed: 'https://localhost',
    run: async (place) => {
      await seeInChromium(place, 'https://localhost/', 'an app of yesterday');
      await place.terminal.closeAll();
    },
  },
  {
    name: 'a Vite project',
    typed: 'tlsfront -- npm run dev',
    run: async (place) => {
      const folder = makeProject(place.home, 'blog');
      await place.terminal.start(folder, [place.tlsfront, ...DEV], /https:\/\/localhost(?![:\d])/);
      await seeInChromium(place, 'https://localhost/', 'HELLO FROM BLOG');
    },
  },
  {
    name: 'a second project beside it',
    typed: 'tlsfront -- npm run dev',
    run: async (place) => {
      const folder = makeProject(place.home, 'shop');
      await place.terminal.start(folder, [place.tlsfront, ...DEV], /https:\/\/shop\.localhost/);
      await seeInChromium(place, 'https://shop.localhost/', 'HELLO FROM SHOP');
      await seeInChromium(place, 'https://blog.localhost/', 'HELLO FROM BLOG');
      await place.terminal.closeAll();
    },
  },
  {
    name: 'a name of one’s own',
    typed: 'tlsfront hosts add app.test; tlsfront --host app.test -- npm run dev',
    run: async (place) => {
      await place.terminal.run(place.tlsfront, 'hosts', 'add', 'app.test');
      const argv = [place.tlsfront, '--host', 'app.test', ...DEV];
      await place.terminal.start(join(place.home, 'blog'), argv, /https:\/\/app\.test/);
      await seeInChromium(place, 'https://app.test/', 'HELLO FROM BLOG');
      await place.terminal.closeAll();
    },
  },
  {
    name: 'the page for phones',
    typed: 'tlsfront --lan -- npm run dev',
    run: async ({ terminal, tlsfront, home, curl }) => {
      await terminal.start(join(home, 'blog'), [tlsfront, '--lan', ...DEV], /:4480/);
      const page = await terminal.run(curl, '-sS', `http://${LAN_ADDRESS}:4480/`);
      assert.match(page, /\.mobileconfig|tlsfront\.crt/);
      const authority = join(home, '.local/share/tlsfront/development/authority.pem');
      const app = await terminal.run(curl, '-sS', '--cacert', authority, `https://${LAN_ADDRESS}/`);
      assert.match(app, /id="greeting"/);
      await terminal.closeAll();
    },
  },
  {
    name: 'is all well?',
    typed: 'tlsfront doctor',
    run: async ({ terminal, tlsfront }) => {
      const report = await terminal.run(tlsfront, 'doctor').catch((error: unknown) => String(error));
      assert.match(report, /Chromium .* trusts https:\/\/localhost/, report);
    },
  },
  {
    name: 'gone without a trace',
    typed: 'tlsfront clean --yes',
    run: async ({ terminal, tlsfront, home, certutil }) => {
      await terminal.run(tlsfront, 'clean', '--yes');
      assert.equal(existsSync(join(home, '.local/share/tlsfront')), false);
      assert.equal(existsSync(join(home, 'run/tlsfront')), false);
      const listed = await terminal.run(certutil, '-d', `sql:${join(home, '.pki/nssdb')}`, '-L');
      assert.doesNotMatch(listed, /tlsfront/);
      assert.doesNotMatch(readFileSync('/etc/hosts', 'utf8'), /app\.test/);
    },
  },
];
