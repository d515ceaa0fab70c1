/** The bundled WSGI launcher serves a file as the tutorial does, and explains what is wrong with one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { within } from '../support/deadline.js';
import { MISSING, type Missing, requirePython } from '../support/tools.js';
import { type ForkedWorker, planWsgi, startWorker, WORKER_MS } from '../support/worker.js';
import { fixture, makeWorkspace } from '../support/workspace.js';

/** A WSGI file with `body` as the application's body, served and ready. */
async function serve(t: TestContext, body: string): Promise<number | Missing> {
  const python = requirePython(t);
  if (python === MISSING) return MISSING;
  const indented = body.replaceAll('\n', '\n    ');
  const file = makeWorkspace(t).write(
    'app.py',
    `def application(environ, start_response):\n    ${indented}\n`,
  );
  return portOf(startWorker(t, planWsgi({ file }), { environment: python.environment }));
}

async function portOf(worker: ForkedWorker): Promise<number> {
  assert.equal((await worker.report('spawned')).kind, 'wsgiref');
  return (await worker.report('ready')).address.port;
}

/** Sends bytes and reads until the other side closes. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  socket.on('error', (error) => {
    answer += error.message;
  });
  socket.write(bytes, 'latin1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await within(closed, WORKER_MS, `the launcher answers ${bytes.slice(0, 40)}`);
  return answer;
}

/** Starts the launcher with a broken file and gives what it printed. */
async function complaint(t: TestContext, text: string, callable = 'application'): Promise<string | Missing> {
  const python = requirePython(t);
  if (python === MISSING) return MISSING;
  const file = makeWorkspace(t).write('index.py', text);
  const worker = startWorker(t, planWsgi({ file, callable }), { environment: python.environment });
  assert.equal((await worker.report('exited')).code, 2);
  await worker.gone;
  return worker.output().replaceAll(file, 'index.py');
}

test("Bottle's index.py of the tutorial runs unchanged", async (t) => {
  const python = requirePython(t, 'bottle');
  if (python === MISSING) return;
  const port = await portOf(
    startWorker(t, planWsgi({ file: fixture('index.py') }), { environment: python.environment }),
  );
  assert.match(await (await fetch(`http://127.0.0.1:${port}/`)).text(), /Hello World!/);
  const form = await fetch(`http://127.0.0.1:${port}/form`, {
    method: 'POST',
    body: new URLSearchParams({ a: 'ü b' }),
  });
  assert.deepEqual(await form.json(), { a: 'ü b' });
  const upload = await fetch(`http://127.0.0.1:${port}/upload`, {
    method: 'POST',
    body: Buffer.alloc(3_000_000, 7),
  });
  assert.match(await upload.text(), /"bytes": 3000000/);
  assert.equal(
    (await fetch(`http://127.0.0.1:${port}/missing`, { method: 'POST', body: Buffer.alloc(1_000_000) }))
      .status,
    404,
  );
});

test('wsgi.url_scheme follows X-Forwarded-Proto of the front', async (t) => {
  const port = await serve(t, 'start_response("200 OK", [])\nreturn [environ["wsgi.url_scheme"].encode()]');
  if (port === MISSING) return;
  const url = `http://127.0.0.1:${port}/`;
  assert.equal(await (await fetch(url, { headers: { 'x-forwarded-proto': 'https' } })).text(), 'https');
  assert.equal(await (await fetch(url)).text(), 'http');
});

test('environ and answers keep to PEP 3333, as wsgiref.validate sees it', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const text =
    'from wsgiref.validate import validator\n@validator\ndef application(environ, start_response):\n' +
    '    data = environ["wsgi.input"].read(9)\n    start_response("200 OK", [("Content-Type", "text/plain")])\n    return [data, b"."]\n';
  const file = makeWorkspace(t).write('app.py', text);
  const port = await portOf(startWorker(t, planWsgi({ file }), { environment: python.environment }));
  const answer = await fetch(`http://127.0.0.1:${port}/a%20b?c=d`, { method: 'POST', body: 'abc' });
  assert.deepEqual([answer.status, await answer.text()], [200, 'abc.']);
});

test('a header spelled with underscores cannot pass for the real one', async (t) => {
  const port = await serve(
    t,
    'start_response("200 OK", [])\nreturn [environ.get("HTTP_X_FORWARDED_FOR", "none").encode()]',
  );
  if (port === MISSING) return;
  const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n');
  assert.match(answer, /\r\n\r\nnone$/);
});

test('a chunked body is refused with 411 and the connection closed', async (t) => {
  const port = await serve(t, 'start_response("200 OK", [])\nreturn [b"read"]');
  if (port === MISSING) return;
  const request = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
  const answer = await exchange(port, request);
  assert.match(answer, /^HTTP\/1\.\d 411 Length Required\r\n/);
  assert.match(answer, /\r\nConnection: close\r\n/);
});

test('a Content-Length that is not one number is refused', async (t) => {
  const port = await serve(t, 'start_response("200 OK", [])\nreturn [b"read"]');
  if (port === MISSING) return;
  for (const lines of [
    'Content-Length: +3',
    'Content-Length: 3\r\nContent-Length: 4',
    'Content-Length: 3, 3',
  ]) {
    assert.match(
      await exchange(port, `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\nabc`),
      /^HTTP\/1\.\d 400 /,
    );
  }
});

test('an app that reads its input to the end does not wait for more than Content-Length', async (t) => {
  const port = await serve(
    t,
    'data = environ["wsgi.input"].read()\nmore = environ["wsgi.input"].readline()\nstart_response("200 OK", [])\nreturn [data + b"|" + more]',
  );
  if (port === MISSING) return;
  const answer = await exchange(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
  assert.match(answer, /\r\n\r\nabc\|$/);
});

test('lines of the input end where Content-Length ends', async (t) => {
  const port = await serve(
    t,
    'lines = list(environ["wsgi.input"])\nstart_response("200 OK", [])\nreturn [repr(lines).encode()]',
  );
  if (port === MISSING) return;
  const answer = await exchange(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\na\nb\ncd\n');
  assert.ok(answer.endsWith("[b'a\\n', b'b\\n', b'c']"), answer);
});

test('an app that raises answers 500', async (t) => {
  const port = await serve(t, 'raise ValueError("broken")');
  if (port === MISSING) return;
  assert.match(await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.\d 500 /);
});

test('an app that raises in the middle of its answer is cut: the last chunk never comes', async (t) => {
  const port = await serve(t, 'start_response("200 OK", [])\nyield b"begun"\nraise ValueError("broken")');
  if (port === MISSING) return;
  assert.match(await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /\r\n\r\n5\r\nbegun\r\n$/);
});

test('an answer of unknown length is chunked for HTTP/1.1 and ends with the connection for HTTP/1.0', async (t) => {
  const port = await serve(t, 'start_response("200 OK", [])\nyield b"one"\nyield b""\nyield b"two"');
  if (port === MISSING) return;
  assert.match(
    await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    /\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/,
  );
  assert.match(await exchange(port, 'GET / HTTP/1.0\r\n\r\n'), /\r\n\r\nonetwo$/);
});

test('204 has neither a length nor a body', async (t) => {
  const port = await serve(t, 'start_response("204 No Content", [])\nreturn []');
  if (port === MISSING) return;
  const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.doesNotMatch(answer, /Content-Length|Transfer-Encoding/);
  assert.match(answer, /^HTTP\/1\.1 204 No Content\r\n(.+\r\n)*\r\n$/);
});

test('HEAD has no body and the length of the GET', async (t) => {
  const port = await serve(t, 'start_response("200 OK", [])\nreturn [b"hello"]');
  if (port === MISSING) return;
  const answer = await exchange(port, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(answer, /Content-Length: 5\r\n(.+\r\n)*\r\n$/);
});

test('a client that goes away in its body does not stop the next one', async (t) => {
  const port = await serve(
    t,
    'data = environ["wsgi.input"].read()\nstart_response("200 OK", [])\nreturn [data]',
  );
  if (port === MISSING) return;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc');
  await within(once(socket.resume(), 'close'), WORKER_MS, 'the launcher gives the short body up');
  const answer = await exchange(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok');
  assert.match(answer, /\r\n\r\nok$/);
});

test('SIGTERM lets the request at hand finish', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const text =
    'import time\ndef application(environ, start_response):\n    print("begun", flush=True)\n    time.sleep(0.3)\n    start_response("200 OK", [])\n    return [b"whole"]\n';
  const file = makeWorkspace(t).write('app.py', text);
  const worker = startWorker(t, planWsgi({ file }), { environment: python.environment });
  const port = await portOf(worker);
  const answer = exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const begun = new Promise((resolve) => worker.process.stdout?.on('data', resolve));
  await within(begun, WORKER_MS, 'the request is begun');
  worker.send({ type: 'stop', mercyMs: 10_000 });
  assert.match(await answer, /\r\n\r\nwhole$/);
  assert.equal((await worker.report('exited')).code, 0);
});

test('the file runs under another name than __main__, once, with the working folder on the module path', async (t) => {
  const python = requirePython(t);
  if (python === MISSING) return;
  const folder = makeWorkspace(t);
  folder.write('answer.py', 'TEXT = b"from the folder"\n');
  folder.write(
    'sub/index.py',
    'import answer\nprint("run as", __name__)\nif __name__ == "__main__": raise SystemExit("main")\ndef application(environ, start_response):\n    start_response("200 OK", [])\n    return [answer.TEXT]\n',
  );
  const worker = startWorker(t, planWsgi({ file: 'sub/index.py' }), {
    environment: python.environment,
    folder: folder.path,
  });
  const port = await portOf(worker);
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'from the folder');
  assert.equal(await worker.says(/\n$/), '[app] run as uwsgi_file_sub_index_py\n');
});

test('a missing file is reported before anything is started', async (t) => {
  const folder = makeWorkspace(t);
  const worker = startWorker(t, planWsgi({ file: 'nope.py' }), { folder: folder.path });
  const { message, hint } = await worker.report('failed');
  assert.equal(message, 'nope.py, no such file');
  assert.match(hint, /the working folder is /);
});

test('a file that does not compile is reported with its line', async (t) => {
  const text = await complaint(t, 'def application(:\n    pass\n');
  if (text === MISSING) return;
  assert.match(text, /line 1/);
  assert.match(text, /error: index\.py, it does not compile\n\[app\] hint: /);
});

test('a missing callable is reported with those the file has', async (t) => {
  const text = await complaint(
    t,
    'from json import loads\nclass Wsgi: pass\ndef app(e, s): pass\n_private = app\n',
  );
  if (text === MISSING) return;
  assert.match(
    text,
    /error: index\.py, application is not defined\n.*hint: callables in the file: Wsgi, app; choose with --callable/,
  );
});

test('a module that cannot be imported is named with the Python that misses it', async (t) => {
  const text = await complaint(t, 'import tlsfront_no_such_module\n');
  if (text === MISSING) return;
  assert.match(text, /error: index\.py, it ended with ModuleNotFoundError while it was loaded/);
  assert.match(text, /hint: .*python3.* cannot import tlsfront_no_such_module/);
  assert.doesNotMatch(text, /wsgi_launcher/);
});

test('neither uwsgi nor python3: a hint to install Python', async (t) => {
  const folder = makeWorkspace(t);
  const file = folder.write('index.py', 'application = print\n');
  const worker = startWorker(t, planWsgi({ file, server: 'auto' }), { environment: { PATH: folder.path } });
  const { message, hint } = await worker.report('failed');
  assert.equal(message, `${file}, neither uwsgi nor python3 is installed`);
  assert.match(hint, /apt install python3/);
});
