/** Serves `--stats` as uWSGI does: whoever connects gets one JSON document, and the connection is closed. */
import { lstatSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { formatListenAddress } from '../../shared/addresses/host-port.js';
import type { StatsAddress } from '../../shared/config/listeners.js';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';

const MAX_CONNECTIONS = 64;
/** Whoever does not read it by then is not waited for. */
const TIMEOUT_MS = 10_000;

/** What uWSGI writes before the document with --stats-http. */
const HTTP_HEAD =
  'HTTP/1.0 200 OK\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n\r\n';

/** The listeners; they hold no process alive. */
export class StatsListener {
  private readonly servers: { readonly server: Server; readonly address: StatsAddress }[] = [];
  private readonly sockets = new Set<Socket>();

  /** @param describe the document at this moment */
  constructor(
    private readonly isHttp: boolean,
    private readonly describe: () => Promise<object>,
  ) {}

  /**
   * Listens on every address.
   * @returns them as bound, as a person writes them
   * @throws FrontError listen_failed; nothing is listened on then
   */
  async open(addresses: readonly StatsAddress[]): Promise<readonly string[]> {
    try {
      for (const address of addresses) await this.listen(address);
    } catch (error) {
      this.close();
      throw error;
    }
    return this.servers.map(({ server, address }) => {
      const bound = server.address();
      return typeof bound === 'object' && bound !== null
        ? formatListenAddress(address.host, bound.port)
        : (address.path ?? '');
    });
  }

  close(): void {
    for (const { server } of this.servers.splice(0)) server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private listen(address: StatsAddress): Promise<void> {
    const { host, port, path } = address;
    const server = createServer((socket) => this.answer(socket));
    server.maxConnections = MAX_CONNECTIONS;
    server.unref();
    if (path !== null) removeOldSocket(path);
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        const code = systemCode(cause);
        const reason = code === 'EADDRINUSE' ? 'another process has it' : (code ?? String(cause));
        const where = path ?? formatListenAddress(host, port);
        const hint = 'give --stats another address, such as 127.0.0.1:1717';
        reject(new FrontError('listen_failed', `cannot serve stats on ${where}: ${reason}`, { hint, cause }));
      });
      const done = (): void => {
        this.servers.push({ server, address });
        resolve();
      };
      if (path !== null) server.listen({ path }, done);
      else server.listen({ port, ...(host === '' ? {} : { host }) }, done);
    });
  }

  private answer(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    // What a client of HTTP asks for is not read on, but must not end the connection by a reset.
    socket.resume();
    this.describe().then(
      (document) => socket.end(`${this.isHttp ? HTTP_HEAD : ''}${JSON.stringify(document, null, '\t')}`),
      () => socket.destroy(),
    );
  }
}

/** As uWSGI does, but no other kind of file. */
function removeOldSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) rmSync(path);
  } catch {
    // There is none, or the next step says why it cannot be.
  }
}
