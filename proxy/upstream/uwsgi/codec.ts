/** What goes over a connection to a uWSGI worker: the uwsgi packet and a raw body out, a response in HTTP or CGI form in. */
import { asList, type OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import { encodeUwsgiPacket } from '../../wire/uwsgi/packet.js';
import { Http1Codec } from '../http1/codec.js';
import type { ExchangeHead, UpstreamResponse } from '../transport.js';
import { buildUwsgiVariables } from './variables.js';

const HTTP = Buffer.from('HTTP/');
/** A CGI response begins with its fields (RFC 3875 §6); the status is one of them. */
const CGI_STATUS_LINE = Buffer.from('HTTP/1.1 200 OK\r\n');

/** A worker reads one request from a connection. */
export class UwsgiCodec extends Http1Codec {
  /** The first bytes, until they tell which form the response has. */
  private first: Buffer | null = Buffer.alloc(0);

  override encodeHead(exchange: ExchangeHead, path: string, fields: OutgoingFields): string | null {
    return encodeUwsgiPacket(buildUwsgiVariables(exchange.head, exchange.facts, path, asList(fields)));
  }

  override receive(view: Buffer): void {
    if (this.first === null) {
      this.decoder.receive(view);
      return;
    }
    this.first = Buffer.concat([this.first, view]);
    const length = Math.min(this.first.length, HTTP.length);
    const isHttp = this.first.compare(HTTP, 0, length, 0, length) === 0;
    if (isHttp && length < HTTP.length) return;
    this.decoder.statusByField = !isHttp;
    this.decoder.receive(isHttp ? this.first : Buffer.concat([CGI_STATUS_LINE, this.first]));
    this.first = null;
  }

  override describeResponse(): UpstreamResponse {
    const response = super.describeResponse();
    this.keepAlive = false;
    return response;
  }
}
