/** The control socket: HTTP/1.1 and JSON on a socket file that this user alone can open; never TCP. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { FrontError } from '../shared/errors.js';
import { systemCode } from '../shared/system-error.js';
import { beginProgress, type Handler, queryOf, sendJson, sendMissing } from './calls.js';
import { DEPLOY_ROUTES } from './deploy-call.js';
import { describeFailure } from './failure.js';
import { INTERVENTION_ROUTES } from './intervention-calls.js';
import { OPENAPI } from './openapi.js';
import { PROJECT_ROUTES } from './project-calls.js';
import { listSockets, prepareRuntimeFolder, socketPath } from './runtime-folder.js';
import type { ControlVerbs, Failure, FrontEvent, FrontState } from './types.js';

const MAX_CONNECTIONS = 64;
/** Of a socket's address (unix(7)); macOS and the BSDs take four bytes less. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Every call: method and path → what answers it. docs/control.md and openapi.ts have the same rows. */
const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /healthz': healthz,
  'GET /openapi.json': (_verbs, _request, response) => sendJson(response, 200, OPENAPI),
  'GET /v1/status': async (verbs, _request, response) => sendJson(response, 200, await verbs.status()),
  'GET /v1/apps': (verbs, _request, response) => sendJson(response, 200, { apps: verbs.apps() }),
  'GET /v1/events': events,
  'GET /v1/logs': logs,
  'GET /v1/metrics': metrics,
  'GET /v1/requests': async (verbs, _request, response) => sendJson(response, 200, await verbs.requests()),
  'POST /v1/logs/reopen': reopenLogs,
  'GET /v1/bans': (verbs, _request, response) => sendJson(response, 200, verbs.bans()),
  'POST /v1/ban': ban,
  'POST /v1/unban': unban,
  ...INTERVENTION_ROUTES,
  ...DEPLOY_ROUTES,
  ...PROJECT_ROUTES,
  'POST /v1/reload': reload,
  'POST /v1/stop': stop,
};

/** Listens, and removes the socket when closed. */
export class ControlServer {
  private readonly server: Server;
  private readonly path: string;

  /**
   * @param folder see runtime-folder.ts; sockets of masters that have died are cleared away
   * @throws FrontError where the folder cannot be used
   */
  constructor(
    folder: string,
    private readonly verbs: ControlVerbs,
    private readonly onFailed: (error: FrontError) => void,
  ) {
    prepareRuntimeFolder(folder);
    for (const pid of listSockets(folder)) {
      if (pid === process.pid || !isAlive(pid)) rmSync(socketPath(folder, pid), { force: true });
    }
    this.path = socketPath(folder, process.pid);
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on('error', (error) => this.fail(systemCode(error) ?? error.message));
    // The front's end is decided elsewhere.
    this.server.unref();
    if (Buffer.byteLength(this.path) > MAX_PATH_BYTES) {
      // Node 20 makes it under the part that fits, where nobody finds it.
      setImmediate(() => this.fail(`its path is longer than ${MAX_PATH_BYTES} bytes`));
      return;
    }
    // Made closed to others; binding to a file happens within listen.
    const before = process.umask(0o177);
    this.server.listen({ path: this.path }, () => chmodSync(this.path, 0o600));
    process.umask(before);
  }

  private fail(reason: string): void {
    this.onFailed(
      new FrontError('listen_failed', `the control socket ${this.path} cannot be made: ${reason}`, {
        hint: 'set XDG_RUNTIME_DIR to a folder of your own with a short path',
      }),
    );
  }

  /** Nobody finds it any more; calls that are being answered end with the process. */
  close(): void {
    this.server.close();
    rmSync(this.path, { force: true });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const [path = '/'] = (request.url ?? '/').split('?');
    const handler = ROUTES[`${request.method} ${path}`];
    try {
      if (handler !== undefined) await handler(this.verbs, request, response);
      else {
        const isKnown = Object.keys(ROUTES).some((row) => row.endsWith(` ${path}`));
        const text = isKnown
          ? `${path} takes another method than ${request.method}`
          : `there is nothing at ${path}`;
        const hint = 'GET /openapi.json lists all calls';
        sendJson(response, isKnown ? 405 : 404, {
          error: text,
          hint,
          code: 'config_usage',
          exitCode: 2,
        } satisfies Failure);
      }
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, describeFailure(error));
    }
  }
}

/** For health checks: 200 as soon and as long as requests are taken. */
function healthz(verbs: ControlVerbs, _request: IncomingMessage, response: ServerResponse): void {
  const isWell = verbs.state === 'serving' || verbs.state === 'reloading';
  response.writeHead(isWell ? 200 : 503, { 'Content-Type': 'text/plain' });
  response.end(isWell ? 'ok\n' : `${verbs.state}\n`);
}

async function reload(
  verbs: ControlVerbs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = beginProgress(response);
  if (queryOf(request).get('upgrade') === '1') {
    say({ type: 'progress', text: 'starting a new master' });
    try {
      const pid = await verbs.upgrade();
      say({ type: 'done', text: `the new master (pid ${pid}) serves` });
    } catch (error) {
      say({ type: 'failed', ...describeFailure(error) });
    }
    response.end();
    return;
  }
  say({ type: 'progress', text: 'starting a new generation' });
  const failure = await verbs.reload();
  say(
    failure === null ? { type: 'done', text: 'the new generation serves' } : { type: 'failed', ...failure },
  );
  response.end();
}

function reopenLogs(verbs: ControlVerbs, _request: IncomingMessage, response: ServerResponse): void {
  const say = beginProgress(response);
  const failure = verbs.reopenLog();
  const text = 'the log file is opened anew';
  say(failure === null ? { type: 'done', text } : { type: 'failed', ...failure });
  response.end();
}

async function ban(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const query = queryOf(request);
  const seconds = query.get('seconds');
  if (seconds !== null && !/^[1-9]\d{0,9}$/.test(seconds))
    throw new FrontError('config_usage', 'seconds is no whole number', {
      hint: 'leave it out for a ban without end',
    });
  const lastsMs = seconds === null ? null : Number(seconds) * 1000;
  sendJson(response, 200, await verbs.ban(query.get('address') ?? '', lastsMs));
}

async function unban(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const address = queryOf(request).get('address') ?? '';
  const unbanned = await verbs.unban(address);
  if (unbanned !== null) sendJson(response, 200, { address: unbanned });
  else sendMissing(response, `${JSON.stringify(address)} is not banned`, 'tlsfront bans lists what is');
}

/** The answer ends when the process does: whoever asked knows then that it is gone. */
function stop(verbs: ControlVerbs, _request: IncomingMessage, response: ServerResponse): void {
  const say = beginProgress(response);
  say({ type: 'progress', text: verbs.state === 'draining' ? 'ending now' : 'draining' });
  verbs.stop();
}

function logs(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  for (const line of verbs.lines) response.write(`${line}\n`);
  const follows = queryOf(request).get('follow') === '1';
  if (!follows) {
    response.end();
    return;
  }
  response.flushHeaders();
  response.once('close', verbs.follow(lineSender(response)));
}

/** One object a line: the state now, and from then on each change of it and each line of the log. */
function events(verbs: ControlVerbs, _request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  const send = lineSender(response);
  const tell = (event: FrontEvent): void => send(JSON.stringify(event));
  const tellState = (state: FrontState): void =>
    tell({ time: new Date().toISOString(), type: 'state', state });
  tellState(verbs.state);
  const leaveStates = verbs.onState(tellState);
  const leaveLines = verbs.follow((line) => tell({ time: new Date().toISOString(), type: 'line', line }));
  response.once('close', () => {
    leaveStates();
    leaveLines();
  });
}

async function metrics(
  verbs: ControlVerbs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { type, text } = await verbs.metrics(request.headers.accept);
  response.writeHead(200, { 'Content-Type': type });
  response.end(text);
}

/** A client that does not read is let go before its lines fill the memory. */
function lineSender(response: ServerResponse): (line: string) => void {
  return (line) => {
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    else response.write(`${line}\n`);
  };
}

const MAX_UNREAD_BYTES = 1024 * 1024;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
