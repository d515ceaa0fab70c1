/** Takes requests out of what an HTTP/1.1 client sends, no faster than they are wanted: whatever waits stays in the client's window. */
import type { Socket } from 'node:net';
import {
  BODY,
  END,
  FRAMING_LENGTH,
  FRAMING_NONE,
  HEAD,
  type Http1Limits,
  NEED_DATA,
  type RequestHead,
} from '../../wire/http1/events.js';
import { RequestDecoder } from '../../wire/http1/request-decoder.js';
import type { RequestSource } from '../downstream.js';
import type { Http1ConnectionState } from './connection-state.js';

/** Called back by the reader. */
export interface Http1ReaderEvents {
  /** `nowMs`: coarse clock in milliseconds. */
  readonly host: { readonly nowMs: number };
  /** What waits for the client is too much to answer another request. */
  readonly isBlocked: boolean;
  /** A request has begun; without a body it is complete. */
  onRequest(head: RequestHead, hasBody: boolean): void;
  onRequestBody(chunk: Buffer): void;
  onRequestEnd(trailers: readonly string[]): void;
  /** All of one read was told. */
  onRequestFlush(): void;
  /** An Http1Error where the client broke a rule; what else was thrown is our own defect. */
  onReaderFailure(error: unknown): void;
}

export class Http1RequestReader implements RequestSource {
  /** The client has sent its request to the end. */
  requestEnded = true;
  private readonly decoder: RequestDecoder;
  /** Bytes of the request, or of the tunnel, that the upstream has not taken. */
  private untakenBytes = 0;
  private reading = true;
  private advancing = false;

  constructor(
    private readonly socket: Socket,
    private readonly state: Http1ConnectionState,
    private readonly owner: Http1ReaderEvents,
    limits: Http1Limits,
  ) {
    this.decoder = new RequestDecoder(limits);
  }

  /** Between two requests, with nothing of the next one read. */
  get isIdle(): boolean {
    return this.decoder.idle;
  }

  /** Nothing is read before something else has happened. */
  get isPaused(): boolean {
    return !this.reading;
  }

  /** It is the client's turn to send the rest of its request. */
  get owesBody(): boolean {
    return !this.requestEnded && this.untakenBytes === 0;
  }

  receive(chunk: Buffer): void {
    this.decoder.receive(chunk);
    this.advance();
  }

  /** Pulls events until more bytes are needed, the request is complete, or its body waits for the upstream. */
  advance(): void {
    // What the upstream takes at once would call back into this loop, a level deeper for each chunk.
    if (this.advancing) return;
    this.advancing = true;
    this.pullEvents();
    this.advancing = false;
  }

  /** So many bytes were given to the upstream, which may be full. */
  give(bytes: number): void {
    this.untakenBytes += bytes;
  }

  consumed(bytes: number): void {
    this.untakenBytes = Math.max(0, this.untakenBytes - bytes);
    if (this.untakenBytes > 0 || this.reading) return;
    if (this.state.name === 'exchange') this.advance();
    else this.adjustReading();
  }

  /** Nobody will take the bytes that wait. */
  forget(): void {
    this.untakenBytes = 0;
  }

  /** Forgets fields that the client does not repeat any more. */
  ageFields(): void {
    this.decoder.ageFields();
  }

  /** What comes is HTTP no longer; returns what has come of it. */
  becomeTunnel(): Buffer {
    this.requestEnded = false;
    return this.decoder.takeRest();
  }

  /** Reads on while nothing waits for the upstream; otherwise the client's window fills. */
  adjustReading(): void {
    const { name } = this.state;
    const shouldRead =
      this.untakenBytes === 0 &&
      (name === 'exchange'
        ? !this.requestEnded || this.decoder.pendingBytes === 0
        : name === 'tunnel' || !this.owner.isBlocked);
    if (shouldRead === this.reading) return;
    this.reading = shouldRead;
    if (shouldRead) this.socket.resume();
    else this.socket.pause();
  }

  /** Reads whatever comes, for nobody. */
  drain(): void {
    this.untakenBytes = 0;
    this.reading = true;
    this.socket.resume();
  }

  private pullEvents(): void {
    const { decoder, state, owner } = this;
    try {
      while (this.mayPull()) {
        const event = decoder.next();
        if (event === NEED_DATA) break;
        if (event === HEAD) this.begin(decoder.head);
        else if (event === BODY) owner.onRequestBody(decoder.body);
        else if (event === END) {
          this.requestEnded = true;
          owner.onRequestEnd(decoder.trailers);
        }
        // A refused request may have changed the state; a tunnel's bytes are no longer HTTP.
        if (state.isPast) return;
      }
    } catch (error) {
      owner.onReaderFailure(error);
      return;
    }
    if (state.name === 'head' && decoder.idle) state.enter('idle', owner.host.nowMs);
    owner.onRequestFlush();
    this.adjustReading();
  }

  /** One request at a time, and none while the client does not take the answers it has been given. */
  private mayPull(): boolean {
    if (this.untakenBytes > 0) return false;
    return this.state.name === 'exchange' ? !this.requestEnded : !this.owner.isBlocked;
  }

  private begin(head: RequestHead): void {
    const hasBody =
      head.framing !== FRAMING_NONE && !(head.framing === FRAMING_LENGTH && head.contentLength === 0);
    // Without a body the end is there too: whatever the exchange decides now decides about a complete request.
    if (!hasBody) this.decoder.next();
    this.requestEnded = !hasBody;
    this.owner.onRequest(head, hasBody);
  }
}
