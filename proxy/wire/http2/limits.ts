/** The numbers that hold a peer in bounds, with their defaults. */

/** What we announce in SETTINGS (RFC 9113 §6.5.2) and as the connection's first window. */
export interface Http2LocalSettings {
  /** SETTINGS_MAX_CONCURRENT_STREAMS. */
  maxConcurrentStreams: number;
  /** SETTINGS_INITIAL_WINDOW_SIZE: the first window of each stream. */
  initialWindowBytes: number;
  /** The first window of the connection; at least 65,535 (it can only be raised). */
  connectionWindowBytes: number;
  /** SETTINGS_MAX_FRAME_SIZE, 16,384 to 16,777,215. */
  maxFrameBytes: number;
  /** SETTINGS_HEADER_TABLE_SIZE: the HPACK table the peer may fill here; at least 4,096. */
  headerTableBytes: number;
  /** SETTINGS_MAX_HEADER_LIST_SIZE: a longer request is told as `tooLarge`. */
  maxHeaderListBytes: number;
}

/** Bounds that are not announced. A peer over one of them gets GOAWAY with ENHANCE_YOUR_CALM unless said otherwise. */
export interface Http2Limits {
  /** Fields in one list; more make the request `tooLarge`. */
  maxFields: number;
  /** Compressed bytes of one field block, HEADERS and CONTINUATION together. */
  maxHeaderBlockBytes: number;
  /** CONTINUATION frames after one HEADERS. */
  maxContinuationFrames: number;
  /** How far a stream's window grows for a body that is taken fast. */
  maxStreamWindowBytes: number;
  /** How far the connection's window grows: with it the most request-body bytes that can wait for upstreams. */
  maxConnectionWindowBytes: number;
  /** A window taken whole within this time is doubled. */
  windowGrowthMs: number;
  /** `sendData()` says false once so much waits on the stream. */
  streamHighWaterBytes: number;
  /** WRITABLE comes when no more than this waits. */
  streamLowWaterBytes: number;
  /** When so much waits on the whole connection, `sendData()` says false above the low-water mark. */
  connectionHighWaterBytes: number;
  /** Finished frames that the peer has not read and that no window holds back (heads, acknowledgements, resets). */
  maxReadyBytes: number;
  /** Acknowledgements, resets and window updates written between two `takeOutput()`. */
  maxQueuedControlFrames: number;
  /** Length of the window that the `…PerPeriod` limits count in. */
  periodMs: number;
  /** Streams reset by the peer, or by us because of what the peer sent (CVE-2023-44487, CVE-2025-8671). */
  maxResetsPerPeriod: number;
  maxPingsPerPeriod: number;
  maxSettingsPerPeriod: number;
  /** Empty DATA frames that do not end a stream. */
  maxEmptyDataPerPeriod: number;
  /**
   * Frames that carry no request and no body (PRIORITY, PRIORITY_UPDATE, WINDOW_UPDATE, unknown types, those on closed streams);
   * each request and each DATA frame sent allows four more.
   */
  maxOverheadFramesPerPeriod: number;
  /** Parameters in one SETTINGS frame. */
  maxSettingsPerFrame: number;
  /** SETTINGS must be acknowledged within this time (SETTINGS_TIMEOUT). */
  settingsTimeoutMs: number;
  /** HEADERS without END_HEADERS, or half a frame, must be completed within this time. */
  partialFrameTimeoutMs: number;
  /** A blocked stream counts as moving again only after so many bytes went out (one-byte window updates are no progress). */
  minProgressBytes: number;
}

export const DEFAULT_HTTP2_SETTINGS: Readonly<Http2LocalSettings> = Object.freeze({
  maxConcurrentStreams: 100,
  initialWindowBytes: 131_072,
  connectionWindowBytes: 262_144,
  maxFrameBytes: 16_384,
  headerTableBytes: 4_096,
  maxHeaderListBytes: 32_768,
});

/** Room of a field block beyond the list it carries, so that a list somewhat too long is 431 on its stream, not GOAWAY. */
const BLOCK_SURPLUS = 1.5;

export const DEFAULT_HTTP2_LIMITS: Readonly<Http2Limits> = Object.freeze({
  maxFields: 200,
  maxHeaderBlockBytes: 49_152,
  maxContinuationFrames: 16,
  maxStreamWindowBytes: 1_048_576,
  maxConnectionWindowBytes: 2_097_152,
  windowGrowthMs: 500,
  streamHighWaterBytes: 65_536,
  streamLowWaterBytes: 16_384,
  connectionHighWaterBytes: 2_097_152,
  maxReadyBytes: 1_048_576,
  maxQueuedControlFrames: 1_000,
  periodMs: 10_000,
  maxResetsPerPeriod: 300,
  maxPingsPerPeriod: 500,
  maxSettingsPerPeriod: 100,
  maxEmptyDataPerPeriod: 100,
  maxOverheadFramesPerPeriod: 2_000,
  maxSettingsPerFrame: 32,
  settingsTimeoutMs: 10_000,
  partialFrameTimeoutMs: 10_000,
  minProgressBytes: 1_024,
});

/**
 * The bounds that follow from lists of up to so many bytes, as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2):
 * 32 octets a field, more than a literal ever needs beside its name and value, so that no Huffman code is asked for.
 * CONTINUATION frames may be as small as by default.
 */
export function boundFieldBlocks(
  maxHeaderListBytes: number,
): Pick<Http2Limits, 'maxHeaderBlockBytes' | 'maxContinuationFrames' | 'maxReadyBytes'> {
  const { maxHeaderBlockBytes, maxContinuationFrames, maxReadyBytes } = DEFAULT_HTTP2_LIMITS;
  const blockBytes = Math.max(maxHeaderBlockBytes, Math.ceil(maxHeaderListBytes * BLOCK_SURPLUS));
  return {
    maxHeaderBlockBytes: blockBytes,
    maxContinuationFrames: Math.ceil((blockBytes / maxHeaderBlockBytes) * maxContinuationFrames),
    // A response's head may be as long as a request's.
    maxReadyBytes: Math.max(maxReadyBytes, 2 * blockBytes),
  };
}
