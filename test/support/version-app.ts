/** A version of an app: says its name, how it does at `/up`, and echoes on WebSockets; all inside the test's own process. */
import { createServer, type Server } from 'node:http';
import type { TestContext } from 'node:test';
import { WebSocketServer } from 'ws';
import { listenLocally } from './app-behind.js';
import { PATIENCE_MS } from './started-front.js';

/** It does not answer `/up`. */
export const HANGS = 599;

export class VersionApp {
  /** How it answers `/up`; HANGS: not at all. */
  upStatus = 200;
  /** How often it was asked for it. */
  ups = 0;
  private readonly server: Server;
  private port = 0;

  private constructor(readonly name: string) {
    this.server = createServer((request, response) => {
      request.resume();
      if (request.url !== '/up') {
        request.once('end', () => response.end(name));
        return;
      }
      this.ups += 1;
      response.statusCode = this.upStatus;
      if (this.upStatus === HANGS) return;
      response.end();
    });
    const webSockets = new WebSocketServer({ server: this.server });
    webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${name}: ${data}`)));
  }

  static async start(t: TestContext, name: string): Promise<VersionApp> {
    const app = new VersionApp(name);
    // Longer than a test: who closes an idle connection is the front.
    app.server.keepAliveTimeout = PATIENCE_MS * 2;
    app.port = await listenLocally(app.server);
    t.after(() => app.stop());
    return app;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
