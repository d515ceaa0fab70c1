/** The new master while it starts: the program as it is on disk now, with this front's command line and its listening sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { FrontError } from '../../shared/errors.js';
import {
  type HandedSocket,
  type Handover,
  type PredecessorWord,
  readSuccessorWord,
} from '../../shared/messages/handover.js';
import { successorEnvironment } from '../../system/child-environment.js';
import { SUCCESSOR_MARK } from '../../system/successor-mark.js';

/** After stdin, stdout and stderr, as sd_listen_fds(3) counts. */
const FIRST_DESCRIPTOR = 3;
/** One that is told to end ends its app and routers first. */
const MERCY_MS = 10_000;
/** It has told that it serves: what is left are some sockets. */
const SETTLE_MS = 10_000;

/** What it is started with. */
export interface SuccessorParts {
  /** With the descriptors of this process. */
  readonly sockets: readonly HandedSocket[];
  /** Everything else; asked for when the new master has read its configuration. */
  readonly rest: () => Promise<Omit<Handover, 'sockets'>>;
  /** What a service manager is to hear from it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Longest wait until it serves. */
  readonly patienceMs: number;
}

export class Successor {
  readonly pid: number;
  /** Resolves when it takes requests. @throws FrontError that says why it does not, and has ended or will */
  readonly serving: Promise<void>;
  private readonly child: ChildProcess;
  private whenServing: { resolve(): void; reject(error: Error): void } = { resolve() {}, reject() {} };
  private whenSettled: () => void = () => {};
  private hasEnded = false;

  constructor(private readonly parts: SuccessorParts) {
    this.serving = new Promise((resolve, reject) => {
      this.whenServing = { resolve, reject };
    });
    this.serving.catch(() => {});
    this.child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      stdio: ['inherit', 'inherit', 'inherit', ...parts.sockets.map(({ descriptor }) => descriptor), 'ipc'],
      env: { ...successorEnvironment(), ...parts.environment, [SUCCESSOR_MARK]: String(process.pid) },
    });
    this.pid = this.child.pid ?? 0;
    const timer = setTimeout(() => {
      this.fail(`it does not serve after ${parts.patienceMs / 1000} seconds`);
      this.end();
    }, parts.patienceMs);
    const clear = (): void => clearTimeout(timer);
    this.serving.then(clear, clear);
    this.child.on('message', (message) => this.receive(message));
    this.child.once('error', (error) => this.fail(`it cannot be started: ${error.message}`));
    this.child.once('exit', (code, signal) => {
      this.hasEnded = true;
      this.whenSettled();
      this.fail(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
    });
  }

  /** This master has closed what the new one opens; resolves when that is done. */
  release(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(settle, SETTLE_MS);
      this.whenSettled = settle;
      this.say({ type: 'released' });
      if (this.hasEnded) settle();
    });
  }

  /** It goes on by itself. */
  leave(): void {
    if (this.child.connected) this.child.disconnect();
    this.child.removeAllListeners('message');
    this.child.unref();
  }

  /** Its place is not needed: it ends, and what it has started. */
  end(): void {
    if (this.hasEnded) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), MERCY_MS);
    this.child.once('exit', () => clearTimeout(timer));
  }

  private receive(message: unknown): void {
    const word = readSuccessorWord(message);
    switch (word?.type) {
      case 'take':
        void this.give();
        return;
      case 'serving':
        this.whenServing.resolve();
        return;
      case 'settled':
        this.whenSettled();
        return;
      case 'failed':
        this.whenServing.reject(
          new FrontError('internal', word.message, word.hint === null ? {} : { hint: word.hint }),
        );
        return;
      case undefined:
        return;
      default:
        word satisfies never;
    }
  }

  private async give(): Promise<void> {
    const rest = await this.parts.rest();
    const sockets = this.parts.sockets.map((socket, index) => {
      return { ...socket, descriptor: FIRST_DESCRIPTOR + index };
    });
    this.say({ type: 'give', handover: { ...rest, sockets } });
  }

  private say(word: PredecessorWord): void {
    // Who has ended is told by its exit.
    if (this.child.connected) this.child.send(word, () => {});
  }

  private fail(reason: string): void {
    const hint = 'its lines are in the log: tlsfront logs';
    this.whenServing.reject(new FrontError('internal', `the new master does not serve: ${reason}`, { hint }));
  }
}
