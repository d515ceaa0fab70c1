/** Verifies passwords beside the router's own thread: scrypt in Node's pool, bcrypt in a thread of its own; a bounded queue, shared by clients. */
import { scrypt, timingSafeEqual } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { type PasswordHash, parsePasswordHash, scryptBytes } from '../../../../src/shared/password-hash.js';
import { programFile } from '../../../../src/system/package-files.js';
import type { BcryptQuestion } from './bcrypt-thread.js';

/** More of them would leave a small machine without processors for anything else. */
const MAX_RUNNING = 2;
/** Passwords that wait; as many of one client. Beyond them the answer is 503. */
const MAX_WAITING = 128;
const MAX_WAITING_OF_CLIENT = 8;

/** Called once: whether they fit, or `busy` where too many wait. */
export type Verdict = boolean | 'busy';

/** Costs a millisecond, and the digits of pi. */
const CHEAP = '$2b$04$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

interface Question {
  readonly client: string;
  readonly password: string;
  readonly hash: string;
  readonly parsed: PasswordHash;
  readonly done: (verdict: Verdict) => void;
}

/** Who verifies passwords. */
export interface Verifier {
  /** @param client key of the client that waits */
  verify(client: string, password: string, hash: string, done: (verdict: Verdict) => void): void;
}

export class PasswordVerifier implements Verifier {
  private readonly waiting: Question[] = [];
  private running = 0;
  private thread: Worker | null = null;
  /** What the thread is asked, in order. */
  private readonly asked: ((fits: boolean) => void)[] = [];

  /** Starts the thread while its file can still be read: a router gives its rights up. */
  async prepare(): Promise<void> {
    await new Promise<void>((resolve) => this.askThread({ password: '', hash: CHEAP }, () => resolve()));
  }

  verify(client: string, password: string, hash: string, done: (verdict: Verdict) => void): void {
    const parsed = parsePasswordHash(hash);
    if (parsed === null) {
      done(false);
      return;
    }
    const ofClient = this.waiting.filter((question) => question.client === client).length;
    if (this.waiting.length >= MAX_WAITING || ofClient >= MAX_WAITING_OF_CLIENT) {
      done('busy');
      return;
    }
    this.waiting.push({ client, password, hash, parsed, done });
    this.next();
  }

  private next(): void {
    if (this.running >= MAX_RUNNING) return;
    const question = this.waiting.shift();
    if (question === undefined) return;
    this.running += 1;
    const settle = (fits: boolean): void => {
      this.running -= 1;
      question.done(fits);
      this.next();
    };
    if (question.parsed.kind === 'bcrypt') this.askThread(question, settle);
    else verifyScrypt(question.password, question.parsed, settle);
  }

  private askThread({ password, hash }: BcryptQuestion, settle: (fits: boolean) => void): void {
    this.asked.push(settle);
    const question: BcryptQuestion = { password, hash };
    const thread = this.openThread();
    thread.ref();
    thread.postMessage(question);
  }

  private openThread(): Worker {
    if (this.thread !== null) return this.thread;
    // Few fronts need it, and loading it takes longer than many a module of ours.
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const thread = new Worker(programFile('bcryptThread'));
    thread.on('message', (fits: boolean) => {
      this.asked.shift()?.(fits);
      // It keeps no process alive but for answers.
      if (this.asked.length === 0) thread.unref();
    });
    // Whatever ends it lets nobody in.
    thread.on('error', () => {});
    thread.on('exit', () => {
      this.thread = null;
      for (const settle of this.asked.splice(0)) settle(false);
    });
    this.thread = thread;
    return thread;
  }
}

function verifyScrypt(
  password: string,
  parsed: Extract<PasswordHash, { kind: 'scrypt' }>,
  done: (fits: boolean) => void,
): void {
  const { N, r, p } = parsed;
  const wanted = Buffer.from(parsed.digest, 'base64');
  const maxmem = scryptBytes(parsed) + 1024 * 1024;
  scrypt(password, Buffer.from(parsed.salt, 'base64'), wanted.length, { N, r, p, maxmem }, (error, found) => {
    done(error === null && timingSafeEqual(found, wanted));
  });
}
