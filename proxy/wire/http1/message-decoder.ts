/** What request and response decoding share: the pull loop, the sections of lines, and the three body framings. */
import { ChunkHeader } from './chunk-header.js';
import { Http1Error } from './error.js';
import {
  BODY,
  END,
  FRAMING_CHUNKED,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
  type Framing,
  type Http1Limits,
  NEED_DATA,
} from './events.js';
import type { FieldSection } from './field-section.js';
import { NOTHING, Received } from './receive-buffer.js';
import { RecentHeads } from './recent-heads.js';
import { SectionReader, type StartLineReader } from './section-reader.js';

/** Between messages; the only state in which the peer may close. */
export const BETWEEN = 0;
/** In a head, of which some lines may already be read. */
const IN_HEAD = 1;
/** Everything but END was handed out. */
export const ENDING = 2;
const LENGTH = 3;
const UNTIL_CLOSE = 4;
const CHUNK_HEADER = 5;
const CHUNK_DATA = 6;
const CHUNK_CR = 7;
const CHUNK_LF = 8;
const TRAILERS = 9;
/** The bytes are no longer HTTP/1.1: only `takeRest()` gives them out. */
export const TUNNEL = 10;
/** The peer said that it sends no further message; whatever comes is dropped. */
export const CLOSED = 11;

/** A page's requests for documents, styles, scripts and images differ in a field or two. */
const OWN_RECENT_HEADS = 4;

const NO_FIELDS: readonly string[] = [];
const LF = 0x0a;
const CR = 0x0d;

/** Base of RequestDecoder and ResponseDecoder. */
export abstract class MessageDecoder implements StartLineReader {
  protected readonly received = new Received();
  private readonly section: SectionReader;
  protected state = BETWEEN;
  private content: Buffer = NOTHING;
  private trailerFields: readonly string[] = NO_FIELDS;
  /** Bytes left of a content or chunk of known length. */
  private remaining = 0;
  private chunkHeader: ChunkHeader | undefined = undefined;
  /** True when the last `next()` said NEED_DATA and nothing came since. */
  private starved = true;
  protected ended = false;
  private failure: unknown = undefined;

  /**
   * @param recent heads that came a moment ago on this connection, or on others to the same server
   * @param isAnswer a server's messages: what no two readers take in two ways is forgiven there
   */
  constructor(
    protected readonly limits: Http1Limits,
    private readonly recent = new RecentHeads(OWN_RECENT_HEADS),
    private readonly isAnswer: boolean,
  ) {
    this.section = new SectionReader(this.received, recent, isAnswer);
  }

  /** After BODY: a piece of the content, valid until the next `receive()`. */
  get body(): Buffer {
    return this.content;
  }

  /** After END: the trailer fields as a flat `[name, value, …]` list, mostly empty. */
  get trailers(): readonly string[] {
    return this.trailerFields;
  }

  /** How many received bytes are not yet read. */
  get pendingBytes(): number {
    return this.received.unread;
  }

  /**
   * Takes what the socket read, without a copy when nothing is left over from before. The chunk's memory may be
   * reused once `next()` has said NEED_DATA, or after `keepUnread()`.
   */
  receive(chunk: Buffer): void {
    if (chunk.length === 0 || this.state === CLOSED || this.failure !== undefined) return;
    this.starved = false;
    this.received.append(chunk);
  }

  /** Copies what is unread, for a caller that stops pulling and whose socket reuses the chunk's memory. */
  keepUnread(): void {
    this.received.keep();
  }

  /**
   * The next event, NEED_DATA when more must be received first.
   * @throws Http1Error when the peer broke the rules, and the same error ever after.
   */
  next(): number {
    if (this.failure !== undefined) throw this.failure;
    this.content = NOTHING;
    try {
      const event = this.step();
      if (event === NEED_DATA) {
        this.received.keep();
        this.starved = true;
        if (this.state === BETWEEN) this.forget();
        if (this.ended) this.checkEnd();
      } else if (event === END && this.received.unread === 0) {
        this.received.drop();
      }
      return event;
    } catch (error) {
      throw this.fail(error);
    }
  }

  /**
   * The peer has closed its side. Messages already received can still be pulled.
   * @throws Http1Error `truncated` when a message was not complete; where bytes are unread, `next()` throws it.
   */
  finish(): void {
    this.ended = true;
    if (this.failure !== undefined || (!this.starved && this.received.unread > 0)) return;
    try {
      this.checkEnd();
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** The unread bytes of a connection that became a tunnel, valid until the next `receive()`. */
  takeRest(): Buffer {
    this.state = TUNNEL;
    const rest = this.received.take(this.received.unread);
    this.received.drop();
    this.section.release();
    return rest;
  }

  /** Checks whether a message may begin here; false when more bytes are needed to tell. */
  protected abstract begin(): boolean;
  abstract readStartLine(text: string): number;
  abstract checkPartialStartLine(): void;
  /** Builds the head from start line and fields, and says which event that is. */
  protected abstract finishHead(): number;
  /** Called for END; says what state the connection is in afterwards. */
  protected abstract finishMessage(): number;
  /** What of a trailer section is told. @throws Http1Error where a field may not stand there */
  protected abstract acceptTrailers(trailers: readonly string[]): readonly string[];
  /** True when the peer still owes a message between two messages. */
  protected abstract owesMessage(): boolean;
  /** The error as this side's callers shall see it. */
  protected abstract asOwnError(error: Http1Error): Http1Error;

  /** Forgets fields that do not repeat any more. Call it a few times a second, unless the recent heads are not its own. */
  ageFields(): void {
    this.recent.age();
  }

  /** The fields of the head or the trailers read last. */
  protected get fields(): FieldSection {
    return this.section.fields;
  }

  /** Lets go of the last message. */
  protected forget(): void {
    this.section.release();
    this.trailerFields = NO_FIELDS;
  }

  /** Says how the content after the head just read is framed. */
  protected expectContent(framing: Framing, length: number): void {
    this.trailerFields = NO_FIELDS;
    if (framing === FRAMING_CHUNKED) {
      this.chunkHeader ??= new ChunkHeader(this.isAnswer);
      this.chunkHeader.reset();
      this.state = CHUNK_HEADER;
    } else if (framing === FRAMING_UNTIL_CLOSE) {
      this.state = UNTIL_CLOSE;
    } else if (framing === FRAMING_NONE || length === 0) {
      this.state = ENDING;
    } else {
      this.remaining = length;
      this.state = LENGTH;
    }
  }

  private step(): number {
    for (;;) {
      switch (this.state) {
        case BETWEEN:
          if (!this.begin()) return NEED_DATA;
          this.section.begin();
          this.state = IN_HEAD;
          break;
        case IN_HEAD:
          if (!this.section.readHead(this, this.limits)) return NEED_DATA;
          return this.finishHead();
        case ENDING:
          this.state = this.finishMessage();
          return END;
        case UNTIL_CLOSE:
          if (this.received.unread > 0) return this.takeContent(this.received.unread);
          if (!this.ended) return NEED_DATA;
          this.state = ENDING;
          break;
        case LENGTH:
        case CHUNK_DATA:
          return this.readContent();
        case TRAILERS:
          if (!this.readTrailers()) return NEED_DATA;
          this.state = ENDING;
          break;
        case TUNNEL:
          return NEED_DATA;
        case CLOSED:
          this.received.drop();
          return NEED_DATA;
        default:
          if (!this.readChunkFrame()) return NEED_DATA;
      }
    }
  }

  private readTrailers(): boolean {
    if (!this.section.readTrailers(this.limits)) return false;
    this.trailerFields = this.acceptTrailers(this.fields.headers);
    return true;
  }

  private readContent(): number {
    const count = Math.min(this.received.unread, this.remaining);
    if (count === 0) return NEED_DATA;
    this.remaining -= count;
    if (this.remaining === 0) this.state = this.state === LENGTH ? ENDING : CHUNK_CR;
    return this.takeContent(count);
  }

  private takeContent(count: number): number {
    this.content = this.received.take(count);
    return BODY;
  }

  /** Reads what stands between two chunks' data; false when the bytes are used up. */
  private readChunkFrame(): boolean {
    const received = this.received;
    const header = this.chunkHeader;
    if (received.unread === 0 || header === undefined) return false;
    if (this.state === CHUNK_HEADER) {
      const { bytes, position, end } = received;
      received.position = header.read(bytes, position, end, this.limits.chunkExtensionBytes);
      if (!header.done) return false;
      this.remaining = header.size;
      this.state = header.size > 0 ? CHUNK_DATA : TRAILERS;
      if (header.size === 0) this.section.begin();
      else header.next();
      return true;
    }
    const expected = this.state === CHUNK_CR ? CR : LF;
    if (received.bytes[received.position] !== expected) throw new Http1Error('chunk_end_missing');
    received.position += 1;
    this.state = this.state === CHUNK_CR ? CHUNK_LF : CHUNK_HEADER;
    return true;
  }

  private checkEnd(): void {
    const { state } = this;
    if (state === ENDING || state === UNTIL_CLOSE || state === TUNNEL || state === CLOSED) return;
    if (state === BETWEEN && this.received.unread === 0 && !this.owesMessage()) return;
    throw new Http1Error('truncated');
  }

  private fail(error: unknown): unknown {
    this.failure = error instanceof Http1Error ? this.asOwnError(error) : error;
    this.received.drop();
    return this.failure;
  }
}
