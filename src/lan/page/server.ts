/** Serves the page for phones: plain HTTP on the private addresses, with nothing in it that is a secret. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { LanPlace } from '../../shared/config/lan.js';
import { systemCode } from '../../shared/system-error.js';
import { DEVICES, type Device, deviceOf, isDevice } from './devices.js';
import { type Download, downloadsOf, fingerprintOf } from './downloads.js';
import { PAGE_SCRIPT, pageHtml } from './html.js';

/** A few phones open a page now and then. */
const MAX_CONNECTIONS = 64;
const TIMEOUT_MS = 10_000;
/** Visitors that are told apart. */
const MAX_VISITORS = 256;

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** What happens on it; each is told once an address. */
export interface PageEvents {
  onVisited(address: string, device: string): void;
  onTrusted(address: string, device: string): void;
}

export class PhonePage {
  private servers: readonly Server[] = [];
  private readonly downloads: ReadonlyMap<string, Download>;
  private readonly fingerprint: string;
  private readonly visitors = new Set<string>();
  private readonly trusting = new Set<string>();

  /** @param name what the page is called: `shop.local` */
  constructor(
    private readonly name: string,
    private readonly places: readonly LanPlace[],
    authorityPem: string,
    private readonly events: PageEvents,
  ) {
    this.downloads = downloadsOf(authorityPem);
    this.fingerprint = fingerprintOf(authorityPem);
  }

  /** Listens on every address at one port. @param wanted tried first; any free one where another has it. Rejects where there is none */
  async open(wanted: number): Promise<number> {
    const failure = await this.listen(wanted).catch((error: unknown) => error);
    if (typeof failure === 'number') return failure;
    this.close();
    if (wanted === 0 || systemCode(failure) !== 'EADDRINUSE') throw failure;
    return this.listen(0);
  }

  close(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
    this.servers = [];
  }

  private async listen(wanted: number): Promise<number> {
    let port = wanted;
    for (const { network, url } of this.places) {
      const server = createServer(
        { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, keepAliveTimeout: TIMEOUT_MS },
        (request, response) => this.respond(request, response, url),
      );
      server.maxConnections = MAX_CONNECTIONS;
      this.servers = [...this.servers, server];
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, network.address, resolve);
      });
      const bound = server.address();
      if (typeof bound === 'object' && bound !== null) port = bound.port;
    }
    return port;
  }

  private respond(request: IncomingMessage, response: ServerResponse, url: string): void {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const device = deviceOf(request.headers['user-agent'] ?? '');
    const address = request.socket.remoteAddress ?? '';
    const send = (status: number, type: string, body: string | Buffer): void => {
      response.writeHead(status, { ...HEADERS, 'content-type': type });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method === 'POST' && path === '/trusted') {
      tellOnce(this.trusting, address, device, this.events.onTrusted);
      send(204, 'text/plain', '');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send(405, 'text/plain', 'only GET and HEAD\n');
      return;
    }
    const download = this.downloads.get(path);
    if (path === '/') {
      tellOnce(this.visitors, address, device, this.events.onVisited);
      const chosen = new URLSearchParams(query).get('device') ?? '';
      const { name, fingerprint } = this;
      const shown = isDevice(chosen) ? chosen : device;
      send(200, 'text/html; charset=utf-8', pageHtml({ device: shown, url, name, fingerprint }));
    } else if (path === '/page.js') send(200, 'text/javascript; charset=utf-8', PAGE_SCRIPT);
    else if (download === undefined) send(404, 'text/plain', 'here is /\n');
    else {
      // Android saves it by this name; iOS shows a profile that is no attachment.
      if (path.endsWith('.crt'))
        response.setHeader('content-disposition', 'attachment; filename="tlsfront.crt"');
      send(200, download.type, download.body);
    }
  }
}

function tellOnce(
  known: Set<string>,
  address: string,
  device: Device,
  tell: (address: string, device: string) => void,
): void {
  if (known.has(address) || known.size >= MAX_VISITORS) return;
  known.add(address);
  tell(address, DEVICES[device].name);
}
