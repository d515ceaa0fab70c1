/** What node:http2 (nghttp2) reads from a client's frames, through public API over an in-memory pair of streams. */
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import { FRAME_GOAWAY, FRAME_PING } from '../../../proxy/wire/http2/codes.js';
import { within } from '../../support/deadline.js';
import { bytesOf, type Frame, framesIn, PREFACE, ping } from './frames.js';

/** A request as nghttp2 told it. */
export interface PeerRequest {
  readonly streamId: number;
  /** The flat list with pseudo fields, as it came. */
  readonly fields: string[];
  body: string;
  trailers: string[];
  /** The end of the request was read. */
  complete: boolean;
}

export interface PeerConnection {
  readonly requests: PeerRequest[];
  /** Why the connection was ended, empty while it stands. */
  ended: string;
}

const DEADLINE_MS = 10_000;
/** After all frames; its answer says that they were read. */
export const LAST_PING = 'lastping';

function follow(stream: ServerHttp2Stream, fields: string[], peer: PeerConnection): void {
  const request: PeerRequest = { streamId: stream.id ?? 0, fields, body: '', trailers: [], complete: false };
  peer.requests.push(request);
  stream.on('data', (chunk: Buffer) => {
    request.body += chunk.toString('latin1');
  });
  stream.on('trailers', (_headers: unknown, _flags: number, raw: string[]) => {
    request.trailers = raw;
  });
  stream.on('end', () => {
    request.complete = !stream.aborted;
  });
  stream.on('error', () => undefined);
}

/**
 * The requests in these frames, each whole and with its length told truly. A PING at the end says that all before it was read; where
 * frames leave a field block open that PING ends the connection, for every reader.
 */
export async function requestsByNghttp2(frames: readonly Frame[]): Promise<PeerConnection> {
  const peer: PeerConnection = { requests: [], ended: '' };
  const settings = { enableConnectProtocol: true, maxConcurrentStreams: 100 };
  const server = createServer({ settings, maxHeaderListPairs: 1_000, unknownProtocolTimeout: 1 });
  server.on('stream', (stream: ServerHttp2Stream, _headers: unknown, _flags: number, raw: string[]) => {
    follow(stream, raw, peer);
  });
  server.on('sessionError', (error: Error) => {
    peer.ended = error.message;
  });
  const [client, socket] = duplexPair();
  const answered = new Promise<void>((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      const read = framesIn(Buffer.concat([received, chunk]));
      received = read.rest;
      for (const { type, flags, payload } of read.frames) {
        if (type === FRAME_GOAWAY && peer.ended === '') peer.ended = `GOAWAY ${payload.readUInt32BE(4)}`;
        const isAnswer = type === FRAME_PING && flags === 1 && payload.toString('latin1') === LAST_PING;
        if (isAnswer || type === FRAME_GOAWAY) resolve();
      }
    });
    for (const end of ['end', 'close', 'error']) client.on(end, () => resolve());
  });
  socket.on('error', () => undefined);
  server.emit('connection', socket);
  client.write(Buffer.concat([PREFACE, ...frames.map(bytesOf), bytesOf(ping(LAST_PING))]));
  await within(answered, DEADLINE_MS, 'nghttp2 reads the last frame');
  // Content goes from nghttp2 to its stream, and from there to the listener.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  client.destroy();
  socket.destroy();
  server.close();
  return peer;
}
