/**
 * Generated and damaged frames through our HTTP/2 codec and through nghttp2 (node:http2): what we accept it must read in the same
 * way. What differs and why it may is in a list. A program: `compare-http2.js SEED FROM TO` prints how many requests of these
 * cases it compared, and fails at the first difference.
 */
import {
  FLAG_ACK,
  FRAME_GOAWAY,
  FRAME_PING,
  FRAME_RST_STREAM,
  FRAME_SETTINGS,
} from '../../../proxy/wire/http2/codes.js';
import { DEFAULT_HTTP2_LIMITS } from '../../../proxy/wire/http2/limits.js';
import { SeededRandom } from '../../support/random.js';
import { bytesOf, type Frame, framesIn, PREFACE, ping } from './frames.js';
import { type Http2Account, type Http2Message, readConnection } from './http2-account.js';
import { sessionFrames } from './http2-grammar.js';
import { LAST_PING, type PeerRequest, requestsByNghttp2 } from './nghttp2.js';
import { same } from './target.js';

/** Regular fields as our codec tells them: host in authority, cookie crumbs joined (RFC 9113 §8.2.3). */
function regularFields(fields: readonly string[]): string[] {
  const regular: string[] = [];
  let cookieAt = -1;
  for (let at = 0; at < fields.length; at += 2) {
    const [name = '', value = ''] = fields.slice(at, at + 2);
    if (name.startsWith(':') || name === 'host') continue;
    if (name === 'cookie' && cookieAt >= 0) {
      regular[cookieAt] = [regular[cookieAt], value].filter((crumb) => crumb !== '').join('; ');
      continue;
    }
    if (name === 'cookie') cookieAt = regular.length + 1;
    regular.push(name, value);
  }
  return regular;
}

function fieldOf(fields: readonly string[], wanted: string): string | undefined {
  const at = fields.findIndex((text, index) => index % 2 === 0 && text === wanted);
  return at < 0 ? undefined : fields[at + 1];
}

function compareRequest(ours: Http2Message, theirs: PeerRequest): void {
  const { head } = ours;
  const { fields } = theirs;
  same(
    [
      fieldOf(fields, ':method'),
      fieldOf(fields, ':scheme') ?? '',
      fieldOf(fields, ':authority') ?? fieldOf(fields, 'host') ?? '',
      fieldOf(fields, ':path') ?? '',
      fieldOf(fields, ':protocol') ?? '',
      regularFields(fields),
    ],
    [head.method, head.scheme, head.authority, head.path, head.protocol, head.headers],
    'head by nghttp2',
  );
}

function compareContent(ours: Http2Message, theirs: PeerRequest): void {
  same(
    [theirs.complete, theirs.body, theirs.trailers],
    [true, ours.body, ours.trailers],
    'content by nghttp2',
  );
}

/** True when we told the client of any fault, of a stream or of the connection. */
function isFaulty(ours: Http2Account): boolean {
  return ours.closed !== '' || framesIn(ours.output).frames.some(({ type }) => type === FRAME_RST_STREAM);
}

/** Frames for which node:http2 ends a connection and RFC 9113 does not ask it of us. */
function isJustified(frames: readonly Frame[]): boolean {
  let settingsAcks = 0;
  for (const { type, flags } of frames) {
    // §6.8: the client itself says that the connection ends.
    if (type === FRAME_GOAWAY) return true;
    if ((flags & FLAG_ACK) === 0) continue;
    // §6.5.3 and §6.7 make no fault of an acknowledgement that nobody waits for; ours are bounded by number.
    if (type === FRAME_PING) return true;
    if (type === FRAME_SETTINGS) settingsAcks += 1;
  }
  return settingsAcks > 1;
}

/**
 * How many requests were compared; a difference throws. node:http2 ends the whole connection for most faults that
 * RFC 9113 §5.4.2 and §8.1.1 make stream errors, and then forgets requests it was about to tell: after a fault only what
 * both told is compared. Without a fault by our reading it must have none by its own.
 */
async function compareSession(frames: readonly Frame[]): Promise<number> {
  const bytes = Buffer.concat([PREFACE, ...frames.map(bytesOf), bytesOf(ping(LAST_PING))]);
  const ours = readConnection([bytes], DEFAULT_HTTP2_LIMITS, 'take');
  const peer = await requestsByNghttp2(frames);
  // RFC 9113 §6.8: with GOAWAY the client says itself that the connection ends; node:http2 ends it at once.
  if (peer.ended !== '' && !isFaulty(ours) && !isJustified(frames)) {
    throw new Error(`nghttp2 ends the connection: ${peer.ended}`);
  }
  let compared = 0;
  for (const message of ours.messages) {
    const theirs = peer.requests.find(({ streamId }) => streamId === message.streamId);
    if (theirs === undefined) {
      if (peer.ended === '') throw new Error(`nghttp2 passes over stream ${message.streamId}`);
      continue;
    }
    compareRequest(message, theirs);
    const isWhole = message.complete && message.resetCode < 0;
    const isEnded = ours.closed !== '' || peer.ended !== '';
    if (isWhole && (theirs.complete || !isEnded)) compareContent(message, theirs);
    compared += 1;
  }
  return compared;
}

async function compareCases(seed: number, from: number, to: number): Promise<number> {
  let compared = 0;
  for (let index = from; index < to; index += 1) {
    const random = SeededRandom.ofCase(seed, index);
    const frames = sessionFrames(random, Math.max(0, random.below(4) - 1)).map(
      ({ declared: _, ...told }) => told,
    );
    try {
      compared += await compareSession(frames);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const hex = Buffer.concat([PREFACE, ...frames.map(bytesOf)]).toString('hex');
      throw new Error(`seed ${seed} case ${index} hex ${hex}\n${reason}`);
    }
  }
  return compared;
}

const [seed = 0, from = 0, to = 0] = process.argv.slice(2).map(Number);
process.stdout.write(`${await compareCases(seed, from, to)}\n`);
