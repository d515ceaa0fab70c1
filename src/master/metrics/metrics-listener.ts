/** Serves the metrics and the health of the front on an address of their own: plain HTTP/1.1, for scrapers and probes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { formatListenAddress } from '../../shared/addresses/host-port.js';
import type { ListenAddress } from '../../shared/config/listeners.js';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import { formFor, METRICS_TYPES, type MetricsForm } from './metrics-text.js';

/** Scrapers are few; whoever opens more than this means harm. */
const MAX_CONNECTIONS = 64;
const TIMEOUT_MS = 10_000;

/** What is asked of the front. */
export interface Observed {
  metrics(form: MetricsForm): Promise<string>;
  /** It takes requests. */
  isServing(): boolean;
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

async function respond(
  observed: Observed,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const plain = 'text/plain; charset=utf-8';
  const path = (request.url ?? '').split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    answer(response, 405, plain, 'only GET and HEAD\n');
  } else if (path === '/metrics') {
    const form = formFor(request.headers.accept);
    answer(response, 200, METRICS_TYPES[form], await observed.metrics(form));
  } else if (path === '/healthz') {
    const isWell = observed.isServing();
    answer(response, isWell ? 200 : 503, plain, isWell ? 'ok\n' : 'not serving\n');
  } else answer(response, 404, plain, 'here are /metrics and /healthz\n');
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const code = systemCode(cause);
      const reason = code === 'EADDRINUSE' ? 'another process has it' : (code ?? String(cause));
      const where = formatListenAddress(host, port);
      const hint = 'give --metrics another address, such as 127.0.0.1:9180';
      reject(new FrontError('listen_failed', `cannot serve metrics on ${where}: ${reason}`, { hint, cause }));
    });
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
}

/** The listeners of `--metrics`; they hold no process alive. */
export class MetricsListener {
  private servers: readonly Server[] = [];

  constructor(private readonly observed: Observed) {}

  /**
   * Listens on every address.
   * @returns them as bound
   * @throws FrontError listen_failed; nothing is listened on then
   */
  async open(addresses: readonly ListenAddress[]): Promise<readonly ListenAddress[]> {
    this.servers = addresses.map(() => this.create());
    try {
      for (const [index, server] of this.servers.entries()) {
        const address = addresses[index];
        if (address !== undefined) await listen(server, address);
      }
    } catch (error) {
      this.close();
      throw error;
    }
    return this.servers.flatMap((server, index) => {
      const bound = server.address();
      const host = addresses[index]?.host ?? '';
      return typeof bound === 'object' && bound !== null ? [{ host, port: bound.port }] : [];
    });
  }

  close(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    this.servers = [];
  }

  private create(): Server {
    const server = createServer(
      { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, keepAliveTimeout: TIMEOUT_MS },
      (request, response) => {
        respond(this.observed, request, response).catch(() => response.destroy());
      },
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.unref();
    return server;
  }
}
