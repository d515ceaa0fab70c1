/** Compresses one response body as it passes, through node:zlib, with bounded memory. */
import { Transform } from 'node:stream';
import type { Coding } from '../../exchange/headers/compression.js';

/** Who gets the compressed bytes. */
export interface EncodedBodySink {
  onEncoded(chunk: Buffer): void;
  /** All bytes were given; `trailers` follow them. */
  onEncodedEnd(trailers: readonly string[]): void;
  /** More may be written. */
  onEncoderRoom(): void;
  onEncoderFailure(): void;
}

type Zlib = Transform & { flush(kind: number, callback?: () => void): void };

/** Bodies of a router compressed at a time; each holds about a megabyte. Further ones pass as they are. */
const MAX_ENCODERS = 128;
/** Bytes of compressed output that a body may have waiting. */
const OUTPUT_CHUNK_BYTES = 32 * 1024;
// Names and numbers of zstd.h; the types of the oldest Node that is supported know neither.
const ZSTD_LEVEL = 100;
const ZSTD_WINDOW_LOG = 101;
const ZSTD_FLUSH = 1;

/** Holds what Node made against what its types do not tell. */
function requireZlib(made: unknown): Zlib {
  if (isZlib(made)) return made;
  throw new Error('node:zlib made no stream');
}

function isZlib(made: unknown): made is Zlib {
  return made instanceof Transform && 'flush' in made && typeof made.flush === 'function';
}

/** One coding that this Node has. */
interface Coder {
  make(): Zlib;
  /** What a flush asks of it. */
  readonly flushKind: number;
}

/** Loaded with the first body that may be compressed. */
let loaded: ReadonlyMap<Coding, Coder> | null = null;

function coders(): ReadonlyMap<Coding, Coder> {
  loaded ??= loadCoders();
  return loaded;
}

/** The most wanted first. */
function loadCoders(): ReadonlyMap<Coding, Coder> {
  const zlib = process.getBuiltinModule('node:zlib');
  const { constants } = zlib;
  const found = new Map<Coding, Coder>();
  const params = {
    // Level 4 costs about what gzip's default costs, and the small window keeps it near its memory.
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 18,
  };
  found.set('br', {
    make: () => zlib.createBrotliCompress({ chunkSize: OUTPUT_CHUNK_BYTES, params }),
    flushKind: constants.BROTLI_OPERATION_FLUSH,
  });
  const createZstd: unknown = Reflect.get(zlib, 'createZstdCompress');
  if (typeof createZstd === 'function') {
    const options = { chunkSize: OUTPUT_CHUNK_BYTES, params: { [ZSTD_LEVEL]: 3, [ZSTD_WINDOW_LOG]: 18 } };
    found.set('zstd', { make: () => requireZlib(createZstd(options)), flushKind: ZSTD_FLUSH });
  }
  found.set('gzip', {
    make: () => zlib.createGzip({ chunkSize: OUTPUT_CHUNK_BYTES }),
    flushKind: constants.Z_SYNC_FLUSH,
  });
  return found;
}

let codings: readonly Coding[] | null = null;
const NONE: readonly Coding[] = [];
let open = 0;

/** The codings that can be had now, the most wanted first. */
export function availableCodings(): readonly Coding[] {
  codings ??= [...coders().keys()];
  return open < MAX_ENCODERS ? codings : NONE;
}

export class BodyEncoder {
  private readonly stream: Zlib;
  private readonly flushKind: number;
  private closed = false;
  /** Writes that zlib has not taken yet. */
  private pendingWrites = 0;
  private wantsFlush = false;
  private trailers: readonly string[] = [];
  private readonly onTaken = (): void => this.taken();

  /**
   * @param coding one of `availableCodings`
   * @param flushes what comes is passed on whenever nothing more is there; for bodies of unknown length
   */
  constructor(
    coding: Coding,
    sink: EncodedBodySink,
    private readonly flushes: boolean,
  ) {
    const coder = coders().get(coding);
    if (coder === undefined) throw new Error(`no encoder for ${coding}`);
    open += 1;
    this.stream = coder.make();
    this.flushKind = coder.flushKind;
    this.stream.on('data', (chunk: Buffer) => {
      if (!this.closed) sink.onEncoded(chunk);
    });
    this.stream.on('drain', () => {
      if (!this.closed) sink.onEncoderRoom();
    });
    this.stream.on('end', () => {
      if (!this.closed) sink.onEncodedEnd(this.trailers);
    });
    this.stream.on('error', () => {
      if (!this.closed) sink.onEncoderFailure();
    });
  }

  /** Takes a view that is only valid during the call. False: wait for `onEncoderRoom`. */
  write(view: Buffer): boolean {
    this.pendingWrites += 1;
    // zlib works on another thread, after the view's memory is used again.
    return this.stream.write(Buffer.from(view), this.onTaken);
  }

  /** All that has come in one read was written: let none of it wait. */
  flush(): void {
    if (!this.flushes) return;
    this.wantsFlush = true;
    if (this.pendingWrites === 0) this.taken();
  }

  /** The body is complete. */
  end(trailers: readonly string[]): void {
    this.trailers = trailers;
    this.wantsFlush = false;
    this.stream.end();
  }

  /** Stops and resumes the output; a full output stops the input. */
  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  /** Frees its memory; nothing is told any more. May be called again. */
  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    open -= 1;
    this.stream.destroy();
  }

  /** Flushes when zlib has caught up: a quick upstream gets few flushes, a slow one gets each of its writes through. */
  private taken(): void {
    if (this.pendingWrites > 0) this.pendingWrites -= 1;
    if (!this.wantsFlush || this.pendingWrites > 0 || this.closed) return;
    this.wantsFlush = false;
    this.stream.flush(this.flushKind);
  }
}
