/** A front with the oracle behind it, the tokens by which cases know their messages, and the probe that asks whether it lives. */

import { until } from '../support/deadline.js';
import { type Engine, type FrontOptions, type RunningFront, startFront, testPeer } from '../support/front.js';
import { Oracle, type OracleMessage, type OracleViolation, tokensIn } from '../support/oracle.js';
import { RawHttp1Client } from '../support/raw-client.js';

/** Engines that the edge tests run over: TLSFRONT_TEST_ENGINES (commas), both by default. */
export const engines: readonly Engine[] = chosenEngines();

function chosenEngines(): Engine[] {
  if (testPeer !== '') return ['direct'];
  const words = (process.env.TLSFRONT_TEST_ENGINES ?? 'direct,library').split(',');
  return words.flatMap((word): Engine[] => (word === 'direct' || word === 'library' ? [word] : []));
}

/** What a table of cases runs against. */
export class Edge {
  private constructor(
    readonly oracle: Oracle,
    readonly front: RunningFront,
  ) {}

  static start(engine: Engine, ...more: readonly string[]): Promise<Edge> {
    return Edge.startWith({ engine, arguments: more });
  }

  static async startWith(options: Omit<FrontOptions, 'upstreamPort'>): Promise<Edge> {
    const oracle = await new Oracle().start();
    try {
      return new Edge(oracle, await startFront({ ...options, upstreamPort: oracle.port }));
    } catch (error) {
      await oracle.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.front.stop();
    await this.oracle.stop();
  }

  /** A word that no other case of this edge has. */
  token(): string {
    return this.oracle.token();
  }

  /** Sends a plain GET on a fresh connection. Returns what is wrong with the outcome, or undefined. */
  async probe(): Promise<string | undefined> {
    if (!this.front.running()) return `the front has ended; log: ${this.front.log().slice(-500)}`;
    const token = this.token();
    const client = await RawHttp1Client.open(this.front).catch(() => undefined);
    if (client === undefined) return `the front takes no connection; log: ${this.front.log().slice(-500)}`;
    await client.send(`GET /probe-${token} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const settled = await client.settle(1, 30_000);
    await client.finish(500);
    const [answer] = client.responses;
    if (!settled || answer === undefined) return 'the probe got no answer';
    if (
      answer.status !== 200 ||
      !answer.complete ||
      !/^#\d+ GET \/probe-tk\d+x \n$/.test(answer.body) ||
      !answer.body.includes(token)
    ) {
      return `the probe got ${answer.status} ${JSON.stringify(answer.body.slice(0, 120))}`;
    }
    return client.problem;
  }

  /** After a process of the front has ended: waits for its successor, so that the cases after it are judged for themselves. */
  async recovered(): Promise<void> {
    if (this.deaths().length === 0) return;
    const open = async (): Promise<true | undefined> => {
      const client = await RawHttp1Client.open(this.front).catch(() => undefined);
      client?.socket.destroy();
      return client === undefined ? undefined : true;
    };
    await until(open, 30_000, 'the front taking connections again').catch(() => undefined);
  }

  /** Log lines that tell of a process of the front that ended on its own. */
  deaths(): string[] {
    return this.front
      .log()
      .split('\n')
      .filter((line) => /ended by|respawn/.test(line));
  }

  /** Messages that no case and no probe ever sent. */
  strangers(): OracleMessage[] {
    return this.oracle.messages.filter((message) => tokensIn(message.raw).length === 0);
  }

  /** Violations that no case can be blamed for. */
  orphanViolations(): OracleViolation[] {
    return this.oracle.violations.filter((violation) => violation.token === '');
  }
}
