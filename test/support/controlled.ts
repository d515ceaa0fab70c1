/** A front and the commands that steer it, with apps inside the test's own process that answer their names and hold requests. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import { ControlClient } from '../../src/control/client.js';
import { socketPath } from '../../src/control/runtime-folder.js';
import { listenLocally } from './app-behind.js';
import { type CommandResult, runCommand } from './command.js';
import { Client, type Protocol } from './https-client.js';
import { PATIENCE_MS, StartedFront } from './started-front.js';
import type { Workspace } from './workspace.js';

/** Answers its name to everything but `/hold…`, which it answers when it is released. */
export class NamedApp {
  readonly held: ServerResponse[] = [];
  /** Paths it was asked for. */
  readonly asked: string[] = [];
  private readonly server: Server;
  private port = 0;

  private constructor(readonly name: string) {
    this.server = createServer((request, response) => {
      const { url = '' } = request;
      this.asked.push(url);
      request.resume();
      if (url.startsWith('/hold')) this.held.push(response);
      else request.once('end', () => response.end(name));
    });
  }

  static async start(t: TestContext, name: string): Promise<NamedApp> {
    const app = new NamedApp(name);
    // Longer than a test: who closes an idle connection is the front.
    app.server.keepAliveTimeout = PATIENCE_MS * 2;
    app.port = await listenLocally(app.server);
    t.after(() => {
      app.server.closeAllConnections();
      app.server.close();
    });
    return app;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  release(): void {
    for (const response of this.held.splice(0)) response.end(this.name);
  }
}

export interface Controlled {
  readonly front: StartedFront;
  /** Its control socket: the same without starting a command. */
  readonly control: ControlClient;
  /** A call of it that takes its time; resolves with its last words. */
  post(path: string, onProgress?: () => void): Promise<string | null>;
  /** A command for this front. */
  order(...args: string[]): Promise<CommandResult>;
  /** A client that is closed after the test; a new one has a connection of its own. */
  client(protocol?: Protocol): Client;
}

/** A plain HTTP front whose control socket and data are in `folder`. */
export async function startControlled(
  t: TestContext,
  folder: Workspace,
  ...more: readonly string[]
): Promise<Controlled> {
  const environment = { XDG_RUNTIME_DIR: folder.path, XDG_DATA_HOME: folder.path };
  const front = await StartedFront.start({ arguments: ['--http', '127.0.0.1:0', ...more], environment });
  t.after(() => front.stop());
  const control = new ControlClient(socketPath(folder.at('tlsfront'), front.masterPid));
  return {
    front,
    control,
    post: (path, onProgress = () => {}) => control.run(path, onProgress),
    order: (...args) =>
      runCommand([...args, '--pid', String(front.masterPid)], { XDG_RUNTIME_DIR: folder.path }, PATIENCE_MS),
    client: (protocol = 'http/1.1') => {
      const client = new Client({ port: front.port('http'), ca: undefined }, protocol);
      t.after(() => client.close());
      return client;
    },
  };
}
