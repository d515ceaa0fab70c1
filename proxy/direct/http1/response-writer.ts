/** The writing half of an HTTP/1.1 downstream connection: one response after the other, each in one write where it fits. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AcceptedConnection } from '../../engine.js';
import type { OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import type { LocalReply } from '../../exchange/reply/local-reply.js';
import {
  CHUNK_END,
  chunkPrefix,
  encodeInformational,
  encodeResponseHead,
  encodeTrailers,
  LAST_CHUNK,
} from '../../wire/http1/encoder.js';
import type { ResponseWriter } from '../downstream.js';

/** Text that gathers up to this goes out in one write with what follows. */
const JOIN_BYTES = 4 * 1024;
/** Bytes that may wait for the client before the upstream is paused. */
const MAX_WAITING_BYTES = 64 * 1024;

/** Where text becomes bytes: one for the process, for a TLS socket has encrypted them when write() returns. */
const TEXT_BUFFER = Buffer.allocUnsafeSlow(2 * JOIN_BYTES);

/** The reading half. */
export interface Http1WriterEvents {
  readonly connection: AcceptedConnection;
  /** `nowMs`: coarse clock in milliseconds. */
  readonly host: { readonly nowMs: number };
  /** The client has sent its request to the end. */
  readonly requestEnded: boolean;
  /** The client has sent no body yet: it waits for 100 (Continue). */
  readonly awaitsContinue: boolean;
  /** The response was written to its end. */
  onResponseEnd(): void;
  /** The 101 was written: what comes from now on is the tunnel's. */
  onTunnel(): void;
  /** What the app's side of the tunnel sent was written, and it sends no more. */
  onTunnelCut(): void;
  /** The client has taken all that was written. */
  onRoom(): void;
}

export class Http1ResponseWriter implements ResponseWriter {
  readonly encrypted: boolean;
  /** The connection closes after this response. */
  closeAfter = false;
  /** The upstream is paused until the client has taken what waits. */
  blocked = false;
  private readonly socket: Socket;
  private text = '';
  private chunked = false;
  private isHead = false;
  private isHttp10 = false;
  private isTunnel = false;
  /** When the client last took something of what waits for it. */
  private progressMs: number;
  private readonly onWritten = (): void => this.written();

  constructor(private readonly owner: Http1WriterEvents) {
    this.socket = owner.connection.socket;
    this.encrypted = this.socket instanceof TLSSocket;
    this.progressMs = owner.host.nowMs;
  }

  get connection(): AcceptedConnection {
    return this.owner.connection;
  }

  /** The next response is to a request with this method and version. */
  begin(isHead: boolean, isHttp10: boolean, closeAfter: boolean): void {
    this.isHead = isHead;
    this.isHttp10 = isHttp10;
    this.closeAfter = closeAfter;
  }

  /** Nobody is there to read what was not written yet. */
  drop(): void {
    this.text = '';
  }

  /** Response bytes that wait for the client to take them. */
  get waitingBytes(): number {
    return this.socket.writableLength + this.text.length;
  }

  /** Since when the client has taken nothing of what waits; 0 when nothing does. */
  get stalledSinceMs(): number {
    return this.socket.writableLength > 0 ? this.progressMs : 0;
  }

  // ResponseWriter.

  sendInformational(status: number, headers: readonly string[]): void {
    this.text += encodeInformational(status, headers);
    this.flush();
  }

  sendHead(status: number, { repeated, own }: OutgoingFields, contentLength: number, hasBody: boolean): void {
    this.chunked = false;
    if (contentLength !== -1) own.push('content-length', String(contentLength));
    else if (hasBody && this.isHttp10) this.closeAfter = true;
    else if (hasBody) {
      this.chunked = true;
      own.push('transfer-encoding', 'chunked');
    } else if (!this.isHead && status !== 204 && status !== 304) {
      // Over HTTP/2 the app ended its answer with the head; here that must be said (RFC 9112 §6.3).
      own.push('content-length', '0');
    }
    this.pushConnection(own);
    this.text += encodeResponseHead(status, own, repeated.lines);
  }

  sendBody(view: Buffer): boolean {
    const prefix = this.chunked ? this.text + chunkPrefix(view.length) : this.text;
    const suffix = this.chunked ? CHUNK_END : '';
    if (prefix.length + view.length <= JOIN_BYTES) {
      this.text = prefix + view.toString('latin1') + suffix;
      return !this.blocked;
    }
    this.text = '';
    const bytes = this.isReady ? view : Buffer.from(view);
    this.noteProgress();
    this.socket.cork();
    if (prefix !== '') this.socket.write(prefix, 'latin1');
    this.socket.write(bytes, this.onWritten);
    if (suffix !== '') this.socket.write(suffix, 'latin1');
    this.socket.uncork();
    this.blocked = this.socket.writableLength > MAX_WAITING_BYTES;
    return !this.blocked;
  }

  sendEnd(trailers: readonly string[]): void {
    if (this.isTunnel) {
      this.flush();
      this.socket.end();
      return;
    }
    if (this.chunked) this.text += trailers.length === 0 ? LAST_CHUNK : encodeTrailers(trailers);
    this.flush();
    this.owner.onResponseEnd();
  }

  sendOwn(own: LocalReply): void {
    const headers = [...own.headers];
    if (!this.owner.requestEnded) this.closeAfter = true;
    this.pushConnection(headers);
    this.text += encodeResponseHead(own.status, headers);
    if (!this.isHead) this.text += Buffer.from(own.body).toString('latin1');
    this.flush();
    this.owner.onResponseEnd();
  }

  sendTunnel(headers: string[], protocol: string): void {
    headers.push('connection', 'upgrade', 'upgrade', protocol);
    this.text += encodeResponseHead(101, headers);
    this.flush();
    this.isTunnel = true;
    this.chunked = false;
    this.owner.onTunnel();
  }

  cut(): void {
    if (this.isTunnel) {
      this.flush();
      this.owner.onTunnelCut();
      return;
    }
    this.text = '';
    // Without TLS only a reset tells an answer that lasts until the connection closes from a whole one.
    if (this.encrypted) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  mayRelay(): boolean {
    return true;
  }

  flush(): void {
    if (this.text === '') return;
    const { text, socket } = this;
    this.text = '';
    this.noteProgress();
    // A string node:tls would copy into memory that it allocates for it: 0.5 µs.
    if (this.isReady && text.length <= TEXT_BUFFER.length) {
      const bytes = TEXT_BUFFER.write(text, 'latin1');
      socket.write(TEXT_BUFFER.subarray(0, bytes), this.onWritten);
    } else socket.write(text, 'latin1', this.onWritten);
    if (socket.writableLength > MAX_WAITING_BYTES) this.blocked = true;
  }

  /** With nothing before them a TLS socket has encrypted bytes when write() returns; any other write keeps a reference. */
  private get isReady(): boolean {
    return this.encrypted && this.socket.writableLength === 0;
  }

  private pushConnection(headers: string[]): void {
    // RFC 9110 §10.1.1: whether the body still follows cannot be known.
    if (this.owner.awaitsContinue) this.closeAfter = true;
    if (this.closeAfter) headers.push('connection', 'close');
    else if (this.isHttp10) headers.push('connection', 'keep-alive');
  }

  private noteProgress(): void {
    if (this.socket.writableLength === 0) this.progressMs = this.owner.host.nowMs;
  }

  private written(): void {
    this.progressMs = this.owner.host.nowMs;
    if (!this.blocked || this.socket.writableLength > 0) return;
    this.blocked = false;
    this.owner.onRoom();
  }
}
