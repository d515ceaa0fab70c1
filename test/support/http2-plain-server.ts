/** An HTTP/2 server without TLS on loopback: the codec bound to net sockets in the plainest way, for tests with real clients. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Http2ServerConnection } from '../../proxy/wire/http2/connection.js';
import * as events from '../../proxy/wire/http2/events.js';
import {
  DEFAULT_HTTP2_LIMITS,
  DEFAULT_HTTP2_SETTINGS,
  type Http2Limits,
  type Http2LocalSettings,
} from '../../proxy/wire/http2/limits.js';

/** What a test answers with; each member is told what its event is about by the connection's fields. */
export interface PlainHandler {
  request(connection: Http2ServerConnection, streamId: number): void;
  data?(connection: Http2ServerConnection, streamId: number): void;
  trailers?(connection: Http2ServerConnection, streamId: number): void;
  reset?(connection: Http2ServerConnection, streamId: number): void;
  writable?(connection: Http2ServerConnection, streamId: number): void;
}

export interface PlainServer {
  readonly port: number;
  readonly connections: ReadonlySet<Http2ServerConnection>;
  close(): Promise<void>;
}

function deliver(connection: Http2ServerConnection, handler: PlainHandler): boolean {
  for (;;) {
    const event = connection.next();
    const id = connection.streamId;
    switch (event) {
      case events.NEED_DATA:
        return true;
      case events.CLOSED:
        return false;
      case events.REQUEST:
        handler.request(connection, id);
        break;
      case events.DATA:
        if (handler.data) handler.data(connection, id);
        else connection.consume(id, connection.data.length);
        break;
      case events.TRAILERS:
        handler.trailers?.(connection, id);
        break;
      case events.RESET:
        handler.reset?.(connection, id);
        connection.releaseStream(id);
        break;
      case events.WRITABLE:
        handler.writable?.(connection, id);
        break;
    }
  }
}

/** Reads, answers and writes for one socket. The output is copied because a net.Socket may keep it. */
export function bindConnection(
  socket: Socket,
  connection: Http2ServerConnection,
  handler: PlainHandler,
): void {
  let isWriting = false;
  const pump = (): void => {
    let isOpen = deliver(connection, handler);
    while (!isWriting) {
      const output = connection.takeOutput(65_536);
      if (output === null) break;
      isWriting = true;
      const isDone = socket.write(Buffer.from(output), () => {
        isWriting = false;
        if (!socket.destroyed) pump();
      });
      if (isDone) isWriting = socket.writableLength > 0;
      isOpen = deliver(connection, handler) && isOpen;
    }
    if (!isOpen && !isWriting) socket.end();
  };
  socket.on('data', (chunk: Buffer) => {
    connection.receive(chunk, Date.now());
    pump();
  });
  socket.on('end', () => socket.end());
  socket.on('error', () => socket.destroy());
  pump();
}

export async function startPlainServer(
  handler: PlainHandler,
  settings: Partial<Http2LocalSettings> = {},
  limits: Partial<Http2Limits> = {},
  port = 0,
): Promise<PlainServer> {
  const connections = new Set<Http2ServerConnection>();
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const connection = new Http2ServerConnection(
      { ...DEFAULT_HTTP2_SETTINGS, ...settings },
      { ...DEFAULT_HTTP2_LIMITS, ...limits },
    );
    connections.add(connection);
    sockets.add(socket);
    socket.on('close', () => {
      connections.delete(connection);
      sockets.delete(socket);
    });
    bindConnection(socket, connection, handler);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    connections,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
