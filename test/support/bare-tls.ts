/** A server of node:tls that does nothing but answer: what its connections cost is what Node itself takes for one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { testCertificates } from './certificates.js';
import { within } from './deadline.js';
import type { FrontAddress } from './raw-client.js';

const START_MS = 60_000;

const PROGRAM = `
  const { cert, key } = JSON.parse(process.env.BARE_TLS);
  const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok';
  const server = require('node:tls').createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(answer));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** A running one; `stop` it. */
export interface BareTlsServer {
  readonly address: FrontAddress;
  readonly pid: number;
  stop(): void;
}

/** Starts it as a process of its own, on the Node that runs the tests. */
export async function startBareTls(nodeArguments: readonly string[]): Promise<BareTlsServer> {
  const { root, leaf, intermediate } = await testCertificates();
  const material = { cert: leaf.certPem + intermediate.certPem, key: leaf.keyPem };
  const child = spawn(process.execPath, [...nodeArguments, '-e', PROGRAM], {
    env: { ...process.env, BARE_TLS: JSON.stringify(material) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [port] = await within(once(lines, 'line'), START_MS, 'the port of a bare TLS server');
  const pid = child.pid;
  if (pid === undefined) throw new Error('the bare TLS server did not start');
  return {
    address: { port: Number(port), ca: root.certPem },
    pid,
    stop: () => child.kill('SIGKILL'),
  };
}
