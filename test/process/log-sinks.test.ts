/** Where the lines of a whole front go: each with its time, as JSON, to the journal, into a file that is set aside; and what the app is told. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CLI, runCommand } from '../support/command.js';
import { until } from '../support/deadline.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

/** Says each request on both outputs, and answers with the fields it got. */
const TALKER = nodeApp(
  'listen(require("http").createServer((q, r) => { console.log("out " + q.url); console.error("err " + q.url); r.end(JSON.stringify(q.headers)); }));',
);
const LISTEN = ['--listen', '127.0.0.1:0', '--access-log'];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

async function ask(t: TestContext, front: StartedFront, path: string, headers: Record<string, string> = {}) {
  const client = new Client({ port: front.port(), ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  return client.request(path, { headers });
}

function readOr(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

test('with --log-format json every line is an object with time, level and message: master, routers, app, requests', async (t) => {
  const front = await StartedFront.start({
    arguments: [...LISTEN, '--log-format', 'json', '--max-connections', '900000'],
    app: TALKER,
  });
  t.after(() => front.stop());
  await ask(t, front, '/one');
  await front.logged(/"message":"GET \/one 200"/);
  await front.logged(/err \/one/);
  assert.equal(await front.stop(), 0);
  const objects = front.written
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { time, level, message } of objects) {
    assert.match(time, TIME);
    assert.match(level, /^(?:info|warning|error)$/);
    assert.equal(typeof message, 'string');
  }
  const said = (wanted: object) =>
    assert.ok(
      objects.some((one) => Object.entries(wanted).every(([key, value]) => one[key] === value)),
      `${JSON.stringify(wanted)} in\n${front.written}`,
    );
  said({ source: 'app', stream: 'stdout', message: 'out /one', level: 'info' });
  said({ source: 'app', stream: 'stderr', message: 'err /one' });
  said({ source: 'master', message: 'goodbye to tlsfront' });
  const [warning] = objects.filter(({ source, level }) => source === 'http 1' && level === 'warning');
  assert.match(warning.message, /^--max-connections 900000 is more than/);
  assert.match(warning.hint, /^raise the limit/);
});

test('a start that fails is JSON too, its hint a member of the same object', async () => {
  const { code, stderr } = await runCommand([
    ...['--listen', '192.0.2.1:0', '--upstream', '1', '--log-format', 'json', '--quiet'],
  ]);
  const last = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
  assert.deepEqual([code, last.level], [1, 'error']);
  assert.match(last.message, /^cannot listen on 192\.0\.2\.1:0/);
});

test('in a pipe each line has its time, of master, routers and app', async (t) => {
  const front = await StartedFront.start({ arguments: LISTEN, app: TALKER });
  t.after(() => front.stop());
  await ask(t, front, '/two');
  await front.logged(/\[app\] err \/two/);
  await front.logged(/"GET \/two HTTP\/1\.1" 200/);
  for (const line of front.written.trimEnd().split('\n')) {
    assert.match(
      line,
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z |\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\]/,
    );
  }
});

test('into the journal lines go with their priority, and without a time of ours', async (t) => {
  const folder = makeWorkspace(t);
  const journal = folder.at('journal');
  const descriptor = openSync(journal, 'w');
  const { dev, ino } = fstatSync(descriptor);
  closeSync(descriptor);
  const front = StartedFront.launch({
    program: ['sh', '-c', 'exec "$@" 2>>"$JOURNAL"', 'sh', process.execPath, CLI],
    arguments: [...LISTEN, '--max-connections', '900000'],
    app: TALKER,
    environment: { JOURNAL: journal, JOURNAL_STREAM: `${dev}:${ino}` },
  });
  t.after(() => front.stop());
  await until(() => readOr(journal).includes('tlsfront is ready'), PATIENCE_MS, 'ready in the journal');
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(readOr(journal))?.[1]);
  const client = new Client({ port, ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  await client.request('/three');
  await until(() => /GET \/three/.test(readOr(journal)), PATIENCE_MS, 'the request');
  const text = readOr(journal);
  assert.match(text, /^<6>tlsfront is ready/m);
  assert.match(text, /^<4>warning: --max-connections .*\n<4>hint: raise/m);
  assert.match(text, /^<6>127\.0\.0\.1 - - .*GET \/three/m);
  for (const line of text.trimEnd().split('\n')) assert.match(line, /^<[346]>(?!\d{4}-)/);
});

test('--log-maxsize sets the file aside and loses nothing of master, routers and app; logs --reopen does it by hand', async (t) => {
  const folder = makeWorkspace(t);
  const log = folder.at('front.log');
  const front = StartedFront.launch({
    arguments: [...LISTEN, '--logto', log, '--log-maxsize', '20k', '--log-keep', '3'],
    app: TALKER,
    environment: { XDG_RUNTIME_DIR: folder.path },
  });
  t.after(() => front.stop());
  await until(() => readOr(log).includes('tlsfront is ready'), PATIENCE_MS, 'ready');
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(readOr(log))?.[1]);
  const client = new Client({ port, ca: front.ca }, 'http/1.1');
  t.after(() => client.close());
  let count = 0;
  await until(
    async () => {
      for (let each = 0; each < 20; each += 1) {
        count += 1;
        await client.request(`/n${count}?${'x'.repeat(200)}`);
      }
      return existsSync(`${log}.1`);
    },
    PATIENCE_MS,
    'the file set aside',
  );
  const whole = () => ['.3', '.2', '.1', ''].map((end) => readOr(log + end)).join('');
  await until(() => whole().includes(`err /n${count}?`), PATIENCE_MS, 'the last line of the app');
  await until(() => whole().includes(`"GET /n${count}?`), PATIENCE_MS, 'the last request');
  for (let number = 1; number <= count; number += 1) {
    for (const text of [`out /n${number}?`, `err /n${number}?`, `"GET /n${number}?`]) {
      assert.ok(whole().includes(text), text);
    }
  }
  renameSync(log, folder.at('moved'));
  const { code, stdout } = await runCommand(['logs', '--reopen'], { XDG_RUNTIME_DIR: folder.path });
  assert.deepEqual([code, stdout], [0, 'the log file is opened anew\n']);
  assert.ok(existsSync(log));
});

test('--traceparent and --request-start tell the app, and the log names the trace', async (t) => {
  const front = await StartedFront.start({
    arguments: [...LISTEN, '--log-format', 'json', '--traceparent', '--request-start'],
    app: TALKER,
  });
  t.after(() => front.stop());
  const begun = JSON.parse((await ask(t, front, '/begun', { traceparent: 'wrong', tracestate: 'a=b' })).text);
  const [, id] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(begun.traceparent) ?? [];
  assert.ok(id !== undefined, begun.traceparent);
  assert.equal(begun.tracestate, undefined);
  const lateMs = Date.now() - Number(/^t=(\d{13})$/.exec(begun['x-request-start'])?.[1]);
  assert.ok(lateMs >= -5 && lateMs < PATIENCE_MS, `${lateMs}`);
  await front.logged(new RegExp(`"trace_id":"${id}".*"message":"GET /begun 200"`));
  const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
  const passed = JSON.parse((await ask(t, front, '/passed', { traceparent: given })).text);
  assert.equal(passed.traceparent, given);
  await front.logged(/"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736".*"message":"GET \/passed 200"/);
});
