/** Every way to start the front wrongly: a clear error, a next step, the right exit code, and nothing left running. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { testCertificates, writeTestCertificates } from '../support/certificates.js';
import { CLI, runCommands } from '../support/command.js';
import { within } from '../support/deadline.js';
import { freePort } from '../support/ports.js';
import { PATIENCE_MS, SAMPLE_APP, StartedFront, type StartedFrontOptions } from '../support/started-front.js';
import { MISSING, type Missing, requirePython, requireTool } from '../support/tools.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace, type Workspace } from '../support/workspace.js';

/** What it said and its exit code, once all its processes are gone. */
async function fail(options: StartedFrontOptions): Promise<{ code: number | string; log: string }> {
  const front = StartedFront.launch(options);
  try {
    const code = await within(front.ended, PATIENCE_MS, `the end of tlsfront ${options.arguments.join(' ')}`);
    await front.nothingLeft();
    return { code, log: front.log };
  } finally {
    await front.stop();
  }
}

function assertClear(log: string, error: RegExp): void {
  assert.match(log, error);
  assert.match(log, /^hint: \S/m);
  assert.doesNotMatch(log, /\n\s+at /, 'no stack trace');
  assert.doesNotMatch(log, /is ready/);
}

/** The front as an ordinary user meets files: root without the right to read what it may not. */
function boundProgram(t: TestContext): readonly [string, ...string[]] | Missing {
  const command: [string, string] = [process.execPath, CLI];
  if (process.getuid?.() !== 0) return command;
  const setpriv = requireTool(t, 'setpriv');
  return setpriv === MISSING
    ? MISSING
    : [setpriv, '--bounding-set=-dac_override,-dac_read_search', ...command];
}

const LISTEN = ['--listen', '127.0.0.1:0'];

describe('bad certificates', { concurrency: 2 }, () => {
  let workspace: Workspace;
  let files: Awaited<ReturnType<typeof writeTestCertificates>>;
  const ends: (() => void)[] = [];
  before(async () => {
    workspace = makeWorkspace({ after: (end) => void ends.push(end) });
    files = await writeTestCertificates(workspace.path);
    const { leaf, expiredLeaf, intermediate } = await testCertificates();
    workspace.write('empty.pem', '');
    workspace.write('text.pem', 'the certificate is in the other mail\n');
    workspace.write('leaf.der', new X509Certificate(leaf.certPem).raw);
    workspace.write('expired.pem', expiredLeaf.certPem + intermediate.certPem);
    workspace.write('expired.key', expiredLeaf.keyPem);
    mkdirSync(workspace.at('folder'));
  });
  after(() => {
    for (const end of ends) end();
  });

  const cases: readonly (readonly [name: string, cert: string, key: string, code: number, error: RegExp])[] =
    [
      ['a missing certificate', 'nowhere.pem', 'server.key', 2, /^error: .*nowhere\.pem.*no such file/m],
      ['a missing key', 'chain.pem', 'nowhere.key', 2, /^error: .*nowhere\.key.*no such file/m],
      ['a folder', 'folder', 'server.key', 2, /^error: .*folder/m],
      ['the key of another certificate', 'chain.pem', 'rsa.key', 2, /^error: .*rsa\.key.*does not belong/m],
      ['an empty certificate', 'empty.pem', 'server.key', 2, /^error: .*empty\.pem.*empty/m],
      ['an empty key', 'chain.pem', 'empty.pem', 2, /^error: .*empty\.pem/m],
      ['text instead of PEM', 'text.pem', 'server.key', 2, /^error: .*text\.pem/m],
      ['certificate and key exchanged', 'server.key', 'chain.pem', 2, /^error: .*key/m],
      [
        'an expired certificate',
        'expired.pem',
        'expired.key',
        2,
        /^error: .*expired\.pem.*(expired|ended|ran out)/m,
      ],
    ];
  for (const [name, cert, key, code, error] of cases) {
    test(name, async () => {
      const args = ['--https', `127.0.0.1:0,${workspace.at(cert)},${workspace.at(key)}`];
      const result = await fail({ arguments: args, app: SAMPLE_APP });
      assertClear(result.log, error);
      assert.equal(result.code, code, result.log);
    });
  }

  test('the same by --cert and --key, where check says what a start would', async () => {
    const results = await runCommands(
      cases.map(([, cert, key]) => {
        const pair = ['--cert', workspace.at(cert), '--key', workspace.at(key)];
        return ['check', ...LISTEN, ...pair, '--upstream', '1'];
      }),
    );
    for (const [index, [name, , , code, error]] of cases.entries()) {
      const { stdout, stderr, ...result } = results[index] ?? assert.fail();
      assertClear(stdout + stderr, error);
      assert.equal(result.code, code, `${name}: ${stdout}${stderr}`);
    }
  });

  test('DER instead of PEM is mended in memory, with a warning', async (t) => {
    const front = await StartedFront.start({
      arguments: ['--https', `127.0.0.1:0,${workspace.at('leaf.der')},${files.keyFile}`, '--upstream', '1'],
    });
    t.after(() => front.stop());
    assert.match(front.log, /^warning: .*leaf\.der.*DER.*\(mended in memory\)/m);
  });

  test('an unreadable key', async (t) => {
    const program = boundProgram(t);
    if (program === MISSING) return;
    const key = workspace.write('closed.key', 'x');
    chmodSync(key, 0);
    const result = await fail({
      arguments: ['--https', `127.0.0.1:0,${files.chainFile},${key}`],
      app: SAMPLE_APP,
      program,
    });
    assertClear(result.log, /^error: .*closed\.key.*permission denied/m);
    assert.equal(result.code, 2);
  });
});

describe('bad addresses', { concurrency: 2 }, () => {
  test('a port in use: the process that has it is named, and the app that was started is gone', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const result = await fail({ arguments: ['--listen', `127.0.0.1:${address.port}`], app: SAMPLE_APP });
    assertClear(
      result.log,
      new RegExp(`^error: .*127\\.0\\.0\\.1:${address.port}.*\\(pid: ${process.pid}\\)`, 'm'),
    );
    assert.equal(result.code, 1);
  });

  test('an address of another machine', async () => {
    const result = await fail({ arguments: ['--listen', '192.0.2.1:0'], app: SAMPLE_APP });
    assertClear(result.log, /^error: cannot listen on 192\.0\.2\.1:0: this machine has no such address/m);
    assert.equal(result.code, 1);
  });

  test('a host that does not resolve', async () => {
    const result = await fail({ arguments: ['--listen', 'no-such-host.invalid:0'], app: SAMPLE_APP });
    assert.match(result.log, /^error: .*no-such-host\.invalid/m);
    assert.ok(result.code === 1 || result.code === 2, String(result.code));
  });

  test('a host of the app that does not resolve is no reason not to start', async (t) => {
    const front = await StartedFront.start({
      arguments: [...LISTEN, '--upstream', 'no-such-host.invalid:80', '--hold', '0s'],
    });
    t.after(() => front.stop());
    const { Client } = await import('../support/https-client.js');
    const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
    t.after(() => client.close());
    assert.ok([502, 503].includes((await client.request('/')).status));
  });

  const wrong: readonly (readonly [args: readonly string[], error: RegExp])[] = [
    [['--listen', '127.0.0.1:70000', '--upstream', '1'], /^error: .*70000/m],
    [['--listen', 'x:y:z', '--upstream', '1'], /^error: .*x:y:z/m],
    [[...LISTEN, '--upstream', 'ftp://127.0.0.1'], /^error: .*ftp/m],
    [LISTEN, /^error: /m],
    [[...LISTEN, '--upstream', '1', '--uid', 'no-such-user'], /^error: .*no-such-user/m],
    [[...LISTEN, '--upstream', '1', '--ciphers', 'NOTHING'], /^error: .*NOTHING/m],
    [[...LISTEN, '--upstrem', '1'], /^error: [\s\S]*--upstream/m],
  ];
  test('settings that are refused before anything starts', async () => {
    const results = await runCommands(wrong.map(([args]) => args));
    for (const [index, [args, error]] of wrong.entries()) {
      const { code, stdout, stderr } = results[index] ?? assert.fail();
      assertClear(stdout + stderr, error);
      assert.equal(code, 2, `${args.join(' ')}: ${stdout}${stderr}`);
    }
  });

  test('a log file that cannot be opened', async () => {
    const result = await fail({
      arguments: [...LISTEN, '--upstream', '1', '--logto', '/nowhere/at/all.log'],
    });
    assertClear(result.log, /^error: .*\/nowhere\/at\/all\.log/m);
    assert.equal(result.code, 2, result.log);
  });
});

describe('bad apps', { concurrency: 2 }, () => {
  test('exits at once: its exit code and last words', async () => {
    const app = nodeApp('console.error("database password missing"); process.exit(3);');
    const result = await fail({ arguments: LISTEN, app });
    assertClear(result.log, /^error: .*exit code 3.*database password missing/m);
    assert.equal(result.code, 1);
  });

  test('never listens', async () => {
    const app = nodeApp('setInterval(() => {}, 1000);');
    const result = await fail({ arguments: [...LISTEN, '--ready-timeout', '1s'], app });
    assertClear(result.log, /^error: the app \(worker 1\) did not start: .*1 ?s/m);
    assert.equal(result.code, 1);
  });

  test('listens elsewhere: the hint says PORT', async () => {
    const port = await freePort();
    const app = [process.execPath, '-e', `require("net").createServer().listen(${port}, "127.0.0.1")`];
    const result = await fail({ arguments: [...LISTEN, '--ready-timeout', '2s'], app });
    assertClear(result.log, /^error: the app/m);
    assert.match(result.log, /^hint: .*PORT/m);
    assert.equal(result.code, 1);
  });

  test('is not found', async () => {
    const result = await fail({ arguments: LISTEN, app: ['no-such-program-here', 'run'] });
    assertClear(result.log, /^error: .*no-such-program-here.*(not found|no such)/im);
    assert.equal(result.code, 1);
  });

  test('is a file that cannot be run', async (t) => {
    const workspace = makeWorkspace(t);
    const script = workspace.at('app.sh');
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o644 });
    const result = await fail({ arguments: LISTEN, app: [script] });
    assertClear(result.log, /^error: .*app\.sh/m);
    assert.equal(result.code, 1);
  });

  test('is a WSGI file that is not there, has no application, or does not compile', async (t) => {
    const python = requirePython(t);
    if (python === MISSING) return;
    const { environment } = python;
    const workspace = makeWorkspace(t);
    const wsgi = ['--wsgi-server', 'wsgiref', '--wsgi-file'];
    const missing = await fail({ arguments: [...LISTEN, ...wsgi, workspace.at('none.py')] });
    assertClear(missing.log, /^error: .*none\.py.*no such file/m);
    workspace.write('empty.py', 'x = 1\n');
    const empty = await fail({ arguments: [...LISTEN, ...wsgi, workspace.at('empty.py')], environment });
    assertClear(empty.log, /^error: .*application is not defined/m);
    workspace.write('broken.py', 'def x(:\n');
    const broken = await fail({ arguments: [...LISTEN, ...wsgi, workspace.at('broken.py')], environment });
    assertClear(broken.log, /^error: .*does not compile/m);
    assert.deepEqual([empty.code, broken.code], [1, 1]);
    assert.ok(missing.code === 1 || missing.code === 2);
  });
});
