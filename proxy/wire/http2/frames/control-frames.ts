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
} from '../codes.js';
import type { ConnectionContext } from '../context.js';
import { type FrameEvent, GOAWAY, NO_EVENT } from '../events.js';
import { type ConnectionFault, Http2ConnectionError } from '../faults.js';
import type { Http2Stream } from '../streams/stream.js';
import type { FrameReader } from './frame-reader.js';
import { INCREMENTAL, parsePriority } from './priority.js';
import { DEFAULT_TABLE_BYTES } from './settings.js';

/** Priority field values longer than this are read to here only; ours take six characters. */
const MAX_PRIORITY_BYTES = 256;

/** Handles the frame that `context.frame` stands on. @throws Http2ConnectionError when it breaks a rule of the connection */
export function readControlFrame(context: ConnectionContext): FrameEvent {
  const { frame } = context;
  switch (frame.type) {
    case FRAME_WINDOW_UPDATE:
      return readWindowUpdate(context, frame);
    case FRAME_RST_STREAM:
      return readReset(context, frame);
    case FRAME_SETTINGS:
      return readSettings(context, frame);
    case FRAME_PING:
      return readPing(context, frame);
    case FRAME_PRIORITY:
      return readPriority(context, frame);
    case FRAME_PRIORITY_UPDATE:
      return readPriorityUpdate(context, frame);
    case FRAME_GOAWAY:
      return readGoaway(context, frame);
    case FRAME_PUSH_PROMISE:
      throw new Http2ConnectionError('PUSH_PROMISE from a client');
    default:
      // RFC 9113 §5.5.
      context.abuse.countOverhead();
      return NO_EVENT;
  }
}

function check(isRight: boolean, fault: ConnectionFault): void {
  if (!isRight) throw new Http2ConnectionError(fault);
}

/** The open stream of a frame; null when it is closed. @throws Http2ConnectionError when it is idle */
function streamOf(context: ConnectionContext, id: number): Http2Stream | null {
  const stream = context.streams.get(id);
  if (stream === undefined) {
    check(id !== 0 && !context.streams.isIdle(id), 'frame on an idle stream');
    return null;
  }
  return stream.isDead ? null : stream;
}

function readReset(context: ConnectionContext, frame: FrameReader): FrameEvent {
  check(frame.payloadBytes === 4, 'RST_STREAM of a wrong length');
  const stream = streamOf(context, frame.streamId);
  if (stream === null) {
    context.abuse.countOverhead();
    return NO_EVENT;
  }
  return context.resetByPeer(stream, frame.payload.readUInt32BE(frame.start));
}

function readWindowUpdate(context: ConnectionContext, frame: FrameReader): FrameEvent {
  check(frame.payloadBytes === 4, 'WINDOW_UPDATE of a wrong length');
  context.abuse.countOverhead();
  const increment = frame.payload.readInt32BE(frame.start) & 0x7fff_ffff;
  if (frame.streamId === 0) {
    check(increment !== 0, 'WINDOW_UPDATE of 0');
    const { scheduler } = context;
    scheduler.window += increment;
    check(scheduler.window <= MAX_WINDOW_BYTES, 'connection window overflow');
    return NO_EVENT;
  }
  const stream = streamOf(context, frame.streamId);
  if (stream === null) return NO_EVENT;
  if (increment === 0) return context.streamError(stream, PROTOCOL_ERROR);
  stream.sendWindow += increment;
  return stream.sendWindow > MAX_WINDOW_BYTES ? context.streamError(stream, FLOW_CONTROL_ERROR) : NO_EVENT;
}

function readSettings(context: ConnectionContext, frame: FrameReader): FrameEvent {
  check(frame.streamId === 0, 'connection frame on a stream');
  context.abuse.countSettings();
  if ((frame.flags & FLAG_ACK) !== 0) {
    check(frame.payloadBytes === 0, 'SETTINGS acknowledgement with a payload');
    acknowledge(context);
    return NO_EVENT;
  }
  const { peer } = context;
  const formerWindow = peer.initialWindowBytes;
  peer.apply(frame.payload, frame.start, frame.end, context.limits.maxSettingsPerFrame);
  resizeTable(context);
  const difference = peer.initialWindowBytes - formerWindow;
  if (difference !== 0) {
    // RFC 9113 §6.9.2: windows may turn negative, and may not overflow.
    for (const stream of context.streams.values()) {
      stream.sendWindow += difference;
      check(stream.sendWindow <= MAX_WINDOW_BYTES, 'stream window overflow by SETTINGS');
    }
  }
  context.output.writeSettingsAck();
  return NO_EVENT;
}

/** The smallest size on the way counts too: the peer has evicted down to it (RFC 7541 §4.2). */
function resizeTable({ peer, encoder }: ConnectionContext): void {
  const { smallestTableBytes, headerTableBytes } = peer;
  if (smallestTableBytes < 0) return;
  encoder.setMaxTableBytes(Math.min(smallestTableBytes, DEFAULT_TABLE_BYTES));
  encoder.setMaxTableBytes(Math.min(headerTableBytes, DEFAULT_TABLE_BYTES));
}

/** The peer holds to our SETTINGS from here on. */
function acknowledge(context: ConnectionContext): void {
  if (context.settingsAcknowledged) return;
  context.settingsAcknowledged = true;
  const { initialWindowBytes } = context.local;
  const difference = initialWindowBytes - context.streamWindowBytes;
  context.streamWindowBytes = initialWindowBytes;
  if (difference !== 0) for (const stream of context.streams.values()) stream.inflow?.resize(difference);
}

/** We send no PING: an acknowledgement of one is passed over. */
function readPing(context: ConnectionContext, frame: FrameReader): FrameEvent {
  check(frame.streamId === 0, 'connection frame on a stream');
  check(frame.payloadBytes === 8, 'PING of a wrong length');
  context.abuse.countPing();
  if ((frame.flags & FLAG_ACK) === 0) context.output.writePingAck(frame.payload, frame.start);
  return NO_EVENT;
}

function readGoaway(context: ConnectionContext, frame: FrameReader): FrameEvent {
  check(frame.streamId === 0, 'connection frame on a stream');
  check(frame.payloadBytes >= 8, 'GOAWAY of a wrong length');
  context.abuse.countOverhead();
  context.event.errorCode = frame.payload.readUInt32BE(frame.start + 4);
  return GOAWAY;
}

/** The scheme of RFC 7540 is not used (we say SETTINGS_NO_RFC7540_PRIORITIES); its form is checked. */
function readPriority(context: ConnectionContext, frame: FrameReader): FrameEvent {
  context.abuse.countOverhead();
  check(frame.streamId !== 0, 'PRIORITY on the connection');
  if (frame.payloadBytes !== 5) {
    return endByPriority(context, frame.streamId, FRAME_SIZE_ERROR, 'PRIORITY of a wrong length');
  }
  const dependency = frame.payload.readInt32BE(frame.start) & 0x7fff_ffff;
  if (dependency !== frame.streamId) return NO_EVENT;
  return endByPriority(context, frame.streamId, PROTOCOL_ERROR, 'PRIORITY on itself');
}

/** A stream error where there is a stream; RST_STREAM cannot be sent on an idle one. */
function endByPriority(
  context: ConnectionContext,
  streamId: number,
  errorCode: number,
  fault: ConnectionFault,
): FrameEvent {
  const stream = context.streams.get(streamId);
  if (stream === undefined || stream.isDead) throw new Http2ConnectionError(fault);
  return context.streamError(stream, errorCode);
}

function readPriorityUpdate(context: ConnectionContext, frame: FrameReader): FrameEvent {
  check(frame.streamId === 0, 'connection frame on a stream');
  check(frame.payloadBytes >= 4, 'PRIORITY_UPDATE too short');
  context.abuse.countOverhead();
  const { payload, start, end } = frame;
  const id = payload.readInt32BE(start) & 0x7fff_ffff;
  check((id & 1) !== 0, 'PRIORITY_UPDATE for no request');
  const from = start + 4;
  const priority = parsePriority(payload.toString('latin1', from, Math.min(end, from + MAX_PRIORITY_BYTES)));
  const stream = context.streams.get(id);
  if (stream !== undefined) {
    stream.urgency = priority & 7;
    stream.incremental = (priority & INCREMENTAL) !== 0;
  } else if (context.streams.isIdle(id)) {
    context.earlyPriorities.remember(id, priority);
  }
  return NO_EVENT;
}
