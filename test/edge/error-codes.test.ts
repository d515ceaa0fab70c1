/** Every code with which an access log says why a request failed: each is made to happen, with its status. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { ControlClient } from '../../src/control/client.js';
import { socketPath } from '../../src/control/runtime-folder.js';
import { ERRORS } from '../../src/shared/errors.js';
import { type KeyPairPem, testCertificates, writeTestCertificates } from '../support/certificates.js';
import { CLI } from '../support/command.js';
import { until, within } from '../support/deadline.js';
import { freePort } from '../support/ports.js';
import { openSocket } from '../support/raw-client.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { MISSING, requirePython } from '../support/tools.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

/** `secret`. */
const SECRET = '$scrypt$ln=10,r=1,p=1$c2FsdHNhbHRzYWx0$PTJplfulJV9Q0LQ249eKtDHwK3OM+5j9lDmODRTQKMc';

/** Settles when the request whose client leaves has reached the app. */
let tellArrival: () => void = () => undefined;
const arrival = new Promise<void>((resolve) => {
  tellArrival = resolve;
});

/** What the raw app does with a request of this path; anything else is answered with the CDN-Loop that it brought. */
const MANNERS: Readonly<Record<string, (socket: Socket) => void>> = {
  '/upstream_closed': (socket) => socket.end(),
  '/sendfile_outside': (socket) => socket.end('HTTP/1.1 200 OK\r\nX-Sendfile: /etc/passwd\r\n\r\n'),
  '/upstream_cut': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
  '/upstream_malformed': (socket) => socket.end('HTTP/1.1 what\r\n\r\n'),
  '/upstream_timeout': () => undefined,
  '/downstream_gone': () => tellArrival(),
  '/hold': () => undefined,
};

function rawApp(socket: Socket): void {
  let head = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (text: string) => {
    head += text;
    if (!head.includes('\r\n\r\n')) return;
    const manner = MANNERS[head.split(' ')[1] ?? ''];
    const loop = /^cdn-loop: (.*)\r$/im.exec(head)?.[1] ?? '';
    head = '';
    if (manner !== undefined) manner(socket);
    else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${loop.length}\r\n\r\n${loop}`);
  });
}

const ends = new Afterwards();
const opened: Socket[] = [];
const address = { port: 0, ca: '' };
const fronts: {
  main?: StartedFront;
  hasty?: StartedFront;
  narrow?: StartedFront;
  library?: StartedFront;
  development?: StartedFront;
  plain?: StartedFront;
  maintained?: StartedFront;
  paused?: StartedFront;
} = {};

async function listening(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  ends.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

async function started(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  program: readonly [string, ...string[]] = [process.execPath, CLI],
): Promise<StartedFront> {
  const front = await StartedFront.start({
    arguments: ['--listen', '127.0.0.1:0', '--access-log', '--log-format', 'json', ...args],
    environment,
    program,
  });
  ends.after(() => front.stop());
  return front;
}

before(async () => {
  const workspace = makeWorkspace(ends);
  const files = await writeTestCertificates(workspace.path);
  const { directLeaf, otherLeaf, root } = await testCertificates();
  const other = workspace.write('other.pem', otherLeaf.certPem);
  const otherKey = workspace.write('other.key', otherLeaf.keyPem);
  const app = await listening(createServer(rawApp));
  const silent = await listening(createServer());
  const slamming = await listening(createServer((socket) => socket.destroy()));
  const plain = await listening(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const refusing = await listening(
    createServer((socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')),
  );
  const stranger = await listening(createTlsServer({ cert: directLeaf.certPem, key: directLeaf.keyPem }));
  const routes = {
    app: `http://127.0.0.1:${app}`,
    upstream_refused: `127.0.0.1:${await freePort()}`,
    upstream_reset: `https://127.0.0.1:${slamming}`,
    upstream_tls: `https://127.0.0.1:${plain}`,
    upstream_untrusted: `https://127.0.0.1:${stranger}`,
  };
  const upstreams = Object.entries(routes).flatMap(([name, to]) => ['--upstream', `/${name}=${to}`]);
  const closed = `127.0.0.1:0,${files.chainFile},${files.keyFile},,!${workspace.write('ca.pem', root.certPem)}`;
  fronts.main = await started([
    ...['--https', closed],
    ...['--cert', files.chainFile, '--key', files.keyFile, '--cert', other, '--key', otherKey],
    ...upstreams.with(1, `/app=${routes.app}`),
    ...Object.keys(MANNERS).flatMap((path) => ['--upstream', `${path}=${routes.app}`]),
    ...['--max-body-bytes', '10k', '--max-header-bytes', '16k', '--hold', '0'],
    ...[
      '--trusted-proxies',
      '127.0.0.1',
      '--deny',
      '203.0.113.0/24',
      '--rate-limit',
      '1/m,path=/app/limited',
    ],
    ...['--basic-auth', `/app/private=${workspace.write('users', `anna:${SECRET}\n`)}`],
    ...['--sendfile', workspace.path],
    ...['--ban-file', workspace.write('bans', '198.51.100.66\n')],
    ...['--forward-auth', `/app/asked=http://127.0.0.1:${refusing}`],
    ...['--forward-auth', `/app/unheard=http://127.0.0.1:${slamming}`],
  ]);
  Object.assign(address, { port: fronts.main.port(), ca: root.certPem });
  // With so little patience that on a busy machine other requests would fail as well.
  fronts.hasty = await started([
    ...['--cert', files.chainFile, '--key', files.keyFile],
    ...['--upstream', routes.app, '--upstream', `/upstream_connect_timeout=https://127.0.0.1:${silent}`],
    ...['--forward-auth', `/asked=http://127.0.0.1:${silent}`, '--forward-auth-timeout', '1s'],
    ...['--timeout-client-head', '1s', '--timeout-upstream-head', '1s', '--timeout-connect', '1s'],
  ]);
  // No file of it may be longer than this: a body that is written to disk meets that.
  const cramped = ['bash', '-c', 'ulimit -f 400; exec "$0" "$@"', process.execPath, CLI] as const;
  fronts.narrow = await started(
    [
      ...['--cert', files.chainFile, '--key', files.keyFile, '--upstream', `127.0.0.1:${app}`],
      ...['--buffer-requests', '--max-upstream-connections', '1', '--max-upstream-queue', '1'],
    ],
    {},
    cramped,
  );
});
after(() => {
  // A request that is held would hold up the end of its front.
  for (const socket of opened) socket.destroy();
  return ends.run();
});

type Which = keyof typeof fronts;

/** Brings a failure about, and says which front's log tells; null where a tool is missing. */
type Conduct = (t: TestContext) => Promise<Which | null>;

function front(which: Which): StartedFront {
  const running = fronts[which];
  if (running === undefined) throw new Error('the front did not start');
  return running;
}

/** Sends the bytes over TLS and keeps what comes back. */
/** Fronts without a certificate of ours. */
const OF_DEVELOPMENT: ReadonlySet<Which> = new Set<Which>(['library', 'development', 'maintained', 'paused']);

async function say(bytes: string, which: Which = 'main'): Promise<{ socket: Socket; text: () => string }> {
  const socket = await openSocket(
    {
      port: front(which).port(),
      ca: OF_DEVELOPMENT.has(which) ? front(which).ca : address.ca,
    },
    'http/1.1',
  );
  opened.push(socket);
  let received = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.write(bytes, 'latin1');
  return { socket, text: () => received };
}

const get = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;
const post = (path: string, fields: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;

/** What a client sends to the first front, for all that one message brings about. */
const BY_MESSAGE: Readonly<Record<string, string>> = {
  request_malformed: get('/app', 'Content-Length: 1\r\nContent-Length: 2\r\n'),
  request_target_invalid: get('app'),
  host_invalid: 'GET /app HTTP/1.1\r\n\r\n',
  forbidden: get('/app', 'X-Forwarded-For: 203.0.113.7\r\n'),
  banned: get('/app', 'X-Forwarded-For: 198.51.100.66\r\n'),
  password_required: get('/app/private'),
  password_wrong: get('/app/private', `Authorization: Basic ${Buffer.from('anna:x').toString('base64')}\r\n`),
  forward_auth_refused: get('/app/asked'),
  forward_auth_failed: get('/app/unheard'),
  method_refused: 'TRACE /app HTTP/1.1\r\nHost: localhost\r\n\r\n',
  request_too_large: post('/app', 'Content-Length: 20000\r\n'),
  target_too_long: get(`/${'a'.repeat(12_000)}`),
  expectation_failed: get('/app', 'Expect: wonders\r\n'),
  misdirected: 'GET /app HTTP/1.1\r\nHost: www.other.test\r\n\r\n',
  header_too_large: get('/app', `Cookie: ${'c'.repeat(20_000)}\r\n`),
  version_unsupported: 'GET /app HTTP/3.0\r\nHost: localhost\r\n\r\n',
  not_implemented: post('/app', 'Transfer-Encoding: zip, chunked\r\n'),
  no_route: get('/nowhere'),
  upstream_refused: get('/upstream_refused'),
  upstream_closed: get('/upstream_closed'),
  upstream_reset: get('/upstream_reset'),
  upstream_malformed: get('/upstream_malformed'),
  upstream_untrusted: get('/upstream_untrusted'),
  upstream_tls: get('/upstream_tls'),
};

/** Gives an order to a front of its own and asks it for something. */
async function ordered(which: 'maintained' | 'paused', order: string): Promise<Which> {
  const folder = makeWorkspace(ends);
  const environment = { XDG_RUNTIME_DIR: folder.path };
  const running = await started(['--upstream', String(await freePort())], environment);
  fronts[which] = running;
  await new ControlClient(socketPath(folder.at('tlsfront'), running.masterPid)).ask('POST', order);
  await say(get('/'), which);
  return which;
}

/** Asks the listener that lets in nobody without a certificate. */
async function comeAs(client?: KeyPairPem): Promise<Which> {
  const main = front('main');
  const shown = client === undefined ? {} : { cert: client.certPem, key: client.keyPem };
  const target = { port: main.port('https', 1), host: '127.0.0.1', ca: address.ca, servername: 'localhost' };
  const socket = connectTls({ ...target, ...shown }, () => socket.write(get('/app')));
  socket.on('error', () => undefined).resume();
  opened.push(socket);
  return 'main';
}

let development: Promise<StartedFront> | undefined;

/** Of a folder, with a development certificate. */
async function developing(): Promise<void> {
  development ??= started(['--root', makeWorkspace(ends).path]);
  fronts.development = await development;
}

/** What takes more than one message, or another front; each gives the front whose log tells. */
const BY_CONDUCT: Readonly<Record<string, Conduct>> = {
  tls_expected: async () => {
    const socket = connect(address.port, '127.0.0.1', () =>
      socket.write(post('/app', 'Content-Length: 0\r\n')),
    );
    socket.on('error', () => undefined).resume();
    opened.push(socket);
    return 'main';
  },
  certificate_missing: () => comeAs(),
  certificate_refused: async () => comeAs((await testCertificates()).strangerClient),
  rate_limited: async () => {
    await say(get('/app/limited') + get('/app/limited'));
    return 'main';
  },
  request_timeout: async () => {
    await say('GET /app HTTP/1.1\r\nHost: loc', 'hasty');
    return 'hasty';
  },
  upstream_connect_timeout: async () => {
    await say(get('/upstream_connect_timeout'), 'hasty');
    return 'hasty';
  },
  forward_auth_timeout: async () => {
    await say(get('/asked'), 'hasty');
    return 'hasty';
  },
  password_needs_tls: async (t) => {
    const users = makeWorkspace(t).write('users', `anna:${SECRET}\n`);
    // A trusted proxy that does not say that its client came over TLS.
    const running = await started([
      ...['--http', '127.0.0.1:0', '--upstream', '1', '--trusted-proxies', '127.0.0.1'],
      ...['--basic-auth', users],
    ]);
    fronts.plain = running;
    const socket = connect(running.port('http'), '127.0.0.1', () => socket.write(get('/')));
    socket.on('error', () => undefined).resume();
    opened.push(socket);
    return 'plain';
  },
  maintenance: () => ordered('maintained', '/v1/maintenance/on'),
  paused: () => ordered('paused', '/v1/pause?seconds=0.1'),
  file_missing: async () => {
    await developing();
    await say(get('/none.txt'), 'development');
    return 'development';
  },
  files_are_read: async () => {
    await developing();
    await say(post('/none.txt', 'Content-Length: 0\r\n'), 'development');
    return 'development';
  },
  host_unknown: async () => {
    await developing();
    await say('GET / HTTP/1.1\r\nHost: stranger.example\r\n\r\n', 'development');
    return 'development';
  },
  upstream_timeout: async () => {
    // On a busy machine the connection to the app may take longer than it may, which is another failure.
    const isTold = async (): Promise<boolean> => {
      const { socket } = await say(get('/upstream_timeout'), 'hasty');
      await within(once(socket, 'data'), PATIENCE_MS, 'the answer in place of the app');
      return front('hasty').log.includes('"error":"upstream_timeout"');
    };
    await until(isTold, PATIENCE_MS, 'an app that is too late');
    return 'hasty';
  },
  downstream_gone: async () => {
    const { socket } = await say(get('/downstream_gone'));
    await within(arrival, PATIENCE_MS, 'the request at the app');
    socket.destroy();
    return 'main';
  },
  loop_detected: async () => {
    const { socket, text } = await say(get('/app'));
    await within(once(socket, 'data'), PATIENCE_MS, 'the answer of the app');
    const loop = text().slice(text().indexOf('\r\n\r\n') + 4);
    assert.match(loop, /tlsfront/);
    await say(get('/app', `CDN-Loop: ${loop}\r\n`));
    return 'main';
  },
  sendfile_outside: async () => {
    await say(get('/sendfile_outside'));
    return 'main';
  },
  upstream_cut: async () => {
    await say(get('/upstream_cut'));
    return 'main';
  },
  overloaded: async () => {
    for (let i = 0; i < 3; i += 1) await say(get('/hold'), 'narrow');
    return 'narrow';
  },
  internal: async () => {
    const { socket } = await say(post('/spooled', `Content-Length: ${8 << 20}\r\n`), 'narrow');
    for (let i = 0; i < 8; i += 1) socket.write(Buffer.alloc(1 << 20));
    return 'narrow';
  },
  length_required: async (t) => {
    const python = requirePython(t);
    if (python === MISSING) return null;
    const wsgi = 'def application(environment, start):\n    start("200 OK", [])\n    return [b"ok"]\n';
    const file = makeWorkspace(ends).write('wsgi.py', wsgi);
    const args = ['--engine', 'library', '--wsgi-file', file, '--wsgi-server', 'wsgiref'];
    fronts.library = await started(args, python.environment);
    await say(post('/chunked', 'Transfer-Encoding: chunked\r\n'), 'library');
    return 'library';
  },
};

/** 200: the answer had begun when the app broke off; 0: nobody was there to be answered. */
const STATUS: Readonly<Record<string, number>> = { downstream_gone: 0, upstream_cut: 200 };

describe('the access log names', { concurrency: true }, () => {
  const cases: Readonly<Record<string, Conduct>> = {
    ...Object.fromEntries(
      Object.entries(BY_MESSAGE).map(([code, bytes]) => [
        code,
        async (): Promise<Which> => {
          await say(bytes);
          return 'main';
        },
      ]),
    ),
    ...BY_CONDUCT,
  };
  for (const [code, row] of Object.entries(ERRORS)) {
    // Of these no request can be the reason: `draining` answers a reload.
    if (row.source === 'config' || code === 'draining') continue;
    test(code, async (t) => {
      const bringAbout = cases[code];
      assert.ok(bringAbout !== undefined, `no test makes ${code} happen`);
      const which = await bringAbout(t);
      if (which === null) return;
      const [line] = await front(which).logged(new RegExp(`^\\{.*"error":"${code}".*$`, 'm'));
      assert.equal(JSON.parse(line).status, STATUS[code] ?? row.status);
    });
  }
});
