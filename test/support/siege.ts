/** A real router under attack: while it lasts another client asks on and must be answered, and what the router holds is watched. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Edge } from '../edge/edge.js';
import { HeldMemory, HeldWatch } from './held-memory.js';
import { RawHttp1Client } from './raw-client.js';
import { RawHttp2Client } from './raw-http2-client.js';

const ANSWER_MS = 60_000;
const MANY_MS = 400;
const WARM_UP_TURNS = 20;

/** What the siege cost. */
export interface SiegeReport {
  /** Requests of the other client, all answered. */
  readonly answers: number;
  readonly slowestMs: number;
  /** The most that was held during the attack above what was before it: living objects and buffers, no garbage. */
  readonly heldMib: number;
}

/** One front with an oracle behind it. */
export class Siege {
  private constructor(
    readonly edge: Edge,
    private readonly memory: HeldMemory,
  ) {}

  /** The router has served some requests of both protocols, so that what it holds is no longer its own code. */
  static async start(...more: readonly string[]): Promise<Siege> {
    const memory = new HeldMemory();
    try {
      const { nodeArguments } = memory;
      const siege = new Siege(
        await Edge.startWith({ engine: 'direct', arguments: more, nodeArguments }),
        memory,
      );
      await siege.warmUp();
      return siege;
    } catch (error) {
      memory.remove();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.edge.stop().finally(() => this.memory.remove());
  }

  get routerPid(): number {
    const found = /spawned tlsfront http 1 \(pid: (\d+)\)/.exec(this.edge.front.log());
    if (found === null) throw new Error(`no router in the log: ${this.edge.front.log()}`);
    return Number(found[1]);
  }

  /** What the router holds at this moment, in MiB. */
  heldMib(): Promise<number> {
    return this.memory.mib(this.routerPid);
  }

  /** The same, with the attack made again and again on connections of its own for some time. */
  async duringMany(t: TestContext, mostMib: number, attack: () => Promise<void>): Promise<SiegeReport> {
    return this.during(t, mostMib, async () => {
      const endsAt = performance.now() + MANY_MS;
      do await attack();
      while (performance.now() < endsAt);
    });
  }

  /**
   * Runs the attack beside another client, and fails when that one is not answered, when the router ends, or when it ever
   * holds `mostMib` more than before.
   */
  async during(t: TestContext, mostMib: number, attack: () => Promise<void>): Promise<SiegeReport> {
    const pid = this.routerPid;
    const watch = await HeldWatch.begin(() => this.heldMib());
    const other = await Bystander.open(this.edge);
    try {
      await Promise.all([attack().finally(() => other.leave()), other.ask()]);
    } finally {
      other.leave();
      watch.stop();
    }
    const heldMib = await watch.mostMib();
    t.diagnostic(
      `${other.answers} answers to another client meanwhile, the slowest after ${Math.round(other.slowestMs)} ms; the router held up to ${heldMib.toFixed(1)} MiB more`,
    );
    assert.equal(this.routerPid, pid, 'the router was not replaced');
    assert.equal(await this.edge.probe(), undefined, 'a new client after the attack');
    assert.doesNotMatch(this.edge.front.log(), /a defect of the front/);
    assert.ok(other.answers > 0, 'another client was answered');
    assert.ok(heldMib <= mostMib, `${heldMib.toFixed(1)} MiB were held, more than ${mostMib}`);
    return { answers: other.answers, slowestMs: other.slowestMs, heldMib };
  }

  private async warmUp(): Promise<void> {
    const get = [':method', 'GET', ':scheme', 'https', ':authority', 'localhost', ':path', '/warm-up'];
    const http1 = await RawHttp1Client.open(this.edge.front);
    const http2 = await RawHttp2Client.open(this.edge.front);
    for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
      await http1.send('GET /warm-up HTTP/1.1\r\nHost: localhost\r\n\r\n');
      http2.headers(turn * 2 + 1, get, true);
      const settled = await Promise.all([
        http1.settle(turn + 1, ANSWER_MS),
        http2.settle(turn + 1, ANSWER_MS),
      ]);
      assert.deepEqual(settled, [true, true], 'the router answers before the attack');
    }
    for (const { socket } of [http1, http2]) socket.destroy();
  }
}

/** A client that behaves: one request after the other on a connection. */
class Bystander {
  answers = 0;
  slowestMs = 0;
  private left = false;

  private constructor(
    private readonly edge: Edge,
    private client: RawHttp1Client,
  ) {}

  static async open(edge: Edge): Promise<Bystander> {
    return new Bystander(edge, await RawHttp1Client.open(edge.front));
  }

  leave(): void {
    this.left = true;
  }

  async ask(): Promise<void> {
    try {
      do {
        // As any client does: a kept connection that was closed meanwhile is opened anew.
        if (this.client.closed || this.client.socket.readableEnded) await this.reopen();
        const { client } = this;
        const sentMs = performance.now();
        const before = client.responses.length;
        await client.send('GET /bystander HTTP/1.1\r\nHost: localhost\r\n\r\n');
        await client.settle(before + 1, ANSWER_MS);
        const answer = client.responses[before];
        if (answer === undefined && client.closed) continue;
        assert.ok(answer?.complete, `no answer to another client within ${ANSWER_MS} ms`);
        assert.equal(answer.status, 200);
        this.answers += 1;
        this.slowestMs = Math.max(this.slowestMs, performance.now() - sentMs);
        await pause(10);
      } while (!this.left);
    } finally {
      this.client.socket.destroy();
    }
  }

  private async reopen(): Promise<void> {
    this.client.socket.destroy();
    this.client = await RawHttp1Client.open(this.edge.front);
  }
}
