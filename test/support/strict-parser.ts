/** Cuts a byte stream into HTTP/1.1 messages by RFC 9112 §6, and stops at the first byte that belongs to none. */
import {
  checkTrailers,
  readChunkSize,
  readFields,
  readRequestHead,
  readResponseHead,
  type StrictHead,
  StrictViolation,
  violate,
} from './strict-head.js';

/** A message as it grows: `complete` once its last byte was read. */
export interface StrictMessage extends StrictHead {
  body: string;
  trailers: readonly string[];
  complete: boolean;
}

/** What the parser tells of; every call is made in the order of the bytes. */
export interface StrictListener {
  head(message: StrictMessage): void;
  end(message: StrictMessage): void;
}

type State =
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'tunnel';

const MAX_HEAD_BYTES = 1 << 20;

/** Latin1 text in, messages out; one parser for each direction of a connection. */
export class StrictParser {
  /** The rule that was broken; nothing is read after it. */
  violation: string | undefined;
  /** Bytes after a 101, or after a CONNECT. */
  tunnel = '';
  /** Methods of the requests whose responses come next; a response without one is read as that of a GET. */
  readonly methods: string[] = [];
  private pending = '';
  private state: State = 'head';
  private left = 0;
  private message: StrictMessage | undefined;

  constructor(
    readonly kind: 'request' | 'response',
    readonly listener: StrictListener,
  ) {}

  /** The message that is being read and what comes after it: where to look for the culprit of a violation. */
  get unread(): string {
    return (this.message?.raw ?? '') + this.pending;
  }

  /** True between messages with nothing pending. */
  get idle(): boolean {
    return this.state === 'head' && this.pending === '';
  }

  /** Reads as far as the bytes go. */
  feed(text: string): void {
    if (this.violation !== undefined) return;
    this.pending += text;
    this.guard(() => {
      while (this.step());
    });
  }

  /** The peer has ended its side; a message that is not over stays incomplete. */
  finish(): void {
    if (this.violation !== undefined) return;
    if (this.state === 'until-close') this.end();
    else if (this.state === 'head' && this.pending !== '') {
      this.guard(() => violate('RFC 9112 §8 the connection ended inside a head', this.pending));
    }
  }

  private guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof StrictViolation)) throw error;
      this.violation = error.message;
    }
  }

  /** One step; false when more bytes are needed. */
  private step(): boolean {
    switch (this.state) {
      case 'head':
        return this.readHead();
      case 'length':
      case 'chunk-data':
        return this.readCounted();
      case 'chunk-size': {
        const line = this.takeLine();
        if (line === undefined) return false;
        this.left = readChunkSize(line);
        this.state = this.left === 0 ? 'trailers' : 'chunk-data';
        return true;
      }
      case 'chunk-end':
        if (this.pending.length < 2) return false;
        if (!this.pending.startsWith('\r\n')) violate('RFC 9112 §7.1 no CRLF after a chunk', this.pending);
        this.pending = this.pending.slice(2);
        this.state = 'chunk-size';
        return true;
      case 'trailers':
        return this.readTrailers();
      case 'until-close':
        if (this.message !== undefined) this.message.body += this.pending;
        this.pending = '';
        return false;
      case 'tunnel':
        this.tunnel += this.pending;
        this.pending = '';
        return false;
    }
  }

  private readHead(): boolean {
    if (this.pending === '') return false;
    const end = this.pending.indexOf('\r\n\r\n');
    if (end < 0) {
      // A head may still be on its way, but a bad line in it never becomes good.
      if (/[^\r]\n/.test(this.pending)) violate('RFC 9112 §2.2 bare LF', this.pending);
      if (this.pending.startsWith('\r\n')) violate('RFC 9112 §2.2 empty line before a message', this.pending);
      if (this.pending.length > MAX_HEAD_BYTES) violate('head without an end', this.pending);
      return false;
    }
    const raw = this.pending.slice(0, end);
    const head = this.kind === 'request' ? readRequestHead(raw) : readResponseHead(raw);
    this.pending = this.pending.slice(end + 4);
    const message: StrictMessage = { ...head, body: '', trailers: [], complete: false };
    this.message = message;
    this.listener.head(message);
    this.frame(message);
    return true;
  }

  /** RFC 9112 §6.3: what delimits this message. */
  private frame(message: StrictMessage): void {
    const { status } = message;
    const final = status >= 200 || status === 101;
    const method = this.kind === 'request' ? message.method : final ? this.methods.shift() : undefined;
    if (status === 101 || (method === 'CONNECT' && status < 300)) {
      this.end();
      this.state = 'tunnel';
    } else if (
      this.kind === 'response' &&
      (status < 200 || status === 204 || status === 304 || method === 'HEAD')
    ) {
      this.end();
    } else if (message.framing === 'chunked') {
      this.state = 'chunk-size';
    } else if (message.framing === 'none' && this.kind === 'response') {
      this.state = 'until-close';
    } else if (message.length > 0) {
      this.state = 'length';
      this.left = message.length;
    } else {
      this.end();
    }
  }

  private readCounted(): boolean {
    if (this.pending === '') return false;
    const part = this.pending.slice(0, this.left);
    this.pending = this.pending.slice(part.length);
    this.left -= part.length;
    if (this.message !== undefined) this.message.body += part;
    if (this.left > 0) return false;
    if (this.state === 'length') this.end();
    else this.state = 'chunk-end';
    return true;
  }

  private readTrailers(): boolean {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const end = this.pending.indexOf('\r\n', from);
      if (end < 0) return false;
      if (end === from) break;
      lines.push(this.pending.slice(from, end));
      from = end + 2;
    }
    this.pending = this.pending.slice(from + 2);
    const trailers = readFields(lines);
    checkTrailers(trailers);
    if (this.message !== undefined) this.message.trailers = trailers;
    this.end();
    return true;
  }

  private takeLine(): string | undefined {
    const end = this.pending.indexOf('\r\n');
    if (end < 0) {
      if (/\n/.test(this.pending)) violate('RFC 9112 §7.1 bare LF in a chunk line', this.pending);
      if (this.pending.length > 4096) violate('RFC 9112 §7.1.1 chunk line without an end', this.pending);
      return undefined;
    }
    const line = this.pending.slice(0, end);
    this.pending = this.pending.slice(end + 2);
    return line;
  }

  private end(): void {
    const message = this.message;
    this.message = undefined;
    this.state = 'head';
    if (message === undefined) return;
    message.complete = true;
    this.listener.end(message);
  }
}
