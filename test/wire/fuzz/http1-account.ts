/** Drives an HTTP/1.1 decoder over pieces, holds it to its bounds, and tells what it read as plain values. */
import { Http1Error } from '../../../proxy/wire/http1/error.js';
import {
  BODY,
  END,
  HEAD,
  type Http1Limits,
  INFORMATIONAL,
  NEED_DATA,
} from '../../../proxy/wire/http1/events.js';
import { holds, same } from './target.js';

export interface Message<Head> {
  readonly head: Head;
  body: string;
  trailers: readonly string[];
  complete: boolean;
}

/** All that a decoder made of a byte sequence. */
export interface Account<Head> {
  readonly messages: Message<Head>[];
  readonly informational: Head[];
  /** Code and status, empty when nothing was refused. */
  error: string;
  /** What followed a head that began a tunnel; undefined when none did. */
  tunnel: string | undefined;
  /** The decoder stood between two messages, with nothing unread, before the peer closed. */
  idle: boolean;
}

export interface Decoder<Head> {
  receive(chunk: Buffer): void;
  next(): number;
  finish(): void;
  takeRest(): Buffer;
  readonly head: Head;
  readonly body: Buffer;
  readonly trailers: readonly string[];
  readonly pendingBytes: number;
  readonly idle: boolean;
}

export interface Reading<Head> {
  readonly limits: Http1Limits;
  /** The peer closes after the last piece. */
  readonly ended: boolean;
  /** The connection becomes a tunnel after this head. */
  isTunnel(head: Head): boolean;
}

class Driver<Head> {
  readonly account: Account<Head> = {
    messages: [],
    informational: [],
    error: '',
    tunnel: undefined,
    idle: false,
  };
  private steps = 0;

  constructor(
    private readonly decoder: Decoder<Head>,
    private readonly reading: Reading<Head>,
  ) {}

  /** The piece's memory is overwritten once it was read, as a socket's static buffer is. */
  give(piece: Buffer): void {
    const { account, decoder, reading } = this;
    if (account.tunnel !== undefined) {
      account.tunnel += piece.toString('latin1');
      return;
    }
    const memory = Buffer.from(piece);
    decoder.receive(memory);
    this.pull();
    const { limits } = reading;
    const bound = Math.max(limits.headBytes, limits.trailerBytes);
    holds(decoder.pendingBytes <= bound, `${decoder.pendingBytes} bytes pending`);
    holds(this.steps <= 2 * piece.length + 16, `${this.steps} events from ${piece.length} bytes`);
    this.steps = 0;
    memory.fill(0x21);
  }

  pull(): void {
    const { account, decoder } = this;
    if (account.tunnel !== undefined) return;
    for (let event = decoder.next(); event !== NEED_DATA; event = decoder.next()) {
      this.steps += 1;
      if (event === INFORMATIONAL) {
        account.informational.push(decoder.head);
      } else if (event === HEAD) {
        account.messages.push({ head: decoder.head, body: '', trailers: [], complete: false });
        if (this.reading.isTunnel(decoder.head)) {
          account.tunnel = decoder.takeRest().toString('latin1');
          return;
        }
      } else {
        this.content(event);
      }
    }
  }

  private content(event: number): void {
    const { account, decoder } = this;
    const message = account.messages.at(-1);
    holds(message !== undefined && !message.complete, `event ${event} without a message`);
    if (message === undefined) return;
    if (event === BODY) {
      holds(decoder.body.length > 0, 'an empty piece of content');
      message.body += decoder.body.toString('latin1');
    } else {
      same(event, END, 'event');
      message.complete = true;
      message.trailers = decoder.trailers;
    }
  }

  /** The same refusal as long as anybody asks. */
  refused(error: unknown): void {
    if (!(error instanceof Http1Error)) throw error;
    this.account.error = `${error.code} ${error.status}`;
    let again: unknown;
    try {
      this.decoder.receive(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      this.decoder.next();
    } catch (repeated) {
      again = repeated;
    }
    holds(again === error, 'a refusal that does not last');
  }
}

/** Gives the pieces one after the other and takes all events. */
export function readPieces<Head>(
  decoder: Decoder<Head>,
  pieces: readonly Buffer[],
  reading: Reading<Head>,
): Account<Head> {
  const driver = new Driver(decoder, reading);
  try {
    for (const piece of pieces) driver.give(piece);
    driver.account.idle = decoder.idle;
    if (reading.ended) {
      decoder.finish();
      driver.pull();
    }
  } catch (error) {
    driver.refused(error);
  }
  return driver.account;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Every name a lower-case token, every value without control characters or blanks at its ends (RFC 9110 §5). */
export function holdsFields(fields: readonly string[], what: string): void {
  holds(fields.length % 2 === 0, `${what}: odd list`);
  for (let index = 0; index < fields.length; index += 2) {
    const [name = '', value = ''] = fields.slice(index, index + 2);
    holds(NAME.test(name), `${what}: name ${JSON.stringify(name)}`);
    holds(VALUE.test(value), `${what}: value ${JSON.stringify(value)}`);
  }
}

/** All values of a field. */
export function valuesOf(fields: readonly string[], wanted: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index] === wanted) values.push(fields[index + 1] ?? '');
  }
  return values;
}
