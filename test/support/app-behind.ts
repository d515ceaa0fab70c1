/** Runs a group of tests in front of an app that the test file writes itself, once for each engine and protocol. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { after, before, describe } from 'node:test';
import { ENGINES, type Engine } from './fronted.js';
import { Client, PROTOCOLS, type Protocol } from './https-client.js';
import { StartedFront } from './started-front.js';

export interface AppBehindOptions {
  /** Options of the front, beside the listener and the app's address. */
  readonly arguments?: readonly string[];
  /** Beside what every front of a test has. */
  readonly environment?: NodeJS.ProcessEnv;
  /** For the Node of the front. */
  readonly nodeArguments?: readonly string[];
  readonly app: RequestListener | Server;
  /** What stands before the app's address in `--upstream`, such as `/api=`. */
  readonly route?: string;
  /** Both by default. */
  readonly engines?: readonly Engine[];
}

/** What a test asks for when it runs. */
export interface AppBehind {
  readonly front: StartedFront;
  /** A client over the group's protocol, closed after the group. */
  readonly client: Client;
  readonly appPort: number;
}

/** Listens on 127.0.0.1 and a free port, and gives the port. */
export async function listenLocally(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the app has no port');
  return address.port;
}

/** One app a group and one front an engine; `register` adds the tests of one protocol. */
export function appBehind(
  name: string,
  options: AppBehindOptions,
  register: (running: () => AppBehind, protocol: Protocol, engine: Engine) => void,
): void {
  for (const engine of options.engines ?? ENGINES) {
    if (!ENGINES.includes(engine)) continue;
    describe(`${name} (${engine})`, () => {
      let started: { front: StartedFront; appPort: number } | undefined;
      const server = typeof options.app === 'function' ? createServer(options.app) : options.app;
      before(async () => {
        const appPort = await listenLocally(server);
        const upstream = `${options.route ?? ''}127.0.0.1:${appPort}`;
        const own = ['--listen', '127.0.0.1:0', '--upstream', upstream, '--engine', engine];
        started = {
          front: await StartedFront.start({
            arguments: [...own, ...(options.arguments ?? [])],
            ...(options.environment === undefined ? {} : { environment: options.environment }),
            nodeArguments: options.nodeArguments ?? [],
          }),
          appPort,
        };
      });
      after(async () => {
        try {
          await started?.front.stop();
        } finally {
          server.closeAllConnections();
          server.close();
        }
      });
      for (const protocol of PROTOCOLS) {
        describe(`over ${protocol}`, () => {
          let client: Client | undefined;
          after(() => client?.close());
          const running = (): AppBehind => {
            if (started === undefined) throw new Error('the front did not start');
            const { front, appPort } = started;
            client ??= new Client({ port: front.port(), ca: front.ca }, protocol);
            return { front, client, appPort };
          };
          register(running, protocol, engine);
        });
      }
    });
  }
}
