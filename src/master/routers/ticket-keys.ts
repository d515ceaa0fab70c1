/** The keys of session tickets: a new one at intervals, the old one kept until its last session has ended. */
import { randomBytes } from 'node:crypto';
import type { TicketKeyPair } from '../../shared/messages/router-messages.js';

/** A stolen key opens the sessions of no more than this. */
const ROTATION_MS = 12 * 3_600_000;
/** The routers let no session live longer (SESSION_LIFE_SECONDS), and a minute is spared for clocks and messages. */
const OVERLAP_MS = 3_600_000 + 60_000;
/** Key name, HMAC key and AES key, 16 bytes each. */
const KEYS_BYTES = 48;

function newKeys(): string {
  return randomBytes(KEYS_BYTES).toString('base64');
}

/** Held by the master alone; never written anywhere. */
export class TicketKeys {
  private pair: TicketKeyPair = { current: newKeys(), previous: null };

  /**
   * @param onChange gets every new pair
   * @param rotationMs how often a new key is made; the old one is kept for `overlapMs`
   */
  constructor(
    private readonly onChange: (pair: TicketKeyPair) => void,
    rotationMs = ROTATION_MS,
    private readonly overlapMs = OVERLAP_MS,
  ) {
    setInterval(() => this.rotate(), rotationMs).unref();
  }

  get keys(): TicketKeyPair {
    return this.pair;
  }

  /** Goes on with those of the master whose place this one takes: sessions of its clients resume. */
  adopt(pair: TicketKeyPair): void {
    this.change(pair);
    if (pair.previous !== null) this.forgetPrevious();
  }

  private rotate(): void {
    this.change({ current: newKeys(), previous: this.pair.current });
    this.forgetPrevious();
  }

  private forgetPrevious(): void {
    setTimeout(() => this.change({ current: this.pair.current, previous: null }), this.overlapMs).unref();
  }

  private change(pair: TicketKeyPair): void {
    this.pair = pair;
    this.onChange(pair);
  }
}
