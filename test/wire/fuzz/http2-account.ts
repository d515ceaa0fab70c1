/** Drives the HTTP/2 codec over pieces of a client's bytes, answers in a fixed way, and tells what it read and wrote as plain values. */
import { Http2ServerConnection } from '../../../proxy/wire/http2/connection.js';
import type { RequestHead } from '../../../proxy/wire/http2/events.js';
import * as events from '../../../proxy/wire/http2/events.js';
import { DEFAULT_HTTP2_SETTINGS, type Http2Limits } from '../../../proxy/wire/http2/limits.js';
import { holds } from './target.js';

/** One request as it was told, whole or not. */
export interface Http2Message {
  readonly streamId: number;
  readonly head: RequestHead;
  body: string;
  trailers: string[];
  complete: boolean;
  /** The RST_STREAM or stream error that cut it, -1 for none. */
  resetCode: number;
}

/** All that a connection told and wrote. */
export interface Http2Account {
  readonly messages: Http2Message[];
  /** Every event in order, the pieces of one DATA run joined. */
  readonly events: (number | string)[];
  /** Code and reason once the connection was closed, otherwise empty. */
  closed: string;
  output: Buffer;
}

/** How a driver treats requests: it only takes them, or answers each at once or when it is complete. */
export type Policy = 'take' | 'answer';

const NOW_MS = 1_000;
/** Response content that fits neither a frame nor the first window. */
const LONG = Buffer.alloc(70_000, 'l');
const MAX_OUTPUT_BYTES = 1 << 20;

class Driver {
  readonly account: Http2Account = { messages: [], events: [], closed: '', output: Buffer.alloc(0) };
  private readonly byId = new Map<number, Http2Message>();
  private readonly connection: Http2ServerConnection;
  private readonly outputs: Buffer[] = [];
  private steps = 0;

  constructor(
    limits: Http2Limits,
    private readonly policy: Policy,
  ) {
    this.connection = new Http2ServerConnection(DEFAULT_HTTP2_SETTINGS, limits);
  }

  give(piece: Buffer): void {
    const memory = Buffer.from(piece);
    this.connection.receive(memory, NOW_MS);
    this.pull();
    memory.fill(0x21);
    const { connection } = this;
    holds(connection.openStreams <= DEFAULT_HTTP2_SETTINGS.maxConcurrentStreams, 'too many streams');
    holds(this.steps <= piece.length + 32, `${this.steps} events from ${piece.length} bytes`);
    this.steps = 0;
    if (this.policy === 'answer') this.write();
  }

  /** Takes the output, a part at a time. */
  write(): void {
    const { connection } = this;
    for (let most = 64; connection.hasOutput; most -= 1) {
      holds(most > 0, 'output without end');
      const output = connection.takeOutput(16_384);
      if (output === null) break;
      this.outputs.push(Buffer.from(output));
      this.pull();
    }
    holds(connection.outputBytes <= MAX_OUTPUT_BYTES, `${connection.outputBytes} bytes wait`);
  }

  finish(): Http2Account {
    this.write();
    this.connection.checkTimers(NOW_MS);
    this.account.output = Buffer.concat(this.outputs);
    return this.account;
  }

  private pull(): void {
    const { connection, account } = this;
    for (;;) {
      const event = connection.next();
      if (event === events.NEED_DATA) return;
      this.steps += 1;
      if (event === events.CLOSED) {
        const closed = `${connection.errorCode} ${connection.closeReason}`;
        holds(account.closed === '' || account.closed === closed, 'two different ends');
        holds(connection.closed, 'closed and not closed');
        account.closed = closed;
        return;
      }
      holds(account.closed === '', 'an event after the end');
      this.tell(event);
    }
  }

  private tell(event: number): void {
    const { connection, account } = this;
    const { streamId } = connection;
    const message = this.byId.get(streamId);
    switch (event) {
      case events.REQUEST:
        holds(message === undefined, 'a second request on a stream');
        this.request(streamId);
        break;
      case events.DATA:
      case events.TRAILERS:
        holds(message !== undefined && !message.complete && message.resetCode < 0, 'content of no request');
        if (message !== undefined) this.content(event, message);
        break;
      case events.RESET:
        holds(message !== undefined && message.resetCode < 0, 'reset of no request');
        account.events.push(event, streamId, connection.errorCode, String(connection.resetByPeer));
        if (message !== undefined) message.resetCode = connection.errorCode;
        connection.releaseStream(streamId);
        break;
      case events.WRITABLE:
        break;
      default:
        account.events.push(event, connection.errorCode);
    }
  }

  private request(streamId: number): void {
    const { connection, account } = this;
    const { head, endStream } = connection;
    const message = { streamId, head, body: '', trailers: [], complete: endStream, resetCode: -1 };
    holds(head.endStream === endStream, 'two opinions on the end');
    account.messages.push(message);
    account.events.push(events.REQUEST, streamId, JSON.stringify(head));
    this.byId.set(streamId, message);
    if (this.policy === 'answer' && (endStream || streamId % 8 === 3)) this.answer(streamId);
  }

  private content(event: number, message: Http2Message): void {
    const { connection, account } = this;
    const { streamId, endStream } = connection;
    if (event === events.TRAILERS) {
      message.trailers = connection.trailers;
      message.complete = true;
      account.events.push(event, streamId, JSON.stringify(connection.trailers));
    } else {
      const text = connection.data.toString('latin1');
      message.body += text;
      message.complete = endStream;
      this.tellData(streamId, text, endStream);
      connection.consume(streamId, text.length);
    }
    if (message.complete && this.policy === 'answer') this.answer(streamId);
  }

  /** One entry for the DATA events in a row, because pieces may cut frames. */
  private tellData(streamId: number, text: string, endStream: boolean): void {
    const told = this.account.events;
    const last = told.length - 4;
    if (told[last] === events.DATA && told[last + 1] === streamId && told[last + 3] === 'false') {
      told[last + 2] = `${told[last + 2]}${text}`;
      told[last + 3] = String(endStream);
    } else {
      told.push(events.DATA, streamId, text, String(endStream));
    }
  }

  /** A second answer on a stream does nothing. */
  private answer(streamId: number): void {
    const { connection } = this;
    const fields = ['content-type', 'text/plain', 'x-stream', String(streamId)];
    switch ((streamId >> 1) % 5) {
      case 0:
        connection.sendHeaders(streamId, 204, fields, true);
        break;
      case 1:
        connection.sendInformational(streamId, 103, ['link', '</a>']);
        connection.sendHeaders(streamId, 200, fields, false);
        connection.sendLatin1(streamId, 'short', true);
        break;
      case 2:
        connection.sendHeaders(streamId, 200, fields, false);
        connection.sendData(streamId, LONG, 0, LONG.length, true);
        break;
      case 3:
        connection.sendHeaders(streamId, 200, fields, false);
        connection.sendData(streamId, LONG, 0, 100, false);
        connection.sendTrailers(streamId, ['x-sum', 'a']);
        break;
      default:
        connection.resetStream(streamId, 2);
    }
  }
}

/** Gives the pieces one after the other. `answer` writes after each of them, `take` only at the end. */
export function readConnection(pieces: readonly Buffer[], limits: Http2Limits, policy: Policy): Http2Account {
  const driver = new Driver(limits, policy);
  for (const piece of pieces) driver.give(piece);
  return driver.finish();
}
