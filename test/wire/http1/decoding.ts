/** Runs raw messages through the decoders in any split and tells what came out as plain, comparable values. */
import { Http1Error } from '../../../proxy/wire/http1/error.js';
import {
  BODY,
  DEFAULT_HTTP1_LIMITS,
  END,
  HEAD,
  type Http1Limits,
  INFORMATIONAL,
  NEED_DATA,
  type RequestHead,
  type ResponseHead,
} from '../../../proxy/wire/http1/events.js';
import { RequestDecoder } from '../../../proxy/wire/http1/request-decoder.js';
import { ResponseDecoder } from '../../../proxy/wire/http1/response-decoder.js';

/** One message as a decoder told it; `complete` once END was seen. */
export interface Told<Head> {
  head: Head;
  body: string;
  trailers: readonly string[];
  complete: boolean;
}

/** All a decoder told about a byte sequence. */
export interface Account<Head> {
  messages: Told<Head>[];
  /** Interim responses, in order. */
  informational: Head[];
  /** The error's code and status, empty when there was none. */
  error: string;
}

interface Decoder<Head> {
  receive(chunk: Buffer): void;
  next(): number;
  finish(): void;
  readonly head: Head;
  readonly body: Buffer;
  readonly trailers: readonly string[];
}

export interface DecodingOptions {
  readonly limits?: Partial<Http1Limits>;
  /** The peer closes after the last byte. */
  readonly ended?: boolean;
}

/** Receives the pieces one after the other into memory that is overwritten between them, as a socket may do. */
function drive<Head>(decoder: Decoder<Head>, pieces: readonly Buffer[], ended: boolean): Account<Head> {
  const account: Account<Head> = { messages: [], informational: [], error: '' };
  const memory = Buffer.alloc(Math.max(1, ...pieces.map((piece) => piece.length)));
  try {
    for (const piece of pieces) {
      memory.fill(0x21);
      piece.copy(memory);
      decoder.receive(memory.subarray(0, piece.length));
      pull(decoder, account);
    }
    if (ended) {
      decoder.finish();
      pull(decoder, account);
    }
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error;
    account.error = `${error.code} ${error.status}`;
  }
  return account;
}

function pull<Head>(decoder: Decoder<Head>, account: Account<Head>): void {
  for (let event = decoder.next(); event !== NEED_DATA; event = decoder.next()) {
    const last = account.messages.at(-1);
    if (event === INFORMATIONAL) {
      account.informational.push(decoder.head);
    } else if (event === HEAD) {
      account.messages.push({ head: decoder.head, body: '', trailers: [], complete: false });
    } else if (last !== undefined && event === BODY) {
      last.body += decoder.body.toString('latin1');
    } else if (last !== undefined && event === END) {
      last.trailers = decoder.trailers;
      last.complete = true;
    } else {
      throw new Error(`event ${event} without a message`);
    }
  }
}

function limitsOf(options: DecodingOptions): Http1Limits {
  return { ...DEFAULT_HTTP1_LIMITS, ...options.limits };
}

/** Cuts `raw` (latin1) at the given offsets. */
export function cut(raw: string, offsets: readonly number[]): Buffer[] {
  const bytes = Buffer.from(raw, 'latin1');
  const pieces: Buffer[] = [];
  let from = 0;
  for (const offset of [...offsets, bytes.length]) {
    pieces.push(bytes.subarray(from, offset));
    from = offset;
  }
  return pieces;
}

/** Every byte a piece of its own. */
export function cutEverywhere(raw: string): Buffer[] {
  return cut(
    raw,
    Array.from({ length: Math.max(0, raw.length - 1) }, (_, index) => index + 1),
  );
}

/** What a server reads from these pieces. */
export function decodeRequests(
  pieces: readonly Buffer[],
  options: DecodingOptions = {},
): Account<RequestHead> {
  return drive(new RequestDecoder(limitsOf(options)), pieces, options.ended ?? false);
}

/** What a client that sent requests with these methods reads from these pieces. */
export function decodeResponses(
  methods: readonly string[],
  pieces: readonly Buffer[],
  options: DecodingOptions = {},
): Account<ResponseHead> {
  const decoder = new ResponseDecoder(limitsOf(options));
  for (const method of methods) decoder.expect(method);
  return drive(decoder, pieces, options.ended ?? false);
}

/** The error for these request bytes in one piece: `code status`, or empty. */
export function requestError(raw: string, options: DecodingOptions = {}): string {
  return decodeRequests(cut(raw, []), options).error;
}

/** The error for these bytes as the answer to a GET: `code status`, or empty. */
export function responseError(raw: string, options: DecodingOptions = {}): string {
  return decodeResponses(['GET'], cut(raw, []), options).error;
}

/** The one complete request these bytes hold. */
export function onlyRequest(raw: string): Told<RequestHead> {
  return only(decodeRequests(cut(raw, [])));
}

/** The one complete response these bytes hold for a request with this method. */
export function onlyResponse(raw: string, method = 'GET', options: DecodingOptions = {}): Told<ResponseHead> {
  return only(decodeResponses([method], cut(raw, []), options));
}

function only<Head>(account: Account<Head>): Told<Head> {
  const [message, second] = account.messages;
  if (account.error !== '') throw new Error(`refused: ${account.error}`);
  if (message === undefined || second !== undefined || !message.complete) {
    throw new Error('not exactly one message');
  }
  return message;
}
