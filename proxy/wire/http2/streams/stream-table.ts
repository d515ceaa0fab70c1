/** The streams of one connection: the open ones, and what is remembered of closed ones (RFC 9113 §5.1, §5.1.1). */
import type { Http2Stream } from './stream.js';

const MAX_CLOSED = 64;
const MAX_RESET = 256;

/** The last few identifiers put in. */
class StreamIdRing {
  private readonly ids: number[] = [];
  private next = 0;

  constructor(private readonly size: number) {}

  add(id: number): void {
    this.ids[this.next] = id;
    this.next = (this.next + 1) % this.size;
  }

  has(id: number): boolean {
    return this.ids.includes(id);
  }
}

export class StreamTable {
  /** Highest identifier the peer has used. */
  lastId = 0;
  private readonly open = new Map<number, Http2Stream>();
  private readonly closed = new StreamIdRing(MAX_CLOSED);
  /** Cut by us while the peer could still send: its frames are on the way and no fault of its own. */
  private cut: StreamIdRing | null = null;

  get size(): number {
    return this.open.size;
  }

  get(id: number): Http2Stream | undefined {
    return this.open.get(id);
  }

  add(stream: Http2Stream): void {
    this.open.set(stream.id, stream);
  }

  values(): IterableIterator<Http2Stream> {
    return this.open.values();
  }

  /** Closes a stream, or one that was refused before it was in the table. */
  close(id: number, mayStillSend: boolean): void {
    this.open.delete(id);
    if (mayStillSend) {
      this.cut ??= new StreamIdRing(MAX_RESET);
      this.cut.add(id);
    } else {
      this.closed.add(id);
    }
  }

  clear(): void {
    this.open.clear();
  }

  /** No frame but HEADERS and PRIORITY may come on it. Even numbers are ours, and we open none. */
  isIdle(id: number): boolean {
    return id > this.lastId || (id & 1) === 0;
  }

  /** Frames on it are to be passed over in silence. */
  wasCut(id: number): boolean {
    return this.cut?.has(id) ?? false;
  }

  /** It was open once; as far back as is remembered. */
  wasClosed(id: number): boolean {
    return this.closed.has(id);
  }
}
