/**
 * Messages between two of our processes over one stream: a line of JSON each. Unlike node's IPC channel it carries no handles and knows no
 * internal messages, so that the other side can ask for nothing but what we read from its lines ourselves.
 */
import type { Duplex } from 'node:stream';

const NEWLINE = 0x0a;

/** What comes in. */
export interface ChannelEvents {
  /** @param message any JSON value: whoever receives it checks every field */
  onMessage(message: unknown): void;
  /** A line is too long or no JSON; nothing of this stream is read any more. */
  onBroken(reason: string): void;
  /** The other side has closed, or has ended. */
  onClosed(): void;
}

/** One end of it. */
export class JsonChannel {
  private pieces: Buffer[] = [];
  private piecesBytes = 0;
  private isBroken = false;

  /** @param maxLineBytes longest line that the other side may send */
  constructor(
    private readonly stream: Duplex,
    private readonly maxLineBytes: number,
    private readonly events: ChannelEvents,
  ) {
    stream.on('data', (chunk: Buffer) => this.receive(chunk));
    // What breaks it closes it.
    stream.on('error', () => {});
    stream.once('close', () => events.onClosed());
  }

  /** Sends a plain object; what is sent after the other side has gone is lost. */
  send(message: object): void {
    if (this.stream.writable) this.stream.write(`${JSON.stringify(message)}\n`);
  }

  /** Closes this end once everything is written. */
  end(written: () => void = () => {}): void {
    if (this.stream.writable) this.stream.end(written);
    else written();
  }

  private receive(chunk: Buffer): void {
    let rest = chunk;
    while (!this.isBroken) {
      const newline = rest.indexOf(NEWLINE);
      const piece = newline === -1 ? rest : rest.subarray(0, newline);
      this.pieces.push(piece);
      this.piecesBytes += piece.length;
      if (this.piecesBytes > this.maxLineBytes)
        this.break(`a message of more than ${this.maxLineBytes} bytes`);
      if (newline === -1) return;
      this.deliver();
      rest = rest.subarray(newline + 1);
    }
  }

  private deliver(): void {
    if (this.isBroken) return;
    const text = Buffer.concat(this.pieces).toString();
    this.pieces = [];
    this.piecesBytes = 0;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      this.break('a message that is no JSON');
      return;
    }
    this.events.onMessage(message);
  }

  private break(reason: string): void {
    this.isBroken = true;
    this.pieces = [];
    this.events.onBroken(reason);
  }
}
