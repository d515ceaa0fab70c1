/** The frames that carry no request (RFC 9113 §6.3 to §6.9, RFC 9218 §7.1). */
import {
  FLAG_ACK,
  FLOW_CONTROL_ERROR,
  FRAME_GOAWAY,
  FRAME_PING,
  FRAME_PRIORITY,
  FRAME_PRIORITY_UPDATE,
  FRAME_PUSH_PROMISE,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
  FRAME_SIZE_ERROR,
  FRAME_WINDOW_UPDATE,
  MAX_WINDOW_BYTES,
  PROTOCOL_ERROR,
} from './codes.js';
import { ConnectionCore } from './connection-core.js';
import { Http2ConnectionError } from './connection-error.js';
import * as events from './events.js';
import { FrameReader } from './frame-reader.js';
import type { Http2Limits, Http2LocalSettings } from './limits.js';
import { INCREMENTAL, parsePriority } from './priority.js';
import { DEFAULT_TABLE_BYTES, PeerSettings } from './settings.js';
import type { Http2Stream } from './stream.js';

/** What a frame handler returns when there is nothing to tell. */
export const NO_EVENT = -1;

/** Priority field values longer than this are read to here only; ours take six characters. */
const MOST_PRIORITY_BYTES = 256;

export abstract class ControlFrames extends ConnectionCore {
  streamId = 0;
  resetByPeer = false;
  roundTripMs = 0;

  protected readonly reader: FrameReader;
  protected readonly peer = new PeerSettings();
  protected settingsAcknowledged = false;
  /** A PING is under way since then; 0 when none is. */
  protected pingSentMs = 0;
  protected pingMark = 0;
  /** Priorities of streams that are not open yet (RFC 9218 §7.1). */
  private earlyPriorities: Map<number, number> | null = null;

  constructor(local: Readonly<Http2LocalSettings>, limits: Readonly<Http2Limits>) {
    super(local, limits);
    this.reader = new FrameReader(local.maxFrameBytes);
  }

  protected override fail(errorCode: number, reason: string): void {
    super.fail(errorCode, reason);
    this.reader.stop();
  }

  /** Handles the frame that the reader stands on. */
  protected control(): number {
    switch (this.reader.type) {
      case FRAME_WINDOW_UPDATE:
        return this.windowUpdate();
      case FRAME_RST_STREAM:
        return this.rstStream();
      case FRAME_SETTINGS:
        return this.settings();
      case FRAME_PING:
        return this.pingFrame();
      case FRAME_PRIORITY:
        return this.priority();
      case FRAME_PRIORITY_UPDATE:
        return this.priorityUpdate();
      case FRAME_GOAWAY:
        return this.goaway();
      case FRAME_PUSH_PROMISE:
        throw new Http2ConnectionError(PROTOCOL_ERROR, 'PUSH_PROMISE from a client');
      default:
        // RFC 9113 §5.5.
        this.abuse.countOverhead();
        return NO_EVENT;
    }
  }

  /** RST_STREAM for what the peer did on an open stream; counted (CVE-2025-8671). */
  protected streamError(stream: Http2Stream, errorCode: number): number {
    this.killStream(stream, errorCode);
    this.abuse.countReset();
    return this.tellReset(stream.id, errorCode, false);
  }

  /** Frames on it are the tail of something we cut or refused. */
  protected isPassedOver(streamId: number): boolean {
    return streamId > this.acceptedUpTo || this.streams.wasCut(streamId);
  }

  /** The priority that PRIORITY_UPDATE gave a stream before it opened; -1 when none did. */
  protected takeEarlyPriority(streamId: number): number {
    const early = this.earlyPriorities;
    if (early === null) return -1;
    const priority = early.get(streamId) ?? -1;
    early.delete(streamId);
    if (early.size === 0) this.earlyPriorities = null;
    return priority;
  }

  private tellReset(streamId: number, errorCode: number, byPeer: boolean): number {
    this.streamId = streamId;
    this.errorCode = errorCode;
    this.resetByPeer = byPeer;
    return events.RESET;
  }

  private checkLength(isRight: boolean, reason: string): void {
    if (!isRight) throw new Http2ConnectionError(FRAME_SIZE_ERROR, reason);
  }

  private onConnection(): void {
    if (this.reader.streamId !== 0) {
      throw new Http2ConnectionError(PROTOCOL_ERROR, 'connection frame on a stream');
    }
  }

  /** The open stream of this frame; undefined when it is closed. @throws Http2ConnectionError when it is idle */
  private streamOfFrame(): Http2Stream | undefined {
    const id = this.reader.streamId;
    const stream = this.streams.get(id);
    if (stream === undefined && (id === 0 || this.streams.isIdle(id))) {
      throw new Http2ConnectionError(PROTOCOL_ERROR, 'frame on an idle stream');
    }
    return stream === undefined || stream.dead ? undefined : stream;
  }

  private rstStream(): number {
    const reader = this.reader;
    this.checkLength(reader.payloadBytes === 4, 'RST_STREAM of a wrong length');
    const stream = this.streamOfFrame();
    if (stream === undefined) {
      this.abuse.countOverhead();
      return NO_EVENT;
    }
    const errorCode = reader.payload.readUInt32BE(reader.start);
    stream.resetByPeer = true;
    this.markDead(stream, true);
    this.abuse.countReset();
    return this.tellReset(stream.id, errorCode, true);
  }

  private windowUpdate(): number {
    const reader = this.reader;
    this.checkLength(reader.payloadBytes === 4, 'WINDOW_UPDATE of a wrong length');
    this.abuse.countOverhead();
    const increment = reader.payload.readInt32BE(reader.start) & 0x7fff_ffff;
    if (reader.streamId === 0) {
      if (increment === 0) throw new Http2ConnectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE of 0');
      this.scheduler.window += increment;
      if (this.scheduler.window > MAX_WINDOW_BYTES) {
        throw new Http2ConnectionError(FLOW_CONTROL_ERROR, 'connection window overflow');
      }
      return NO_EVENT;
    }
    const stream = this.streamOfFrame();
    if (stream === undefined) return NO_EVENT;
    if (increment === 0) return this.streamError(stream, PROTOCOL_ERROR);
    stream.sendWindow += increment;
    return stream.sendWindow > MAX_WINDOW_BYTES ? this.streamError(stream, FLOW_CONTROL_ERROR) : NO_EVENT;
  }

  private settings(): number {
    const reader = this.reader;
    this.onConnection();
    this.abuse.countSettings();
    if ((reader.flags & FLAG_ACK) !== 0) {
      this.checkLength(reader.payloadBytes === 0, 'SETTINGS acknowledgement with a payload');
      return this.acknowledged();
    }
    const formerWindow = this.peer.initialWindowBytes;
    this.peer.apply(reader.payload, reader.start, reader.end, this.limits.maxSettingsPerFrame);
    this.resizeTable();
    const difference = this.peer.initialWindowBytes - formerWindow;
    if (difference !== 0) {
      // RFC 9113 §6.9.2: windows may turn negative, and may not overflow.
      for (const stream of this.streams.values()) {
        stream.sendWindow += difference;
        if (stream.sendWindow > MAX_WINDOW_BYTES) {
          throw new Http2ConnectionError(FLOW_CONTROL_ERROR, 'stream window overflow by SETTINGS');
        }
      }
    }
    this.output.writeSettingsAck();
    return NO_EVENT;
  }

  /** The smallest size on the way counts too: the peer has evicted down to it (RFC 7541 §4.2). */
  private resizeTable(): void {
    const { smallestTableBytes, headerTableBytes } = this.peer;
    if (smallestTableBytes < 0) return;
    this.encoder.setMaxTableBytes(Math.min(smallestTableBytes, DEFAULT_TABLE_BYTES));
    this.encoder.setMaxTableBytes(Math.min(headerTableBytes, DEFAULT_TABLE_BYTES));
  }

  private acknowledged(): number {
    if (this.settingsAcknowledged) return NO_EVENT;
    this.settingsAcknowledged = true;
    const difference = this.local.initialWindowBytes - this.streamWindowBytes;
    this.streamWindowBytes = this.local.initialWindowBytes;
    if (difference !== 0) for (const stream of this.streams.values()) stream.inflow?.resize(difference);
    return events.SETTINGS_ACK;
  }

  private pingFrame(): number {
    const reader = this.reader;
    this.onConnection();
    this.checkLength(reader.payloadBytes === 8, 'PING of a wrong length');
    this.abuse.countPing();
    if ((reader.flags & FLAG_ACK) === 0) {
      this.output.writePingAck(reader.payload, reader.start);
      return NO_EVENT;
    }
    const isOurs =
      this.pingSentMs > 0 &&
      reader.payload.readUInt32BE(reader.start) === 0 &&
      reader.payload.readUInt32BE(reader.start + 4) === this.pingMark;
    if (!isOurs) return NO_EVENT;
    this.roundTripMs = this.nowMs - this.pingSentMs;
    this.pingSentMs = 0;
    return events.PING_ACK;
  }

  private goaway(): number {
    const reader = this.reader;
    this.onConnection();
    this.checkLength(reader.payloadBytes >= 8, 'GOAWAY of a wrong length');
    this.abuse.countOverhead();
    this.errorCode = reader.payload.readUInt32BE(reader.start + 4);
    return events.GOAWAY;
  }

  /** The scheme of RFC 7540 is not used (we say SETTINGS_NO_RFC7540_PRIORITIES); its form is checked. */
  private priority(): number {
    const reader = this.reader;
    this.abuse.countOverhead();
    if (reader.streamId === 0) throw new Http2ConnectionError(PROTOCOL_ERROR, 'PRIORITY on the connection');
    if (reader.payloadBytes !== 5) return this.priorityFault(FRAME_SIZE_ERROR);
    const dependency = reader.payload.readInt32BE(reader.start) & 0x7fff_ffff;
    return dependency === reader.streamId ? this.priorityFault(PROTOCOL_ERROR) : NO_EVENT;
  }

  /** A stream error where there is a stream; RST_STREAM cannot be sent on an idle one. */
  private priorityFault(errorCode: number): number {
    const stream = this.streams.get(this.reader.streamId);
    if (stream === undefined || stream.dead) throw new Http2ConnectionError(errorCode, 'malformed PRIORITY');
    return this.streamError(stream, errorCode);
  }

  private priorityUpdate(): number {
    const reader = this.reader;
    this.onConnection();
    this.checkLength(reader.payloadBytes >= 4, 'PRIORITY_UPDATE too short');
    this.abuse.countOverhead();
    const id = reader.payload.readInt32BE(reader.start) & 0x7fff_ffff;
    if ((id & 1) === 0) throw new Http2ConnectionError(PROTOCOL_ERROR, 'PRIORITY_UPDATE for no request');
    const from = reader.start + 4;
    const text = reader.payload.toString('latin1', from, Math.min(reader.end, from + MOST_PRIORITY_BYTES));
    const priority = parsePriority(text);
    const stream = this.streams.get(id);
    if (stream !== undefined) {
      stream.urgency = priority & 7;
      stream.incremental = (priority & INCREMENTAL) !== 0;
    } else if (this.streams.isIdle(id)) {
      this.rememberPriority(id, priority);
    }
    return NO_EVENT;
  }

  /** RFC 9218 §7.1: no more idle streams than may be open. */
  private rememberPriority(id: number, priority: number): void {
    const early = this.earlyPriorities ?? new Map<number, number>();
    this.earlyPriorities = early;
    early.set(id, priority);
    if (early.size <= this.local.maxConcurrentStreams) return;
    for (const skipped of early.keys()) if (!this.streams.isIdle(skipped)) early.delete(skipped);
    if (early.size > this.local.maxConcurrentStreams) {
      throw new Http2ConnectionError(PROTOCOL_ERROR, 'PRIORITY_UPDATE for too many idle streams');
    }
  }
}
