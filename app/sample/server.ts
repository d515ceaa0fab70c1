/** The bundled single-thread app that the demo, the tests and the bench put behind the front: its server and routes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { sendBytes, sendEvents, sendRange, sendSlowly, sendStream } from './bodies.js';
import { sendCut, sendEarlyHints, sendLargeHeader, sendUntilClose, sendWithTrailers } from './framing.js';
import { sendPage } from './page.js';
import {
  describeRequest,
  echoBody,
  type Query,
  sendCookies,
  sendRedirect,
  sendStatus,
  sendText,
} from './plain.js';
import { acceptWebSocket } from './websocket.js';

/** Longer than any front keeps an idle upstream connection, so that this side never closes first. */
const KEEP_ALIVE_MS = 120_000;
const SWEEP_MS = 50;
const MAX_HEADER_BYTES = 256 * 1024;

/** Handles one route; `ending` aborts when the app is asked to end. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  query: Query,
  ending: AbortSignal,
) => void | Promise<void>;

/** 38 bytes: the same small answer in every benchmark. */
const HELLO = 'Hello from the app behind the front!\r\n';

const ROUTES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['/', sendPage],
  ['/hello', (_request, response) => sendText(response, 200, HELLO)],
  ['/favicon.ico', (_request, response) => sendStatus(response, 204)],
  ['/echo', describeRequest],
  ['/echo/body', echoBody],
  ['/stream', sendStream],
  ['/bytes', sendBytes],
  ['/range', sendRange],
  ['/sse', sendEvents],
  ['/slow', sendSlowly],
  ['/redirect', sendRedirect],
  ['/cookies', sendCookies],
  ['/headers', sendLargeHeader],
  ['/trailers', sendWithTrailers],
  ['/early-hints', sendEarlyHints],
  ['/cut', sendCut],
  ['/no-length', sendUntilClose],
]);

export interface Sample {
  readonly server: Server;
  /** Stops listening, lets requests finish, cuts what is left after `mercyMs`. */
  end(mercyMs: number): Promise<void>;
}

/** Makes the app; the caller listens. */
export function createSample(): Sample {
  const ending = new AbortController();
  const upgraded = new Set<Socket>();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => void answer(request, response, ending.signal));
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    acceptWebSocket(request, socket, head, ending.signal);
  });
  return { server, end: (mercyMs) => end(server, ending, upgraded, mercyMs) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ending: AbortSignal,
): Promise<void> {
  const url = parseTarget(request.url ?? '/');
  if (url === undefined) {
    sendText(response, 400, 'not a request target\n');
    return;
  }
  const status = /^\/status\/(\d{3})$/.exec(url.pathname)?.[1];
  try {
    if (status !== undefined) sendStatus(response, Number(status));
    else await (ROUTES.get(url.pathname) ?? notFound)(request, response, url.searchParams, ending);
  } catch (error) {
    // The client went away in the middle of an answer, or asked for one that cannot be written.
    if (response.headersSent) response.destroy();
    else sendText(response, 400, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  sendText(response, 404, `not found; there is ${[...ROUTES.keys()].join(' ')} /status/NNN /ws\n`);
}

function parseTarget(target: string): URL | undefined {
  return URL.canParse(target, 'http://app') ? new URL(target, 'http://app') : undefined;
}

function end(server: Server, ending: AbortController, upgraded: Set<Socket>, mercyMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    }, mercyMs);
    // A connection whose last request ends now stays open as an idle one otherwise.
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(limit);
      resolve();
    });
    ending.abort();
  });
}
