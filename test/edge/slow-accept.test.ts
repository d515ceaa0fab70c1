/** An app whose listen queue is full takes a second to accept: that is its time to take, also where its name has two addresses. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { within } from '../support/deadline.js';
import { ENGINES } from '../support/fronted.js';
import { Client } from '../support/https-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requirePython } from '../support/tools.js';

/** Its queue has room for one, and is full until half a second after the first line on stdin. */
const BUSY = `
import socket, sys, threading, time
listening = socket.socket()
listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listening.bind(('127.0.0.1', 0))
listening.listen(0)
port = listening.getsockname()[1]
filler = socket.create_connection(('127.0.0.1', port))
print(port, flush=True)
sys.stdin.readline()
time.sleep(0.5)
filler.close()
def serve(one):
    while one.recv(65536):
        one.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok')
        one.close()
        return
while True:
    one, _ = listening.accept()
    threading.Thread(target=serve, args=(one,), daemon=True).start()
`;

for (const engine of ENGINES) {
  const protocol = engine === 'direct' ? 'h2' : 'http/1.1';
  test(`a full listen queue is waited for as long as --timeout-connect allows (${engine})`, async (t) => {
    const python = requirePython(t);
    if (python === MISSING) return;
    const app = spawn(python.path, ['-c', BUSY], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => app.kill('SIGKILL'));
    const [line] = await within(once(app.stdout, 'data'), PATIENCE_MS, 'the port of the app');
    const front = await StartedFront.start({
      arguments: ['--listen', '127.0.0.1:0', '--upstream', String(line).trim(), '--engine', engine],
    });
    t.after(() => front.stop());
    const client = new Client({ port: front.port(), ca: front.ca }, protocol);
    t.after(() => client.close());
    const replies = ['/a', '/b', '/c'].map((path) => client.request(path));
    app.stdin.write('go\n');
    const answers = await within(Promise.all(replies), PATIENCE_MS, 'the answers');
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
  });
}
