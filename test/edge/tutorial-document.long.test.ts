/** docs/tutorial.md, read and done: its files are written, each of its lines is run, and what it says is answered is compared. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { writeTestCertificates } from '../support/certificates.js';
import { CLI, cleanEnvironment } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { findPython, findTool, MISSING, requireTool, unlessMissing } from '../support/tools.js';
import { isRunning } from '../support/worker.js';
import { Afterwards, makeWorkspace, PACKAGE_ROOT, type Workspace } from '../support/workspace.js';

const run = promisify(execFile);
const [BASH, CURL, UWSGI] = [findTool('bash'), findTool('curl'), findTool('uwsgi')];
const PYTHON = findPython('bottle');
const MODULES = '/usr/lib/apache2/modules';

interface Block {
  readonly language: string;
  readonly text: string;
}

interface Chapter {
  readonly title: string;
  readonly blocks: readonly Block[];
}

const DOCUMENT = readFileSync(join(PACKAGE_ROOT, 'docs/tutorial.md'), 'utf8');
const CHAPTERS: readonly Chapter[] = DOCUMENT.split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.slice(0, text.indexOf('\n')),
    blocks: [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', inner = '']) => ({
      language,
      text: inner,
    })),
  }));

describe(
  'docs/tutorial.md',
  unlessMissing({ bash: BASH, curl: CURL, uwsgi: UWSGI, 'python3 with bottle': PYTHON }),
  () => {
    const ends = new Afterwards();
    let folder: Workspace;
    let environment: NodeJS.ProcessEnv;
    /** Of the document, and those that stand for them here. */
    let ports: readonly (readonly [written: RegExp, here: string])[];
    let apachePort = 0;
    let servers: (() => Promise<unknown>)[] = [];

    const stopServers = async (): Promise<void> => {
      const running = servers;
      servers = [];
      for (const stop of running) await stop();
    };

    before(async () => {
      folder = makeWorkspace(ends);
      // The user of --uid reads the app.
      chmodSync(folder.path, 0o755);
      const files = await writeTestCertificates(folder.path);
      // As sellers do it: the root too, and first.
      const bundle = [files.rootFile, files.intermediateFile].map((file) => readFileSync(file, 'utf8'));
      folder.write('ca-bundle.ca', bundle.join(''), 0o644);
      folder.write('bin/tlsfront', `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, 0o755);
      folder.write('bin/sudo', '#!/bin/sh\nexec "$@"\n', 0o755);
      const [http, https, plain] = [await freePort(), await freePort(), await freePort()];
      apachePort = await freePort();
      ports = [
        [/127\.0\.0\.1:8080/g, `127.0.0.1:${http}`],
        [/port=8080/g, `port=${http}`],
        [/0\.0\.0\.0:443/g, `127.0.0.1:${https}`],
        [/0\.0\.0\.0:80\b/g, `127.0.0.1:${plain}`],
        [/https:\/\/www\.example\.com/g, `https://localhost:${https}`],
        [/http:\/\/www\.example\.com/g, `http://localhost:${plain}`],
      ];
      const python = PYTHON === MISSING ? {} : PYTHON.environment;
      const { PATH = process.env.PATH } = python as NodeJS.ProcessEnv;
      environment = {
        ...cleanEnvironment(),
        ...python,
        PATH: `${folder.at('bin')}:${PATH ?? ''}`,
        CURL_CA_BUNDLE: files.rootFile,
        XDG_DATA_HOME: folder.at('data'),
        NO_PROXY: '*',
      };
    });
    after(async () => {
      await stopServers();
      await ends.run();
    });

    const here = (text: string): string =>
      ports.reduce((made, [written, value]) => made.replaceAll(written, value), text);

    /** Runs a line to its end and gives what it prints. */
    const finish = async (line: string): Promise<string> => {
      const { stdout } = await run(String(BASH), ['-c', line], {
        cwd: folder.path,
        env: environment,
        timeout: PATIENCE_MS,
      });
      return stdout;
    };

    /** Starts what a terminal of its own would be kept for, in the place of what ran before. */
    const serve = async (line: string): Promise<void> => {
      await stopServers();
      if (line.startsWith('python3')) {
        const child = spawn(String(BASH), ['-c', `exec ${line}`], {
          cwd: folder.path,
          env: environment,
          stdio: 'ignore',
        });
        servers.push(() => end(child));
        await until(() => accepts(here('127.0.0.1:8080')), PATIENCE_MS, 'Bottle accepts connections');
        return;
      }
      const front = await StartedFront.start({
        arguments: [],
        program: [String(BASH), '-c', `exec ${line}`],
        folder: folder.path,
        environment,
      });
      servers.push(() => front.stop());
    };

    const doLine = async (written: string): Promise<string> => {
      const line = here(written);
      if (line.includes('--daemonize')) {
        await stopServers();
        const said = await finish(line);
        const pid = Number(readFileSync(folder.at('tlsfront.pid'), 'utf8'));
        ends.after(() => {
          if (isRunning(pid)) process.kill(pid, 'SIGKILL');
        });
        return said;
      }
      if (/^(?:curl|tail|tlsfront chain)\b/.test(line)) return finish(line);
      if (!/\bkill\b/.test(line)) {
        await serve(line);
        return '';
      }
      const pid = Number(readFileSync(folder.at('tlsfront.pid'), 'utf8'));
      await finish(line);
      await until(() => !isRunning(pid), PATIENCE_MS, 'the end of what ran in the background');
      return '';
    };

    const startApache = async (t: TestContext, own: string): Promise<boolean> => {
      const apache = requireTool(t, 'apache2');
      if (apache === MISSING) return false;
      const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers'];
      const conf = [
        `ServerRoot ${folder.path}`,
        ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
        `Listen 127.0.0.1:${apachePort}`,
        'ServerName localhost',
        `PidFile ${folder.at('apache.pid')}`,
        `ErrorLog ${folder.at('apache.log')}`,
        own,
      ];
      const child = spawn(apache, ['-f', folder.write('apache.conf', conf.join('\n')), '-DFOREGROUND'], {
        stdio: 'ignore',
      });
      ends.after(() => end(child));
      await until(() => accepts(`127.0.0.1:${apachePort}`), PATIENCE_MS, 'Apache accepts connections');
      return true;
    };

    for (const { title, blocks } of CHAPTERS) {
      test(title, async (t) => {
        const isForRoot = blocks.some(({ text }) => text.includes('--uid'));
        if (isForRoot && process.getuid?.() !== 0) {
          t.skip('only root gives rights up');
          return;
        }
        let printed = '';
        let isBehindApache = false;
        for (const { language, text } of blocks) {
          switch (language) {
            case 'python':
              folder.write('index.py', here(text), 0o644);
              break;
            case 'apache':
              if (!(await startApache(t, here(text)))) return;
              isBehindApache = true;
              break;
            case 'sh':
              for (const line of text.trim().split('\n'))
                printed = await doLine(
                  isBehindApache && line.startsWith('curl')
                    ? line.replace('https://www.example.com', `http://127.0.0.1:${apachePort}`)
                    : line,
                );
              break;
            case 'text':
              assert.equal(printed, here(text));
              break;
            default:
              assert.fail(`a block of ${language}`);
          }
        }
      });
    }

    test('the merged file is your certificate, then the one that signed it', () => {
      const [leaf, intermediate] = ['server.crt', 'intermediate.pem'].map((name) =>
        readFileSync(folder.at(name), 'utf8').trim(),
      );
      assert.equal(readFileSync(folder.at('integrated.crt'), 'utf8').trim(), `${leaf}\n${intermediate}`);
    });
  },
);

function accepts(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await within(ended, PATIENCE_MS, 'the end of a server');
}
