/** The interface of a server-side HTTP/2 connection (RFC 9113): bytes in, events out; answers in, bytes out. */
import type { Http2Event, RequestHead } from './events.js';
import type { ConnectionFault } from './faults.js';

/**
 * Drive it so: `receive(chunk, nowMs)`, then `next()` until it says NEED_DATA or CLOSED, then (at the end of the tick) `takeOutput()`
 * while the socket takes bytes, then `next()` again for WRITABLE. A call about a stream that is gone does nothing.
 * A RequestHead and what `trailers` refers to belong to the caller; `data` is a view.
 */
export interface Http2Server {
  /** Bytes from the peer. The chunk must stay untouched until `next()` has said NEED_DATA. */
  receive(chunk: Buffer, nowMs: number): void;
  /** The next event, one of the constants in events.ts. Never throws. */
  next(): Http2Event;

  /** The stream of the last event. */
  readonly streamId: number;
  readonly head: RequestHead;
  /** Body bytes after DATA: a view on the received chunk, valid until the next `receive()`. Made anew at each reading. */
  readonly data: Buffer;
  readonly endStream: boolean;
  readonly trailers: string[];
  /** RFC 9113 §7, after RESET, GOAWAY and CLOSED. */
  readonly errorCode: number;
  /** After RESET: the peer sent RST_STREAM; false when the peer broke a rule and we sent it. */
  readonly resetByPeer: boolean;
  /** After CLOSED: what the peer did, in a few fixed words for the log; '' while the connection is open. */
  readonly closeReason: ConnectionFault | '';
  /** The peer has sent nothing at all: browsers open connections to spare. */
  readonly isUnused: boolean;

  /** A 1xx head other than 101. */
  sendInformational(streamId: number, status: number, headers: readonly string[]): void;
  /**
   * The response head; `headers` flat, lower-case, without pseudo fields and connection-specific fields.
   * @param repeated fields that go before them; what is given again as the same object costs less
   */
  sendHeaders(
    streamId: number,
    status: number,
    headers: readonly string[],
    endStream: boolean,
    repeated?: readonly string[],
  ): void;
  /** Copies `chunk[start,end)`. False: enough waits on this stream, hold more until WRITABLE. */
  sendData(streamId: number, chunk: Buffer, start: number, end: number, endStream: boolean): boolean;
  /** The same for text whose characters are all below 256. */
  sendLatin1(streamId: number, text: string, endStream: boolean): boolean;
  /** Ends the response; the trailers follow the data that waits. */
  sendTrailers(streamId: number, headers: readonly string[]): void;
  /**
   * Cuts the stream with RST_STREAM and lets go of it; waiting data is dropped. Only NO_ERROR after an ended response
   * (RFC 9113 §8.1: the rest of the request is not needed) waits for the response to go out.
   */
  resetStream(streamId: number, errorCode: number): void;
  /** The upstream has let go of a stream that died (RESET): only now it stops to count against maxConcurrentStreams. */
  releaseStream(streamId: number): void;
  /** The upstream took so many request-body bytes; window updates follow. */
  consume(streamId: number, bytes: number): void;

  /** First step of a graceful end (RFC 9113 §6.8): GOAWAY 2^31-1. Streams are still accepted. */
  beginShutdown(): void;
  /** Second step, a round trip later: GOAWAY with the last stream; later streams are ignored. */
  finishShutdown(): void;
  /**
   * Everything that may go out now, in one buffer: finished frames in order, then DATA by priority (RFC 9218) until about `maxBytes`
   * in all. Null when there is nothing. The buffer is shared by the process: hand it to a socket that has no write
   * under way and that copies or encrypts before `write()` returns (a TLSSocket does; copy it for a plain net.Socket). It is reused from
   * the next `takeOutput()` of any connection on.
   */
  takeOutput(maxBytes: number): Buffer | null;
  /** `takeOutput()` would give something. */
  readonly hasOutput: boolean;
  /** Response bytes held here, whether or not a window lets them go. Stop to read from a peer that lets this grow. */
  readonly outputBytes: number;
  /** Requests that were refused because there were as many as our SETTINGS allow, which the peer had acknowledged. */
  readonly refusedStreams: number;
  /** Streams that count against maxConcurrentStreams, with those that died but are not released. */
  readonly openStreams: number;
  /** Since when some response waits for the peer's window, by the clock of `checkTimers()`; 0 when none does. */
  readonly stalledSinceMs: number;
  /** Response bytes of a stream that wait here. */
  queuedBytesOf(streamId: number): number;
  /** The streams that have been stalled since before that time. */
  streamsStalledBefore(timeMs: number): number[];
  /** `finishShutdown()` was called and nothing is left to do or to write. */
  readonly drained: boolean;
  /** Forgets fields that do not repeat any more. Call it a few times a second. */
  ageFields(): void;
  readonly closed: boolean;
  /** Call every second or so. True: the connection must end (GOAWAY is in the output, `next()` says CLOSED). */
  checkTimers(nowMs: number): boolean;
}
