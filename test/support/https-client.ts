/** One client for both protocols: keeps a connection, sends requests, reads replies whole or as streams. */

import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { Agent, request as requestSecure } from 'node:https';
import { Readable, type Writable } from 'node:stream';
import { within } from './deadline.js';

export type Protocol = 'http/1.1' | 'h2';

export const PROTOCOLS: readonly Protocol[] = ['http/1.1', 'h2'];

export interface ClientRequest {
  readonly method?: string;
  /** `host` becomes `:authority` over HTTP/2. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A stream goes out without a length. */
  readonly body?: string | Buffer | Readable;
}

export type ReplyHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The head of a reply, and its body as it comes. */
export interface OpenReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly stream: Readable;
  /** Trailer fields; empty until the stream has ended. */
  trailers(): ReplyHeaders;
  /** Statuses and fields of 1xx replies before it. */
  readonly informational: readonly { readonly status: number; readonly headers: ReplyHeaders }[];
}

export interface Reply extends Omit<OpenReply, 'stream' | 'trailers'> {
  readonly body: Buffer;
  readonly text: string;
  readonly trailers: ReplyHeaders;
}

export interface ClientTarget {
  readonly port: number;
  /** PEM of the authority; undefined: plain HTTP. */
  readonly ca: string | undefined;
  readonly host?: string;
  /** For tests that close or count connections. */
  readonly serverName?: string;
}

const REPLY_MS = 60_000;

/** A client of one front; `close` it. */
export class Client {
  private session: ClientHttp2Session | undefined;
  private readonly agent: Agent | PlainAgent;

  constructor(
    readonly target: ClientTarget,
    readonly protocol: Protocol,
  ) {
    this.agent =
      target.ca === undefined ? new PlainAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  }

  /** Sends a request and reads the whole reply. @throws Error when the reply is cut or nothing comes in 60 s */
  async request(path: string, request: ClientRequest = {}): Promise<Reply> {
    const label = `the reply to ${request.method ?? 'GET'} ${path.slice(0, 80)} over ${this.protocol}`;
    const { stream, trailers, ...head } = await this.open(path, request);
    const body = await within(readWhole(stream), REPLY_MS, label);
    return { ...head, body, text: body.toString('utf8'), trailers: trailers() };
  }

  /** Sends a request and waits for the head of its reply. */
  open(path: string, request: ClientRequest = {}): Promise<OpenReply> {
    const label = `the head of the reply to ${request.method ?? 'GET'} ${path.slice(0, 80)} over ${this.protocol}`;
    const head = this.protocol === 'h2' ? this.openHttp2(path, request) : this.openHttp1(path, request);
    return within(head, REPLY_MS, label);
  }

  close(): void {
    this.session?.destroy();
    this.agent.destroy();
  }

  private openHttp1(path: string, { method = 'GET', headers = {}, body }: ClientRequest): Promise<OpenReply> {
    const { port, ca, host = '127.0.0.1', serverName = 'localhost' } = this.target;
    return new Promise((resolve, reject) => {
      const common = {
        host,
        port,
        path,
        method,
        headers: { host: `localhost:${port}`, ...lengthOf(body), ...headers },
        agent: this.agent,
      };
      const request =
        ca === undefined ? requestPlain(common) : requestSecure({ ...common, ca, servername: serverName });
      const informational: { status: number; headers: ReplyHeaders }[] = [];
      request.on('information', (info) =>
        informational.push({ status: info.statusCode, headers: info.headers }),
      );
      request.on('error', reject);
      request.on('response', (response: IncomingMessage) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          stream: response,
          trailers: () => response.trailers,
          informational,
        }),
      );
      if (body instanceof Readable) sendBody(body, request);
      else request.end(body);
    });
  }

  private openHttp2(path: string, { method = 'GET', headers = {}, body }: ClientRequest): Promise<OpenReply> {
    const { port } = this.target;
    const session = this.openSession();
    const { host = `localhost:${port}`, ...rest } = headers;
    const named = Object.entries({ ...lengthOf(body), ...rest }).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]);
    return new Promise((resolve, reject) => {
      const stream = session.request(
        {
          ...Object.fromEntries(named),
          [constants.HTTP2_HEADER_METHOD]: method,
          [constants.HTTP2_HEADER_PATH]: path,
          [constants.HTTP2_HEADER_SCHEME]: this.target.ca === undefined ? 'http' : 'https',
          [constants.HTTP2_HEADER_AUTHORITY]: String(host),
        },
        { endStream: body === undefined },
      );
      let trailers: ReplyHeaders = {};
      const informational: { status: number; headers: ReplyHeaders }[] = [];
      stream.on('headers', (info) => informational.push({ status: Number(info[':status']), headers: info }));
      stream.on('trailers', (fields) => {
        trailers = fields;
      });
      stream.on('error', reject);
      stream.on('close', () => reject(new Error(`the stream was closed (code ${stream.rstCode})`)));
      stream.on('response', (fields) =>
        resolve({
          status: Number(fields[':status']),
          headers: fields,
          stream,
          trailers: () => trailers,
          informational,
        }),
      );
      if (body instanceof Readable) sendBody(body, stream);
      else if (body !== undefined) stream.end(body);
    });
  }

  private openSession(): ClientHttp2Session {
    const { port, ca, host = '127.0.0.1', serverName = 'localhost' } = this.target;
    if (this.session !== undefined && !this.session.closed && !this.session.destroyed) return this.session;
    const options = ca === undefined ? {} : { ca, servername: serverName };
    const session = connectHttp2(`${ca === undefined ? 'http' : 'https'}://${host}:${port}`, options);
    session.on('error', () => undefined);
    this.session = session;
    return session;
  }
}

/** Not by iteration: that takes a whole answer for a broken one when the request behind it was stopped (RST_STREAM, NO_ERROR). */
function readWhole(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => resolve(Buffer.concat(chunks)));
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the reply was cut')));
  });
}

/** Not pipeline(): an answer that comes before the body's end closes the request, and must be read all the same. */
function sendBody(body: Readable, request: Writable): void {
  body.once('error', () => request.destroy());
  body.pipe(request);
}

function lengthOf(body: ClientRequest['body']): Record<string, string> {
  if (body === undefined || body instanceof Readable) return {};
  return { 'content-length': String(Buffer.byteLength(body)) };
}
