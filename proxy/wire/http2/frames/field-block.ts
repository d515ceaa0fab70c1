/** Writes a field list as HEADERS and, when it is long, CONTINUATION (RFC 9113 §6.2, §6.10). */
import { HpackEncoder } from '../../hpack/encoder.js';
import {
  DEFAULT_FRAME_BYTES,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME_CONTINUATION,
  FRAME_HEADER_BYTES,
  FRAME_HEADERS,
} from '../codes.js';
import type { OutputBuffer } from './output-buffer.js';

const STATUS_BYTES = 16;
const NO_FIELDS: readonly string[] = [];

/**
 * `status` 0 writes trailers. Blocks must go out in the order they are written: they share the HPACK table.
 * @param repeated fields before `headers`, the same object where they repeat
 */
export function writeFieldBlock(
  output: OutputBuffer,
  encoder: HpackEncoder,
  streamId: number,
  status: number,
  headers: readonly string[],
  endStream: boolean,
  repeated: readonly string[] = NO_FIELDS,
): void {
  const ownBytes = mostBytesOf(headers) + FRAME_HEADER_BYTES + HpackEncoder.maxBeginBytes + STATUS_BYTES;
  output.reserve(ownBytes + mostBytesOf(repeated));
  const block = output.block;
  const start = output.length + FRAME_HEADER_BYTES;
  let end = encoder.beginBlock(block, start);
  if (status > 0) end = encoder.encodeStatus(status, block, end);
  if (repeated.length > 0) end = encoder.encodeList(repeated, block, end);
  for (let i = 0; i < headers.length; i += 2) {
    end = encoder.encodeField(headers[i] ?? '', headers[i + 1] ?? '', block, end);
  }
  const flags = endStream ? FLAG_END_STREAM : 0;
  if (end - start > DEFAULT_FRAME_BYTES) {
    splitBlock(output, Buffer.from(block.subarray(start, end)), streamId, flags);
    return;
  }
  output.writeFrameHeader(output.length, end - start, FRAME_HEADERS, flags | FLAG_END_HEADERS, streamId);
  output.length = end;
}

function mostBytesOf(headers: readonly string[]): number {
  let bytes = 0;
  for (let i = 0; i < headers.length; i += 2) {
    bytes += HpackEncoder.maxEncodedBytes(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return bytes;
}

function splitBlock(output: OutputBuffer, bytes: Buffer, streamId: number, firstFlags: number): void {
  for (let from = 0; from < bytes.length; from += DEFAULT_FRAME_BYTES) {
    const to = Math.min(bytes.length, from + DEFAULT_FRAME_BYTES);
    const type = from === 0 ? FRAME_HEADERS : FRAME_CONTINUATION;
    const flags = (from === 0 ? firstFlags : 0) | (to === bytes.length ? FLAG_END_HEADERS : 0);
    output.reserve(FRAME_HEADER_BYTES + to - from);
    output.writeFrameHeader(output.length, to - from, type, flags, streamId);
    bytes.copy(output.block, output.length + FRAME_HEADER_BYTES, from, to);
    output.length += FRAME_HEADER_BYTES + to - from;
  }
}
