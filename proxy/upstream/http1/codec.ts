/** What goes over a connection to an upstream: a request's head as HTTP/1.1 out, responses in. */
import type { OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import { encodeRequestHead } from '../../wire/http1/encoder.js';
import {
  FRAMING_LENGTH,
  FRAMING_NONE,
  type Http1Limits,
  type ResponseHead,
} from '../../wire/http1/events.js';
import type { RecentHeads } from '../../wire/http1/recent-heads.js';
import { ResponseDecoder } from '../../wire/http1/response-decoder.js';
import { fieldValue, isEventStream } from '../../wire/syntax/field-list.js';
import type { ExchangeHead, UpstreamResponse } from '../transport.js';

/** An app that shows its progress by interim responses may go on as long as a client waits. */
const INFORMATIONAL_PERIOD_MS = 10_000;

export class Http1Codec {
  readonly decoder: ResponseDecoder;
  /** The answer described last names content that does not follow (to HEAD, or 304), which an app may send by mistake. */
  announcesContent = false;
  /** The upstream takes another request on the connection after the response that was described last. */
  keepAlive = true;
  private informationalSinceMs = 0;

  /** @param recent heads of responses that the same upstream has sent over any connection */
  constructor(limits: Http1Limits, recent: RecentHeads) {
    this.decoder = new ResponseDecoder(limits, recent);
  }

  /** The head as it is written; null when the protocol has no room for it. */
  encodeHead(exchange: ExchangeHead, path: string, { repeated, own }: OutgoingFields): string | null {
    return encodeRequestHead(exchange.head.method, path, own, repeated.lines);
  }

  /** Gives what was received to the decoder. */
  receive(view: Buffer): void {
    this.decoder.receive(view);
  }

  /** Interim responses have a bound for each stretch of time. */
  forgiveInformational(nowMs: number): void {
    if (nowMs - this.informationalSinceMs <= INFORMATIONAL_PERIOD_MS) return;
    this.informationalSinceMs = nowMs;
    this.decoder.forgiveInformational();
  }

  /** The head that the decoder has read, as a lease's holder is told it. */
  describeResponse(): UpstreamResponse {
    const { head } = this.decoder;
    this.keepAlive = head.keepAlive;
    this.announcesContent = announcesContent(head);
    return {
      status: head.status,
      headers: head.headers,
      memo: head.memo,
      contentLength: lengthOf(head),
      hasBody: head.framing !== FRAMING_NONE,
    };
  }
}

/** A 304 or 204 that names no length has none to send; an answer to HEAD is often made as that to GET. */
function announcesContent({ status, framing, contentLength, headers }: ResponseHead): boolean {
  if (framing !== FRAMING_NONE) return false;
  if (status === 304 || status === 204)
    return contentLength > 0 || fieldValue(headers, 'transfer-encoding') !== '';
  return contentLength !== 0;
}

/** What a client may be told: RFC 9110 §8.6 lets 204 have no Content-Length. */
function lengthOf({ status, framing, contentLength }: ResponseHead): number {
  if (framing === FRAMING_LENGTH) return contentLength;
  return framing === FRAMING_NONE && status !== 204 ? contentLength : -1;
}

/** An event stream whose length nobody knows. */
export function isEndless({ hasBody, contentLength, headers }: UpstreamResponse): boolean {
  return hasBody && contentLength === -1 && isEventStream(headers);
}
