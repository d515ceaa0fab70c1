/** The life of one request in the direct engine: admitted, dispatched, its bytes and the response's passed on; every way out ends in `finish`. */
import type { ErrorCode } from '../../src/shared/errors.js';
import { admit } from '../exchange/admission.js';
import { prepareCompression } from '../exchange/headers/compression.js';
import { connectionNames } from '../exchange/headers/field-kinds.js';
import { asList, asOwn } from '../exchange/headers/outgoing-fields.js';
import { addTransportSecurity, buildInformationalHeaders } from '../exchange/headers/response-headers.js';
import { explainRefusal, mayBeRefusal } from '../exchange/log/refusal-advice.js';
import { buildErrorResponse, type OwnResponse } from '../exchange/reply/error-response.js';
import { Route } from '../routing/route-table.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import { availableCodings, BodyEncoder, type EncodedBodySink } from './body/compressor.js';
import { Dispatch } from './dispatch.js';
import { addSticky, relayFields } from './heads.js';

/** One exchange between a downstream stream and a leased upstream connection. */
export class Flow extends Dispatch implements EncodedBodySink {
  /** After the 101. */
  private tunnel = false;
  /** The upstream's half of the tunnel has ended. */
  private tunnelEnded = false;
  /** Compresses the response body; null: it passes as it is. */
  private encoder: BodyEncoder | null = null;
  /** The body may begin with a refusal that the log should explain. */
  private mayRefuse = false;

  /** Serves the request; `onRequestFlush` must follow in this turn. */
  start(): void {
    this.starting = true;
    const admitted = admit(
      this.exchange,
      this.stream.connection.role,
      this.request.contentLength,
      this.services.upstreams,
    );
    if (admitted instanceof Route) this.dispatch(admitted);
    else this.respondItself(admitted);
    this.starting = false;
  }

  // From the downstream side.

  /** Body bytes of the request; with a tunnel, its bytes. The chunk's memory must stay as it is. */
  onRequestBody(chunk: Buffer): void {
    if (this.over || this.body === null || chunk.length === 0) return;
    this.exchange.received(chunk.length);
    this.body.receive(chunk, this.lease);
  }

  /** The request is complete; in a tunnel, the client's half is. */
  onRequestEnd(trailers: readonly string[]): void {
    const { body, lease } = this;
    if (this.over || body === null || body.ended) return;
    if (!this.tunnel) {
      body.end(trailers, lease);
      return;
    }
    body.ended = true;
    lease?.endTunnel();
    if (this.tunnelEnded) this.endTunnel();
  }

  /** Everything that came in one read has been told. */
  onRequestFlush(): void {
    this.lease?.flush();
  }

  /** The client takes more of the response. */
  onDownstreamWritable(): void {
    if (this.encoder !== null) this.encoder.resume();
    else this.lease?.resume();
  }

  /** The client has gone or has cut the request: the upstream is let go at once. */
  onDownstreamGone(code: ErrorCode): void {
    if (this.over) return;
    this.exchange.failed(code);
    this.finish();
  }

  /** The request broke a rule of its protocol while its body came. */
  refuse(code: ErrorCode): void {
    this.fail(code);
  }

  // From the upstream side.

  onInformational(status: number, headers: readonly string[]): void {
    if (this.over || this.answered || status === 101) return;
    // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if (this.exchange.head.httpVersion === '1.0') return;
    this.stream.sendInformational(status, buildInformationalHeaders(headers, connectionNames(headers)));
  }

  onResponse(response: UpstreamResponse): void {
    const { upstream } = this.choice;
    if (this.over || upstream === null) return;
    const { exchange, route, services } = this;
    const { config } = services.policy;
    let fields = relayFields(response, exchange, route, upstream);
    if (config.sticky) addSticky(fields, exchange, route, upstream);
    this.body?.drop();
    this.answered = true;
    exchange.answered(response.status, response.headers);
    this.mayRefuse = mayBeRefusal(response.status, response.contentLength);
    if (config.compress) {
      fields = asOwn(fields);
      this.startEncoder(response, fields.own);
    }
    const contentLength = this.encoder === null ? response.contentLength : -1;
    this.stream.sendHead(response.status, fields, contentLength, response.hasBody);
  }

  onBody(view: Buffer): void {
    if (this.over) return;
    if (this.mayRefuse) {
      this.mayRefuse = false;
      explainRefusal(view, this.exchange.head, this.services.log);
    }
    if (this.encoder !== null) {
      if (!this.encoder.write(view)) this.lease?.pause();
      return;
    }
    this.exchange.sent(view.length);
    if (!this.stream.sendBody(view)) this.lease?.pause();
  }

  onEnd(trailers: readonly string[]): void {
    if (this.over) return;
    if (this.encoder !== null) {
      // The upstream is done; the exchange is over when the encoder is.
      this.release();
      this.encoder.end(trailers);
      return;
    }
    this.stream.sendEnd(trailers);
    if (this.tunnel) {
      // The client's half may go on; a second end means that the connection is gone.
      if (this.body?.ended || this.tunnelEnded) this.endTunnel();
      this.tunnelEnded = true;
      return;
    }
    // The connection takes itself back; only its place in flight is ours to return.
    this.lease = null;
    this.finish();
  }

  onTunnel(response: UpstreamResponse): void {
    const { exchange, stream } = this;
    const { upgrade } = this.request;
    const { upstream } = this.choice;
    if (this.over || upstream === null || upgrade === '' || !stream.isUpgradeAnswer(response.headers)) {
      // The connection is no longer HTTP: it is closed before anybody is told.
      this.lease?.abort();
      this.onFailure('upstream_malformed', false);
      return;
    }
    this.body?.drop();
    this.answered = true;
    this.tunnel = true;
    exchange.answered(101, []);
    stream.sendTunnel(asList(relayFields(response, exchange, this.route, upstream)), upgrade);
  }

  onFlush(): void {
    this.encoder?.flush();
    this.stream.flush();
  }

  // From the encoder.

  onEncoded(chunk: Buffer): void {
    this.exchange.sent(chunk.length);
    if (!this.stream.sendBody(chunk)) this.encoder?.pause();
    this.stream.flush();
  }

  onEncodedEnd(trailers: readonly string[]): void {
    this.stream.sendEnd(trailers);
    this.finish();
    this.stream.flush();
  }

  onEncoderRoom(): void {
    this.lease?.resume();
  }

  onEncoderFailure(): void {
    this.fail('internal');
  }

  // Own steps.

  private startEncoder(response: UpstreamResponse, headers: string[]): void {
    const coding = prepareCompression(this.exchange.head, response, headers, availableCodings());
    if (coding !== null) this.encoder = new BodyEncoder(coding, this, response.contentLength === -1);
  }

  /** Answers with an error of the table, or cuts a response that has begun. */
  protected fail(code: ErrorCode): void {
    if (this.over) return;
    this.exchange.failed(code);
    if (!this.answered) {
      this.respondItself(buildErrorResponse(code, this.exchange.head, this.exchange.requestId));
      return;
    }
    this.stream.cut();
    this.finish();
  }

  private respondItself(own: OwnResponse): void {
    this.answered = true;
    const { head, facts } = this.exchange;
    addTransportSecurity(own.headers, head, facts, this.services.policy);
    this.exchange.answeredItself(own.status);
    if (this.exchange.head.method !== 'HEAD') this.exchange.sent(Buffer.byteLength(own.body));
    this.stream.sendOwn(own);
    this.finish();
  }

  /** Both halves have ended: what is still to be written goes out, then the sockets close by themselves. */
  private endTunnel(): void {
    this.lease = null;
    this.finish();
  }

  /** The only exit. */
  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.letGo();
    this.encoder?.destroy();
    this.encoder = null;
    this.exchange.end();
  }
}
