/** What node:http's parser (llhttp, strict) reads from bytes, through public API over an in-memory pair of streams. */
import type { EventEmitter } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { within } from '../../support/deadline.js';

/** A message as a decoder told it; names in lower case. */
export interface PeerMessage {
  method: string;
  target: string;
  status: number;
  headers: string[];
  body: string;
  trailers: string[];
  keepAlive: boolean;
  complete: boolean;
}

export interface PeerAccount {
  readonly messages: PeerMessage[];
  /** Statuses of interim responses. */
  readonly informational: number[];
  /** The parser's code for what it refused, empty for nothing. */
  error: string;
  /** What followed a head that began a tunnel. */
  tunnel: string | undefined;
}

const DEADLINE_MS = 10_000;

function lowered(raw: readonly string[]): string[] {
  return raw.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}

/** Follows a message to its end. */
function follow(incoming: IncomingMessage, account: PeerAccount, keepAlive: boolean): PeerMessage {
  const message: PeerMessage = {
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    status: incoming.statusCode ?? 0,
    headers: lowered(incoming.rawHeaders),
    body: '',
    trailers: [],
    keepAlive,
    complete: false,
  };
  account.messages.push(message);
  incoming.on('data', (chunk: Buffer) => {
    message.body += chunk.toString('latin1');
  });
  incoming.on('end', () => {
    message.trailers = lowered(incoming.rawTrailers);
    message.complete = incoming.complete;
  });
  incoming.on('error', () => undefined);
  return message;
}

function emptyAccount(): PeerAccount {
  return { messages: [], informational: [], error: '', tunnel: undefined };
}

/** Resolves with the emitter's end; unlike once() it leaves errors to their own listeners. */
function closing(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    emitter.on('close', resolve);
  });
}

/** The requests that a node:http server reads from these bytes, after which the client closes its side. */
export async function requestsByNode(bytes: Buffer): Promise<PeerAccount> {
  const account = emptyAccount();
  const options = { insecureHTTPParser: false, maxHeaderSize: 65_536, requireHostHeader: true };
  const server = createServer({ ...options, connectionsCheckingInterval: 1 << 30, keepAliveTimeout: 0 });
  server.maxHeadersCount = 0;
  const taken = (incoming: IncomingMessage, response: ServerResponse): void => {
    follow(incoming, account, response.shouldKeepAlive);
    incoming.on('end', () => response.end());
  };
  server.on('request', taken);
  server.on('checkExpectation', taken);
  server.on('connect', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    follow(incoming, account, false);
    account.tunnel = head.toString('latin1');
    socket.destroy();
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    account.error = codeOf(error);
    // Bodies read so far are still on their way to their listeners.
    setImmediate(() => socket.destroy());
  });
  const [client, socket] = duplexPair();
  client.on('error', () => undefined);
  socket.on('error', () => undefined);
  client.resume();
  const gone = closing(socket);
  server.emit('connection', socket);
  client.end(bytes);
  await within(gone, DEADLINE_MS, 'node:http lets go of the connection');
  server.close();
  return account;
}

/** The response that a node:http client reads from these bytes, after which the server closes. */
export async function responseByNode(method: string, bytes: Buffer): Promise<PeerAccount> {
  const account = emptyAccount();
  const [far, socket] = duplexPair();
  far.on('error', () => undefined);
  far.resume();
  const agent = Object.assign(new Agent({ keepAlive: true }), {
    createConnection: () => socket,
    keepSocketAlive: () => false,
  });
  const outgoing = request({
    agent,
    method,
    path: method === 'CONNECT' ? 'a.test:443' : '/',
    host: 'a.test',
    insecureHTTPParser: false,
    maxHeaderSize: 65_536,
    headers: { connection: 'keep-alive' },
  });
  outgoing.on('information', ({ statusCode }) => account.informational.push(statusCode));
  outgoing.on('response', (incoming) => {
    follow(incoming, account, outgoing.shouldKeepAlive);
  });
  for (const name of ['connect', 'upgrade']) {
    outgoing.on(name, (incoming: IncomingMessage, _: Duplex, head: Buffer) => {
      follow(incoming, account, false);
      account.tunnel = head.toString('latin1');
      socket.destroy();
    });
  }
  outgoing.on('error', (error) => {
    account.error = codeOf(error);
  });
  const ended = closing(outgoing);
  outgoing.end();
  far.write(bytes);
  far.end();
  await within(ended, DEADLINE_MS, 'node:http ends the request');
  agent.destroy();
  socket.destroy();
  // The last events of a message may come after its socket's.
  await new Promise((resolve) => setImmediate(resolve));
  return account;
}
