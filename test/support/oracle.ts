/** The recording upstream: every byte that reaches it must be strict HTTP/1.1, and every message is kept. */
import { createServer, type Server, type Socket } from 'node:net';
import { type AnswerStep, ok, playAnswer } from './oracle-answer.js';
import { valuesOf } from './strict-head.js';
import { type StrictMessage, StrictParser } from './strict-parser.js';

/** A request that reached the oracle; it grows until `complete`. */
export interface OracleMessage extends StrictMessage {
  /** 1-based, in the order the heads arrived. */
  readonly number: number;
  readonly connection: number;
}

/** Bytes that are no HTTP/1.1. */
export interface OracleViolation {
  readonly rule: string;
  readonly connection: number;
  /** Whose case it was: the token in the broken message, or else the last one before it; '' for none. */
  readonly token: string;
}

const KEPT_BYTES = 65536;

/** Words by which cases know their messages; `Oracle.token` makes them. */
export function tokensIn(text: string): string[] {
  return text.match(/tk[0-9]{5}x/g) ?? [];
}

/** One upstream for many cases: each finds its own messages by a token that it puts in every request. */
export class Oracle {
  readonly messages: OracleMessage[] = [];
  readonly violations: OracleViolation[] = [];
  connections = 0;
  private issued = 0;
  private readonly closed = new Set<number>();
  private readonly played = new Set<string>();
  private readonly scripts = new Map<string, AnswerStep[][]>();
  private readonly sockets = new Map<number, Socket>();
  private readonly server: Server;
  port = 0;

  constructor() {
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  /** Listens on 127.0.0.1 and a free port. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the oracle has no port');
    this.port = address.port;
    return this;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.values()) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** A word that no other case of this oracle has. */
  token(): string {
    this.issued += 1;
    return `tk${String(this.issued).padStart(5, '0')}x`;
  }

  /** Messages whose head, body or trailers carry the token. */
  messagesOf(token: string): OracleMessage[] {
    return this.messages.filter(
      (message) =>
        message.raw.includes(token) ||
        message.body.includes(token) ||
        message.trailers.join().includes(token),
    );
  }

  /** Violations that the case of this token is to blame for. */
  violationsOf(token: string): OracleViolation[] {
    return this.violations.filter((violation) => violation.token === token);
  }

  /** True once the script of the token has been played to its end. */
  hasPlayed(token: string): boolean {
    return this.played.has(token);
  }

  /** True once the connection of that number is gone. */
  isClosed(connection: number): boolean {
    return this.closed.has(connection);
  }

  /** The n-th request whose head carries the token gets the n-th script; every other request the plain 200. */
  script(token: string, ...scripts: AnswerStep[][]): void {
    this.scripts.set(token, [...scripts]);
  }

  /** Sends latin1 text on a connection, as an answer that depends on its request. */
  sendOn(connection: number, text: string): void {
    const socket = this.sockets.get(connection);
    if (socket === undefined) throw new Error(`connection ${connection} is gone`);
    socket.write(text, 'latin1');
  }

  private scriptFor(message: StrictMessage): AnswerStep[] | undefined {
    for (const [token, scripts] of this.scripts) {
      if (message.raw.includes(token)) return scripts.shift();
    }
    return undefined;
  }

  private accept(socket: Socket): void {
    this.connections += 1;
    new OracleConnection(
      this,
      socket,
      this.connections,
      (message) => this.scriptFor(message),
      (message) => {
        for (const token of tokensIn(message.raw)) this.played.add(token);
      },
    );
    const number = this.connections;
    this.sockets.set(number, socket);
    socket.on('close', () => {
      this.sockets.delete(number);
      this.closed.add(number);
    });
  }
}

/** One upstream connection: reads on while answers are played one after the other. */
class OracleConnection {
  private received = '';
  private closeOnReuse = false;
  private answers: Promise<void> = Promise.resolve();
  private readonly ended = new Map<StrictMessage, () => void>();
  private readonly parser: StrictParser;

  constructor(
    readonly oracle: Oracle,
    readonly socket: Socket,
    readonly number: number,
    readonly scriptFor: (message: StrictMessage) => AnswerStep[] | undefined,
    readonly whenPlayed: (message: StrictMessage) => void,
  ) {
    this.parser = new StrictParser('request', {
      head: (message) => this.begin(message),
      end: (message) => this.ended.get(message)?.(),
    });
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => this.parser.finish());
    socket.on('close', () => this.judge());
  }

  private receive(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    this.received = (this.received + text).slice(-KEPT_BYTES);
    this.parser.feed(text);
    this.judge();
  }

  private judge(): void {
    const rule = this.parser.violation;
    if (rule === undefined) return;
    const known = this.oracle.violations.some((violation) => violation.connection === this.number);
    const token = tokensIn(this.parser.unread)[0] ?? tokensIn(this.received).at(-1) ?? '';
    if (!known) this.oracle.violations.push({ rule, connection: this.number, token });
    this.socket.destroy();
  }

  private begin(message: StrictMessage): void {
    // The parser goes on writing into this very object, so it is extended and not copied.
    const recorded = Object.assign(message, {
      number: this.oracle.messages.length + 1,
      connection: this.number,
    });
    this.oracle.messages.push(recorded);
    if (this.closeOnReuse) {
      this.socket.end();
      return;
    }
    const ended = new Promise<void>((resolve) => this.ended.set(message, resolve));
    this.answers = this.answers.then(() => this.answer(recorded, ended));
  }

  private async answer(message: OracleMessage, ended: Promise<void>): Promise<void> {
    const script = this.scriptFor(message);
    await playAnswer(script ?? plainAnswer(message), {
      socket: this.socket,
      message,
      ended,
      closeOnReuse: () => {
        this.closeOnReuse = true;
      },
    });
    if (script !== undefined) this.whenPlayed(message);
  }
}

/** What names the case where the target cannot. */
function caseOf(message: StrictMessage): string {
  return valuesOf(message.headers, 'x-case').join();
}

/** 200 after the whole request, with a body that names the request. */
function plainAnswer(message: OracleMessage): AnswerStep[] {
  const expects = valuesOf(message.headers, 'expect').some((value) => value.toLowerCase() === '100-continue');
  const closes = valuesOf(message.headers, 'connection').some((value) => /\bclose\b/i.test(value));
  const steps: AnswerStep[] = [];
  if (expects && message.version === '1.1') steps.push({ send: 'HTTP/1.1 100 Continue\r\n\r\n' });
  const body =
    message.method === 'HEAD' ? '' : `#${message.number} ${message.method} {target} ${caseOf(message)}\n`;
  const length = body.replace('{target}', message.target).length;
  const answer = ok(body).replace(/Content-Length: \d+/, `Content-Length: ${length}`);
  steps.push({ awaitBody: true }, { send: answer });
  if (closes || (message.version === '1.0' && !/keep-alive/i.test(message.raw))) steps.push({ close: true });
  return steps;
}
