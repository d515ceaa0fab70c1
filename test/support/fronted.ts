/** Runs a group of tests once for each engine and protocol, each engine's front started once for its group. */
import { after, before, describe } from 'node:test';
import { Client, PROTOCOLS, type Protocol } from './https-client.js';
import { StartedFront, type StartedFrontOptions } from './started-front.js';

export type Engine = 'direct' | 'library';

/** TLSFRONT_TEST_ENGINES (commas) chooses; both by default. */
export const ENGINES: readonly Engine[] = (process.env.TLSFRONT_TEST_ENGINES ?? 'direct,library')
  .split(',')
  .flatMap((word): Engine[] => (word === 'direct' || word === 'library' ? [word] : []));

/** What a test of the group asks for when it runs. */
export interface Fronted {
  readonly front: StartedFront;
  /** A client over the group's protocol, closed after the group. */
  readonly client: Client;
}

/** Group with one front an engine; `register` adds the tests and gets a way to the running front. */
export function eachEngine(
  name: string,
  options: StartedFrontOptions,
  register: (running: () => StartedFront, engine: Engine) => void,
): void {
  for (const engine of ENGINES) {
    describe(`${name} (${engine})`, () => {
      let front: StartedFront | undefined;
      before(async () => {
        front = await StartedFront.start({
          ...options,
          arguments: [...options.arguments, '--engine', engine],
        });
      });
      after(() => front?.stop());
      register(() => {
        if (front === undefined) throw new Error('the front did not start');
        return front;
      }, engine);
    });
  }
}

/** As eachEngine, and within it once over HTTP/1.1 and once over HTTP/2. */
export function eachProtocol(
  name: string,
  options: StartedFrontOptions,
  register: (running: () => Fronted, protocol: Protocol, engine: Engine) => void,
): void {
  eachEngine(name, options, (running, engine) => {
    for (const protocol of PROTOCOLS) {
      describe(`over ${protocol}`, () => {
        let client: Client | undefined;
        after(() => client?.close());
        register(
          () => {
            const front = running();
            client ??= new Client({ port: front.port(), ca: front.ca }, protocol);
            return { front, client };
          },
          protocol,
          engine,
        );
      });
    }
  });
}
