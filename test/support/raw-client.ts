/** A client on a raw TLS or plain socket: sends bytes exactly as given and reads the responses strictly. */
import { connect as connectPlain, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { within } from './deadline.js';
import { StrictParser } from './strict-parser.js';

/** Where the front listens, and what makes its certificate trusted. */
export interface FrontAddress {
  readonly port: number;
  /** PEM of the authority; undefined: a plain connection. */
  readonly ca: string | undefined;
  /** Where the client comes from; left out: 127.0.0.1. */
  readonly localAddress?: string;
}

/** A final response as the client saw it. */
export interface ClientResponse {
  readonly status: number;
  readonly headers: readonly string[];
  body: string;
  trailers: readonly string[];
  /** False while it grows, and for ever when it was cut. */
  complete: boolean;
  /** HTTP/2 stream; 0 over HTTP/1.1. */
  readonly stream: number;
}

/** What both raw clients offer to the judge of a case. */
export interface RawClient {
  /** Final responses in the order of their heads. */
  readonly responses: readonly ClientResponse[];
  /** Statuses of 1xx responses. */
  readonly informational: readonly number[];
  /** The rule that the front's own bytes broke, if any. */
  readonly problem: string | undefined;
  /** HTTP/2: streams that were reset; HTTP/1.1: always 0. */
  readonly resets: number;
  readonly closed: boolean;
  /**
   * Waits until `count` responses are over (complete, or their stream reset) or the connection is closed.
   * @returns false when `ms` were over before
   */
  settle(count: number, ms: number): Promise<boolean>;
  /** Ends the client's side and waits, up to `ms`, for the front to close; then destroys the connection. */
  finish(ms: number): Promise<void>;
}

/** Waits for a change in what a client has seen. */
export class Waiters {
  private wake: Array<() => void> = [];

  /** Something changed. */
  notify(): void {
    const woken = this.wake;
    this.wake = [];
    for (const wake of woken) wake();
  }

  /** True once the condition holds; false when `ms` were over before. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const endsAt = performance.now() + ms;
    while (!condition()) {
      const left = endsAt - performance.now();
      if (left <= 0) return false;
      const limit = new AbortController();
      const changed = new Promise<void>((resolve) => this.wake.push(resolve));
      await Promise.race([changed, pause(left, undefined, { signal: limit.signal }).catch(() => undefined)]);
      limit.abort();
    }
    return true;
  }
}

const CONNECT_MS = 60_000;

/** Connects with verification on; the server name is `localhost`. */
export async function openSocket(front: FrontAddress, alpn: 'http/1.1' | 'h2'): Promise<Socket> {
  const { port, ca } = front;
  // node:tls passes it on to node:net, and does not say so in its types.
  const from = { localAddress: front.localAddress ?? '127.0.0.1' };
  const secure = ca !== undefined;
  const socket = secure
    ? connectTls({
        host: '127.0.0.1',
        port,
        ca,
        ...from,
        servername: 'localhost',
        ALPNProtocols: [alpn],
      })
    : connectPlain({ host: '127.0.0.1', port, ...from });
  socket.setNoDelay(true);
  const ready = new Promise<void>((resolve, reject) => {
    socket.once(secure ? 'secureConnect' : 'connect', resolve);
    socket.once('error', reject);
  });
  try {
    await within(ready, CONNECT_MS, `a connection to the front on port ${port}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

/** HTTP/1.1 over a raw socket. */
export class RawHttp1Client implements RawClient {
  readonly responses: ClientResponse[] = [];
  readonly informational: number[] = [];
  readonly resets = 0;
  closed = false;
  /** All that came, as latin1. */
  received = '';
  private readonly waiters = new Waiters();
  private readonly parser: StrictParser;
  private current: ClientResponse | undefined;

  private constructor(
    readonly socket: Socket,
    methods: readonly string[],
  ) {
    this.parser = new StrictParser('response', {
      head: (message) => {
        if (message.status < 200 && message.status !== 101) this.informational.push(message.status);
        else {
          // The parser's own object: its body and completeness are seen as they grow.
          this.current = Object.assign(message, { stream: 0 });
          this.responses.push(this.current);
        }
      },
      end: () => undefined,
    });
    this.parser.methods.push(...methods);
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      this.received += text;
      this.parser.feed(text);
      this.waiters.notify();
    });
    socket.on('drain', () => this.waiters.notify());
    socket.on('error', () => undefined);
    socket.on('end', () => this.parser.finish());
    socket.on('close', () => {
      this.closed = true;
      this.waiters.notify();
    });
  }

  /** `methods`: those of the requests to come, where one is HEAD or CONNECT. */
  static async open(front: FrontAddress, methods: readonly string[] = []): Promise<RawHttp1Client> {
    return new RawHttp1Client(await openSocket(front, 'http/1.1'), methods);
  }

  get problem(): string | undefined {
    return this.parser.violation;
  }

  /** Bytes after a 101. */
  get tunnel(): string {
    return this.parser.tunnel;
  }

  /** Sends latin1 pieces, each in its own packet. */
  async send(...pieces: readonly string[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await pause(8);
      if (this.socket.destroyed) return;
      if (this.socket.write(piece, 'latin1')) continue;
      await this.waiters.until(() => this.closed || !this.socket.writableNeedDrain, 30_000);
    }
  }

  /** Waits for a condition on what was received. */
  until(condition: () => boolean, ms: number): Promise<boolean> {
    return this.waiters.until(condition, ms);
  }

  settle(count: number, ms: number): Promise<boolean> {
    return this.waiters.until(
      () =>
        this.closed ||
        this.problem !== undefined ||
        this.responses.filter((response) => response.complete).length >= count,
      ms,
    );
  }

  async finish(ms: number): Promise<void> {
    this.socket.end();
    await this.waiters.until(() => this.closed, ms);
    this.socket.destroy();
  }
}
