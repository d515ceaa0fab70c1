/** A real router under attack: while it lasts another client asks on and must be answered, and the router's memory is watched. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Edge } from '../edge/edge.js';
import { RawHttp1Client } from './raw-client.js';

const ANSWER_MS = 5000;
const SAMPLE_MS = 50;
const MANY_MS = 400;

/** What the siege cost. */
export interface SiegeReport {
  /** Requests of the other client, all answered. */
  readonly answers: number;
  readonly slowestMs: number;
  /** Highest resident memory during the attack above that before it. */
  readonly growthMib: number;
}

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(found?.[1]) / 1024;
}

/** One front with an oracle behind it. */
export class Siege {
  private constructor(readonly edge: Edge) {}

  static async start(...more: readonly string[]): Promise<Siege> {
    return new Siege(await Edge.start('direct', ...more));
  }

  stop(): Promise<void> {
    return this.edge.stop();
  }

  get routerPid(): number {
    const found = /spawned tlsfront http 1 \(pid: (\d+)\)/.exec(this.edge.front.log());
    if (found === null) throw new Error(`no router in the log: ${this.edge.front.log()}`);
    return Number(found[1]);
  }

  /** Resident memory of the router in MiB. */
  residentMib(): number {
    return residentMib(this.routerPid);
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
   * Runs the attack beside another client, and fails when that one is not answered, when the router ends, or when its
   * memory grows by more than `mostMib`.
   */
  async during(t: TestContext, mostMib: number, attack: () => Promise<void>): Promise<SiegeReport> {
    const pid = this.routerPid;
    const beforeMib = this.residentMib();
    let peakMib = beforeMib;
    const watch = setInterval(() => {
      peakMib = Math.max(peakMib, this.residentMib());
    }, SAMPLE_MS);
    const other = await Bystander.open(this.edge);
    try {
      await Promise.all([attack().finally(() => other.leave()), other.ask()]);
    } finally {
      clearInterval(watch);
      other.leave();
    }
    const growthMib = Math.max(peakMib, this.residentMib()) - beforeMib;
    t.diagnostic(
      `${other.answers} answers to another client meanwhile, the slowest after ${Math.round(other.slowestMs)} ms; the router grew by ${growthMib.toFixed(1)} MiB`,
    );
    assert.equal(this.routerPid, pid, 'the router was not replaced');
    assert.equal(await this.edge.probe(), undefined, 'a new client after the attack');
    assert.doesNotMatch(this.edge.front.log(), /a defect of the front/);
    assert.ok(other.answers > 0, 'another client was answered');
    assert.ok(growthMib <= mostMib, `${growthMib.toFixed(1)} MiB is more than ${mostMib}`);
    return { answers: other.answers, slowestMs: other.slowestMs, growthMib };
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
