/** One request answered from a folder, as a lease: the file is found and opened, its head told, its bytes read as the client takes them. */
import { closeSync, read, readSync, type Stats } from 'node:fs';
import type { ErrorCode } from '../../../src/shared/errors.js';
import { chooseCoding } from '../../exchange/headers/compression.js';
import type { OutgoingFields } from '../../exchange/headers/outgoing-fields.js';
import type { Framing, RequestHead } from '../../exchange/types.js';
import type { Upstream } from '../../routing/upstream.js';
import { fieldList, fieldValue } from '../../wire/syntax/field-list.js';
import type { ExchangeHead, Lease, LeaseHandler } from '../transport.js';
import { isPage, validatorsOf, withoutType, withSlash } from './answer-parts.js';
import { judgeConditions, type Part, readRange } from './conditions.js';
import { type FileRoot, neighbourEnd, type Opened } from './file-root.js';
import { mediaTypeOf } from './media-types.js';

/** Read at a time; more is in memory for no client. */
const PIECE_BYTES = 64 * 1024;
/** The first piece of each file: who is called with it gives it on, or copies it, before the next file is read. */
const FIRST_PIECE = Buffer.allocUnsafeSlow(PIECE_BYTES);
/** From so many open files on, one whose client takes nothing is closed, and opened again for it. */
const MAX_IDLE_FILES = 256;

/**
 * `asked`: the answer follows in this turn · `reading`: bytes are on their way from the disk · `paused`: the client takes
 * no more · `over`: nothing follows.
 */
type Phase = 'asked' | 'reading' | 'paused' | 'over';

/** What of a file is being sent. */
interface OpenFile {
  readonly path: string;
  readonly stats: Stats;
  /** -1: closed meanwhile. */
  fd: number;
  position: number;
  missingBytes: number;
}

export class FileLease implements Lease {
  readonly fault = '';
  private phase: Phase = 'asked';
  private file: OpenFile | null = null;
  /** The system is reading into it; the file is closed after that. */
  private isBusy = false;
  private wantsPause = false;
  /** Where bytes of the disk go; null: none are asked for. */
  private piece: Buffer | null = null;

  constructor(
    readonly upstream: Upstream,
    private readonly root: FileRoot,
    private readonly holder: LeaseHandler,
    /** Files of all leases that are open. */
    private readonly open: { count: number },
  ) {}

  sendHead(exchange: ExchangeHead, path: string, _fields: OutgoingFields, _framing: Framing): void {
    // Whoever holds the lease has first to know that it does.
    process.nextTick(() => {
      if (this.phase === 'asked') this.answer(exchange, path);
    });
  }

  /** A file has no use for what is sent to it. */
  sendBody(_chunk: Buffer): boolean {
    return true;
  }

  endBody(_trailers: readonly string[]): void {}

  flush(): void {}

  endTunnel(): void {}

  pause(): void {
    this.wantsPause = true;
  }

  resume(): void {
    this.wantsPause = false;
    if (this.phase !== 'paused') return;
    this.phase = 'reading';
    if (this.reopen()) this.readOn();
    else this.fail('upstream_cut');
  }

  abort(): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.close();
  }

  /** Answers, in this call, with a file that an app has named and that was opened for it. @param fields of the app's answer */
  sendNamed(head: RequestHead, path: string, { fd, stats }: Opened, status: number, fields: string[]): void {
    const { method, headers } = head;
    this.open.count += 1;
    this.hold(path, fd, stats);
    if (fieldValue(fields, 'content-type') === '') fields.push('content-type', mediaTypeOf(path));
    // Other answers are not the file that was asked for, but a page that speaks of it; nor is one to a POST.
    const isWhole = (status !== 200 && status !== 206) || (method !== 'GET' && method !== 'HEAD');
    if (!isWhole) this.send(method === 'HEAD', headers, fields, '');
    else if (method === 'HEAD') this.tell(status, fields, stats.size);
    else this.sendPart(status, null, fields);
  }

  private answer({ head }: ExchangeHead, path: string): void {
    const { method, headers } = head;
    if (method !== 'GET' && method !== 'HEAD') {
      this.fail('files_are_read');
      return;
    }
    let found = this.root.findFor(head, path);
    if (found.kind === 'folder') {
      this.tell(301, ['location', withSlash(head.path)], 0);
      return;
    }
    if (found.kind === 'none' && this.root.config.kind === 'spa' && isPage(path))
      found = this.root.find('/', '/');
    if (found.kind !== 'file') {
      this.fail('file_missing');
      return;
    }
    let opened: Opened | null;
    try {
      opened = this.root.open(found.path);
    } catch {
      this.fail('overloaded');
      return;
    }
    if (opened === null) {
      this.fail('file_missing');
      return;
    }
    this.open.count += 1;
    this.hold(found.path, opened.fd, opened.stats);
    const type = mediaTypeOf(found.path);
    const fields = ['content-type', type];
    const { real, stats } = opened;
    const expires = this.root.expiries.find({ file: real, uri: head.path, type, stats }, Date.now());
    if (expires !== null) fields.push('expires', expires);
    const mark = this.takeNeighbour(found.path, stats, headers, fields);
    this.send(method === 'HEAD', headers, fields, mark);
  }

  /** Takes the compressed neighbour that the client likes best in place of the file; returns what its tag ends with. */
  private takeNeighbour(path: string, stats: Stats, headers: readonly string[], fields: string[]): string {
    const codings = this.root.codingsOf(path, stats, performance.now());
    if (codings.length === 0) return '';
    fields.push('vary', 'accept-encoding');
    const coding = chooseCoding(fieldList(headers, 'accept-encoding'), codings);
    if (coding === null) return '';
    const neighbour = path + neighbourEnd(coding);
    let opened: Opened | null;
    try {
      opened = this.root.open(neighbour);
    } catch {
      return '';
    }
    if (opened === null) return '';
    this.close();
    this.open.count += 1;
    this.hold(neighbour, opened.fd, opened.stats);
    fields.push('content-encoding', coding);
    return `-${coding}`;
  }

  private hold(path: string, fd: number, stats: Stats): void {
    this.file = { path, stats, fd, position: 0, missingBytes: stats.size };
  }

  private send(isHead: boolean, headers: readonly string[], fields: string[], mark: string): void {
    const { file } = this;
    if (file === null) return;
    const own = validatorsOf(file.stats, mark);
    const judged = judgeConditions(headers, own);
    fields.push('etag', own.tag, 'last-modified', new Date(own.modifiedSeconds * 1000).toUTCString());
    if (judged === 412) this.tell(412, [], 0);
    else if (judged === 304) this.tell(304, withoutType(fields), -1);
    else {
      const { size } = file.stats;
      const part = isHead ? null : readRange(headers, size, own);
      if (part === 'none') {
        this.tell(416, ['content-range', `bytes */${size}`], 0);
        return;
      }
      fields.push('accept-ranges', 'bytes');
      if (isHead) this.tell(200, fields, size);
      else this.sendPart(part === null ? 200 : 206, part, fields);
    }
  }

  private sendPart(status: number, part: Part | null, fields: string[]): void {
    const { file } = this;
    if (file === null) return;
    const { size } = file.stats;
    if (part !== null) {
      file.position = part.start;
      file.missingBytes = part.length;
      fields.push('content-range', `bytes ${part.start}-${part.start + part.length - 1}/${size}`);
    }
    const contentLength = file.missingBytes;
    this.phase = 'reading';
    this.holder.onResponse({
      status,
      headers: fields,
      memo: null,
      contentLength,
      hasBody: contentLength > 0,
    });
    if (this.isOver) return;
    if (contentLength === 0) {
      this.end();
      return;
    }
    let count = 0;
    try {
      count = readSync(file.fd, FIRST_PIECE, 0, Math.min(PIECE_BYTES, contentLength), file.position);
    } catch {
      // As if it had become shorter.
    }
    this.take(FIRST_PIECE, count);
  }

  /** An answer without a body. @param contentLength what the field says; -1: there is none */
  private tell(status: number, headers: string[], contentLength: number): void {
    this.phase = 'reading';
    this.holder.onResponse({ status, headers, memo: null, contentLength, hasBody: false });
    if (!this.isOver) this.end();
  }

  private get isOver(): boolean {
    return this.phase === 'over';
  }

  private readOn(): void {
    const { file } = this;
    if (file === null) return;
    this.piece ??= Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, file.missingBytes));
    const { piece } = this;
    this.isBusy = true;
    read(file.fd, piece, 0, Math.min(piece.length, file.missingBytes), file.position, (error, count) => {
      this.isBusy = false;
      if (this.isOver) this.close();
      else this.take(piece, error === null ? count : 0);
    });
  }

  /** Gives bytes on, and asks for more; none where some are missing: the file has become shorter, or cannot be read. */
  private take(piece: Buffer, count: number): void {
    const { file } = this;
    if (file === null) return;
    if (count === 0) {
      this.fail('upstream_cut');
      return;
    }
    file.position += count;
    file.missingBytes -= count;
    this.holder.onBody(piece.subarray(0, count));
    if (this.isOver) return;
    if (file.missingBytes === 0) this.end();
    else {
      this.holder.onFlush();
      if (this.isOver) return;
      if (this.wantsPause) this.rest();
      else this.readOn();
    }
  }

  private rest(): void {
    this.phase = 'paused';
    this.piece = null;
    if (this.open.count > MAX_IDLE_FILES) this.close();
  }

  /** Opens a file that was closed for its slow client; false: it is another one now. */
  private reopen(): boolean {
    const { file } = this;
    if (file === null) return false;
    if (file.fd !== -1) return true;
    try {
      const opened = this.root.open(file.path);
      if (opened === null) return false;
      file.fd = opened.fd;
      this.open.count += 1;
      const { ino, dev, size, mtimeMs } = opened.stats;
      const { stats } = file;
      return ino === stats.ino && dev === stats.dev && size === stats.size && mtimeMs === stats.mtimeMs;
    } catch {
      return false;
    }
  }

  private end(): void {
    this.phase = 'over';
    this.close();
    this.holder.onEnd([]);
    this.holder.onFlush();
  }

  private fail(code: ErrorCode): void {
    this.phase = 'over';
    this.close();
    this.holder.onFailure(code, false);
  }

  private close(): void {
    const { file } = this;
    if (file === null || file.fd === -1 || this.isBusy) return;
    const { fd } = file;
    file.fd = -1;
    this.open.count -= 1;
    try {
      // Nothing is left to be written; a thread of the pool for it would cost more than finding, opening and reading together.
      closeSync(fd);
    } catch {
      // It was closed beneath us, which the next read would have told.
    }
  }
}
