/** SETTINGS of both sides (RFC 9113 §6.5, RFC 8441 §3, RFC 9218 §2.1). */
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
  SETTINGS_NO_RFC7540_PRIORITIES,
} from '../codes.js';
import { type ConnectionFault, Http2ConnectionError } from '../faults.js';
import type { Http2LocalSettings } from '../limits.js';

/** HPACK's table until SETTINGS say otherwise (RFC 9113 §6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;

/** Our SETTINGS as identifier, value, …; what equals the default is left out. */
export function announcedSettings(local: Http2LocalSettings): number[] {
  const pairs = [
    SETTINGS_MAX_CONCURRENT_STREAMS,
    local.maxConcurrentStreams,
    SETTINGS_INITIAL_WINDOW_SIZE,
    local.initialWindowBytes,
    SETTINGS_MAX_HEADER_LIST_SIZE,
    local.maxHeaderListBytes,
    SETTINGS_ENABLE_CONNECT_PROTOCOL,
    1,
    SETTINGS_NO_RFC7540_PRIORITIES,
    1,
  ];
  if (local.headerTableBytes !== DEFAULT_TABLE_BYTES) {
    pairs.push(SETTINGS_HEADER_TABLE_SIZE, local.headerTableBytes);
  }
  if (local.maxFrameBytes !== DEFAULT_FRAME_BYTES) pairs.push(SETTINGS_MAX_FRAME_SIZE, local.maxFrameBytes);
  return pairs;
}

/** The peer's settings that matter to a server. */
export class PeerSettings {
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  headerTableBytes = DEFAULT_TABLE_BYTES;
  /** The smallest SETTINGS_HEADER_TABLE_SIZE in the last frame; -1 when it had none. */
  smallestTableBytes = -1;
  private noPriorities = -1;
  private isFirst = true;

  /**
   * Reads one frame's parameters.
   * @throws Http2ConnectionError FRAME_SIZE_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR (§6.5.2) or ENHANCE_YOUR_CALM
   */
  apply(payload: Buffer, start: number, end: number, maxParameters: number): void {
    if ((end - start) % 6 !== 0) throw new Http2ConnectionError('SETTINGS of a wrong length');
    if (end - start > maxParameters * 6) throw new Http2ConnectionError('SETTINGS too long');
    this.smallestTableBytes = -1;
    for (let at = start; at < end; at += 6) this.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.isFirst = false;
  }

  private set(identifier: number, value: number): void {
    switch (identifier) {
      case SETTINGS_HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        if (this.smallestTableBytes < 0 || value < this.smallestTableBytes) this.smallestTableBytes = value;
        return;
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) {
          throw new Http2ConnectionError('SETTINGS_INITIAL_WINDOW_SIZE out of range');
        }
        this.initialWindowBytes = value;
        return;
      case SETTINGS_MAX_FRAME_SIZE:
        // We send no frame above 16,384 octets, which every peer takes.
        check(
          value >= DEFAULT_FRAME_BYTES && value <= MAX_FRAME_BYTES,
          'SETTINGS_MAX_FRAME_SIZE out of range',
        );
        return;
      case SETTINGS_ENABLE_PUSH:
        check(value <= 1, 'SETTINGS_ENABLE_PUSH out of range');
        return;
      case SETTINGS_ENABLE_CONNECT_PROTOCOL:
        check(value <= 1, 'SETTINGS_ENABLE_CONNECT_PROTOCOL out of range');
        return;
      case SETTINGS_NO_RFC7540_PRIORITIES:
        // RFC 9218 §2.1: 0 or 1, and the same ever after the first SETTINGS frame.
        check(value <= 1, 'SETTINGS_NO_RFC7540_PRIORITIES out of range');
        check(
          this.isFirst || value === Math.max(this.noPriorities, 0),
          'SETTINGS_NO_RFC7540_PRIORITIES changed',
        );
        this.noPriorities = value;
    }
  }
}

function check(isRight: boolean, fault: ConnectionFault): void {
  if (!isRight) throw new Http2ConnectionError(fault);
}
