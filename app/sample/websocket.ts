/** WebSocket echo (RFC 6455) in bounded memory: every frame goes back as it came, pings are answered, close is closed. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** From RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_PAYLOAD_BYTES = 1024 * 1024;
const MAX_CONTROL_BYTES = 125;

const CONTINUATION = 0;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;
const TOO_LARGE = 1009;

interface Frame {
  readonly finalBit: number;
  readonly opcode: number;
  readonly payload: Buffer;
  /** Bytes the frame took from the input. */
  readonly bytes: number;
}

/** Answers the upgrade request of `/ws` and echoes until either side closes. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  ending: AbortSignal,
): void {
  socket.on('error', () => socket.destroy());
  const refusal = findRefusal(request);
  if (refusal !== undefined) {
    socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64');
  const protocol = request.headers['sec-websocket-protocol']?.split(',')[0]?.trim();
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n` +
      (protocol === undefined ? '\r\n' : `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`),
  );
  echoFrames(socket, head, ending);
}

function findRefusal(request: IncomingMessage): string | undefined {
  const key = request.headers['sec-websocket-key'] ?? '';
  if (request.url?.split('?')[0] !== '/ws') return '404 Not Found';
  if (request.headers['sec-websocket-version'] !== '13')
    return '426 Upgrade Required\r\nSec-WebSocket-Version: 13';
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') return '400 Bad Request';
  return Buffer.from(key, 'base64').length === 16 ? undefined : '400 Bad Request';
}

function echoFrames(socket: Socket, head: Buffer, ending: AbortSignal): void {
  let input = head;
  let closing = false;
  const close = (code: number): void => {
    if (closing) return;
    closing = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    socket.end(encodeFrame(0x80, CLOSE, payload));
  };
  const consume = (): void => {
    while (!closing && !socket.isPaused()) {
      const frame = decodeFrame(input);
      if (frame === undefined) return;
      if (typeof frame === 'number') {
        close(frame);
        return;
      }
      input = input.subarray(frame.bytes);
      closing = frame.opcode === CLOSE;
      if (closing) socket.end(encodeFrame(0x80, CLOSE, frame.payload));
      else if (!echo(socket, frame)) socket.pause();
    }
  };
  const goAway = (): void => close(GOING_AWAY);
  ending.addEventListener('abort', goAway, { once: true });
  socket.on('close', () => ending.removeEventListener('abort', goAway));
  socket.on('data', (chunk: Buffer) => {
    if (closing) return;
    input = input.length === 0 ? chunk : Buffer.concat([input, chunk]);
    consume();
  });
  socket.on('drain', () => {
    socket.resume();
    consume();
  });
  socket.on('end', () => socket.end());
  consume();
}

/** False when the socket's buffer is full. */
function echo(socket: Socket, frame: Frame): boolean {
  if (frame.opcode === PONG) return true;
  return socket.write(
    encodeFrame(frame.finalBit, frame.opcode === PING ? PONG : frame.opcode, frame.payload),
  );
}

/** One frame from the start of `input`, undefined when it is not whole yet, or the close code it deserves (§5.2, §7.4.1). */
function decodeFrame(input: Buffer): Frame | number | undefined {
  if (input.length < 2) return undefined;
  const first = input.readUInt8(0);
  const second = input.readUInt8(1);
  const opcode = first & 0x0f;
  const isControl = opcode >= CLOSE;
  const isKnown = (opcode >= CONTINUATION && opcode <= BINARY) || (isControl && opcode <= PONG);
  const isMasked = (second & 0x80) !== 0;
  if ((first & 0x70) !== 0 || !isKnown || !isMasked) return PROTOCOL_ERROR;
  const short = second & 0x7f;
  if (isControl && (short > MAX_CONTROL_BYTES || (first & 0x80) === 0)) return PROTOCOL_ERROR;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskAt = 2 + lengthBytes;
  if (input.length < maskAt + 4) return undefined;
  const length = readLength(input, short);
  if (length > MAX_PAYLOAD_BYTES) return TOO_LARGE;
  const payloadAt = maskAt + 4;
  if (input.length < payloadAt + length) return undefined;
  const payload = Buffer.from(input.subarray(payloadAt, payloadAt + length));
  unmask(payload, input.subarray(maskAt, payloadAt));
  return { finalBit: first & 0x80, opcode, payload, bytes: payloadAt + length };
}

function readLength(input: Buffer, short: number): number {
  if (short === 126) return input.readUInt16BE(2);
  return short === 127 ? Number(input.readBigUInt64BE(2)) : short;
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let at = 0; at < payload.length; at += 1) {
    payload.writeUInt8(payload.readUInt8(at) ^ mask.readUInt8(at & 3), at);
  }
}

function encodeFrame(finalBit: number, opcode: number, payload: Buffer): Buffer {
  const length = payload.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head.writeUInt8(finalBit | opcode, 0);
  if (head.length === 2) head.writeUInt8(length, 1);
  else head.writeUInt8(head.length === 4 ? 126 : 127, 1);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}
