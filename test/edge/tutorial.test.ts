/** The classic tutorial with our name in its command line: Bottle's index.py, asked with curl, beside uWSGI itself. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type TestCertificateFiles, writeTestCertificates } from '../support/certificates.js';
import { CLI } from '../support/command.js';
import { until } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { findPython, findTool, MISSING, unlessMissing } from '../support/tools.js';
import { Afterwards, fixture, makeWorkspace } from '../support/workspace.js';

const run = promisify(execFile);
const INDEX = fixture('index.py');
const [CURL, UWSGI] = [findTool('curl'), findTool('uwsgi')];
const PYTHON = findPython('bottle');
/** Where Bottle is. */
const ENVIRONMENT = PYTHON === MISSING ? {} : PYTHON.environment;

interface CurlReply {
  readonly version: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

async function curl(ca: string | undefined, args: readonly string[]): Promise<CurlReply> {
  const trust = ca === undefined ? [] : ['--cacert', ca];
  const { stdout } = await run(String(CURL), ['-sS', '-i', '--max-time', '15', ...trust, ...args]);
  // 100 Continue comes first where the body is large.
  const text = stdout.replace(/^HTTP\/\S+ 100[\s\S]*?\r\n\r\n/, '');
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const [version = '', status] = line.split(' ');
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return { version, status: Number(status), headers: new Map(pairs), body: text.slice(end + 4) };
}

/** Stands for a file of 16 MiB; it stalls where a slow app's back-pressure is lost. */
const LARGE = '@LARGE';

/** What people do with the tutorial's app, as arguments of curl. */
const VISITS: readonly (readonly [path: string, ...args: string[]])[] = [
  ['/'],
  ['/hello/world'],
  ['/hello/gr%C3%BC%C3%9Fe?x=1'],
  ['/nowhere'],
  ['/', '--head'],
  ['/form', '--data', 'name=Ada&city=K%C3%B6ln'],
  ['/upload', '--data-binary', `@${INDEX}`],
  ['/upload', '--request', 'PUT', '--data-binary', LARGE],
  ['/form'],
  ['/upload', '--data', ''],
];

/** Status, body and the header fields an app writes. */
function essence({ status, headers, body }: CurlReply): unknown {
  // Bottle writes the page's own address into its 404 and 405 pages.
  const text = body.replaceAll(/https?:\/\/localhost:\d+/g, 'ORIGIN');
  return [status, headers.get('content-type'), headers.get('allow'), text];
}

describe('the tutorial', unlessMissing({ curl: CURL, uwsgi: UWSGI, bottle: PYTHON }), () => {
  const ends = new Afterwards();
  let files: TestCertificateFiles;
  let uwsgi: ChildProcess;
  let uwsgiPort = 0;
  let large = '';

  before(async () => {
    const workspace = makeWorkspace(ends);
    files = await writeTestCertificates(workspace.path);
    large = `@${workspace.write('large', Buffer.alloc(16 * 1024 * 1024, 'x'))}`;
    uwsgiPort = await freePort();
    const https = `127.0.0.1:${uwsgiPort},${files.chainFile},${files.keyFile},HIGH`;
    // Debian builds Python and the http router as plugins; the rest is the tutorial's line.
    const plugins = ['--plugin', 'python3,http', '--die-on-term'];
    uwsgi = spawn(String(UWSGI), [...plugins, '--master', '--https', https, '--wsgi-file', INDEX], {
      stdio: 'ignore',
    });
    ends.after(async () => {
      uwsgi.kill('SIGTERM');
      await until(
        () => uwsgi.exitCode !== null || uwsgi.signalCode !== null,
        PATIENCE_MS,
        'the end of uWSGI',
      );
    });
    await until(() => accepts(uwsgiPort), PATIENCE_MS, 'uWSGI accepting connections');
  });
  after(() => ends.run());

  for (const engine of ENGINES) {
    for (const server of ['uwsgi', 'wsgiref'] as const) {
      test(`the same line with our name answers as uWSGI does (${server}, ${engine})`, async (t) => {
        const front = await StartedFront.start({
          arguments: [
            ...['--master', '--https', `127.0.0.1:0,${files.chainFile},${files.keyFile},HIGH`],
            ...['--wsgi-file', INDEX, '--wsgi-server', server, '--engine', engine],
          ],
          environment: ENVIRONMENT,
          program: [process.execPath, CLI],
        });
        t.after(() => front.stop());
        for (const [path, ...given] of VISITS) {
          const args = given.map((argument) => (argument === LARGE ? large : argument));
          const theirs = await curl(files.rootFile, [
            `https://localhost:${uwsgiPort}${path}`,
            '--http1.1',
            ...args,
          ]);
          for (const version of ['--http1.1', '--http2']) {
            const ours = await curl(files.rootFile, [
              `https://localhost:${front.port()}${path}`,
              version,
              ...args,
            ]);
            assert.equal(ours.version, version === '--http2' ? 'HTTP/2' : 'HTTP/1.1');
            assert.deepEqual(essence(ours), essence(theirs), `${version} ${path} ${args.join(' ')}`);
          }
        }
        const { body } = await curl(files.rootFile, [`https://localhost:${front.port()}/environ`, '--http2']);
        const environ = JSON.parse(body);
        assert.equal(environ.HTTP_X_FORWARDED_PROTO, 'https');
        if (server === 'wsgiref') assert.equal(environ['wsgi.url_scheme'], 'https');
      });

      // WSGI servers understand no chunks: such a body is held, which only the direct engine does.
      const outcome = engine === 'direct' ? 'understood' : 'refused with 411';
      test(`an upload over HTTP/2 without a length is ${outcome} (${server}, ${engine})`, async (t) => {
        const front = await StartedFront.start({
          arguments: [
            ...['--https', `127.0.0.1:0,${files.chainFile},${files.keyFile}`],
            ...['--wsgi-file', INDEX, '--wsgi-server', server, '--engine', engine],
          ],
          environment: ENVIRONMENT,
          program: [process.execPath, CLI],
        });
        t.after(() => front.stop());
        const url = `https://localhost:${front.port()}/upload`;
        const script = `cat "$1" | curl -sS --http2 --cacert "$2" --request PUT --upload-file - "$3"`;
        const { stdout } = await run('/bin/sh', ['-c', script, 'sh', INDEX, files.rootFile, url]);
        if (engine === 'library') assert.match(stdout, /^411 /);
        else assert.equal(JSON.parse(stdout).bytes, statSync(INDEX).size, stdout);
      });
    }
  }

  test('the earlier step: --http ADDR --wsgi-file index.py alone', async (t) => {
    const front = await StartedFront.start({
      arguments: ['--http', '127.0.0.1:0', '--wsgi-file', INDEX],
      environment: ENVIRONMENT,
      program: [process.execPath, CLI],
    });
    t.after(() => front.stop());
    assert.doesNotMatch(front.log, /https/);
    const reply = await curl(undefined, [`http://localhost:${front.port('http')}/hello/you`]);
    assert.deepEqual([reply.status, reply.body], [200, '<b>Hello you</b>!']);
  });

  test("behind Bottle's own server, started by us", async (t) => {
    const start =
      'import os, sys; sys.path.insert(0, sys.argv[1]); import index; index.run(host=os.environ["HOST"], port=int(os.environ["PORT"]), quiet=True)';
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--processes', '2'],
      app: ['python3', '-c', start, INDEX.slice(0, INDEX.lastIndexOf('/'))],
      environment: { ...ENVIRONMENT, PYTHONDONTWRITEBYTECODE: '1' },
      program: [process.execPath, CLI],
    });
    t.after(() => front.stop());
    for (const version of ['--http1.1', '--http2']) {
      const reply = await curl(front.authorityFile, [`https://localhost:${front.port()}/hello/you`, version]);
      assert.deepEqual([reply.status, reply.body], [200, '<b>Hello you</b>!']);
    }
  });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
