/** Reads one chunk-size line byte by byte, so that no split of the input makes it hold anything back. */
import { HEX_PLUS_ONE, TOKEN_LOWER } from '../syntax/characters.js';
import { Http1Error } from './error.js';

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** 13 digits hold 2^52-1, beyond any content; more would only cost precision. */
const MAX_DIGITS = 13;

const SIZE = 0;
const LINE_FEED = 1;
const NAME_START = 2;
const NAME = 3;
const VALUE_START = 4;
const VALUE = 5;
const QUOTED = 6;
const ESCAPED = 7;
const QUOTED_END = 8;
const DONE = 9;
const BLANKS = 10;

/**
 * `chunk-size [ chunk-ext ] CRLF` (RFC 9112 §7.1), without the bad whitespace the grammar tolerates but for one place:
 * blanks between size and line end, as some servers pad their sizes, where `takesBlanks`. They can be read in one way only.
 */
export class ChunkHeader {
  /** The chunk's size in bytes, once `done`; 0 for the last chunk. */
  size = 0;
  private state = SIZE;
  private digits = 0;
  /** Summed over the message, for many small chunks can carry as much as one. */
  private extensionBytes = 0;

  constructor(private readonly takesBlanks: boolean) {}

  get done(): boolean {
    return this.state === DONE;
  }

  /** Starts the first chunk of a message. */
  reset(): void {
    this.extensionBytes = 0;
    this.next();
  }

  /** Starts the next chunk of the same message. */
  next(): void {
    this.state = SIZE;
    this.size = 0;
    this.digits = 0;
  }

  /**
   * Reads from `[from, to)` of `bytes` until the line is complete or the bytes are used up.
   * @returns where it stopped.
   * @throws Http1Error `chunk_size_invalid`, `chunk_extension_invalid` or `chunk_extensions_too_large`.
   */
  read(bytes: Buffer, from: number, to: number, mostExtensionBytes: number): number {
    let at = from;
    while (at < to && this.state !== DONE) {
      const byte = bytes[at] ?? 0;
      at += 1;
      if (this.state === SIZE) {
        this.readSize(byte);
      } else if (this.state === LINE_FEED) {
        if (byte !== LF) throw new Http1Error('line_end_invalid');
        this.state = DONE;
      } else if (this.state === BLANKS) {
        this.readBlank(byte, mostExtensionBytes);
      } else {
        this.extensionBytes += 1;
        if (this.extensionBytes > mostExtensionBytes) throw new Http1Error('chunk_extensions_too_large');
        this.state = nextInExtension(this.state, byte);
      }
    }
    return at;
  }

  private readSize(byte: number): void {
    const digit = HEX_PLUS_ONE[byte] ?? 0;
    if (digit > 0 && this.digits < MAX_DIGITS) {
      this.digits += 1;
      this.size = this.size * 16 + digit - 1;
    } else if (this.digits > 0 && byte === CR) {
      this.state = LINE_FEED;
    } else if (this.digits > 0 && this.takesBlanks && (byte === SP || byte === HTAB)) {
      this.extensionBytes += 1;
      this.state = BLANKS;
    } else if (this.digits > 0 && byte === SEMICOLON) {
      this.state = NAME_START;
    } else {
      throw new Http1Error('chunk_size_invalid');
    }
  }

  private readBlank(byte: number, mostBytes: number): void {
    if (byte === CR) this.state = LINE_FEED;
    else if (byte !== SP && byte !== HTAB) throw new Http1Error('chunk_size_invalid');
    else {
      this.extensionBytes += 1;
      if (this.extensionBytes > mostBytes) throw new Http1Error('chunk_extensions_too_large');
    }
  }
}

/** The state after `byte` of a chunk extension (RFC 9112 §7.1.1). */
function nextInExtension(state: number, byte: number): number {
  const isTokenByte = (TOKEN_LOWER[byte] ?? 0) !== 0;
  switch (state) {
    case NAME_START:
      if (isTokenByte) return NAME;
      break;
    case NAME:
      if (isTokenByte) return NAME;
      if (byte === EQUALS) return VALUE_START;
      return afterExtension(byte);
    case VALUE_START:
      if (isTokenByte) return VALUE;
      if (byte === QUOTE) return QUOTED;
      break;
    case VALUE:
      return isTokenByte ? VALUE : afterExtension(byte);
    case QUOTED:
      if (byte === QUOTE) return QUOTED_END;
      if (byte === BACKSLASH) return ESCAPED;
      if (isQuotable(byte)) return QUOTED;
      break;
    case ESCAPED:
      if (isQuotable(byte)) return QUOTED;
      break;
    case QUOTED_END:
      return afterExtension(byte);
  }
  throw new Http1Error('chunk_extension_invalid');
}

function afterExtension(byte: number): number {
  if (byte === SEMICOLON) return NAME_START;
  if (byte === CR) return LINE_FEED;
  throw new Http1Error('chunk_extension_invalid');
}

function isQuotable(byte: number): boolean {
  return byte === HTAB || (byte >= SP && byte < 0x7f);
}
