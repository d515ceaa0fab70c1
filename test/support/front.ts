/** Starts a real front (or, for a look at the oracle's fairness, a peer) before an upstream port, and ends it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestCertificateFiles, writeTestCertificates } from './certificates.js';
import { withoutTimes } from './command.js';
import { within } from './deadline.js';
import { peerCommand } from './peers.js';
import { builtProgram } from './workspace.js';

export type Engine = 'direct' | 'library';

export interface FrontOptions {
  /** Port on 127.0.0.1 that the front forwards to. */
  readonly upstreamPort: number;
  readonly engine: Engine;
  /** More command-line arguments of the front; peers ignore them. */
  readonly arguments?: readonly string[];
  /** For Node itself; peers ignore them. */
  readonly nodeArguments?: readonly string[];
}

/** A program to run and how to learn that it serves. */
export interface FrontCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Known before the start, or read from the ready line. */
  readonly port: number | undefined;
}

export interface RunningFront {
  readonly port: number;
  /** `https://localhost:PORT` */
  readonly url: string;
  /** PEM that makes the front's certificate trusted. */
  readonly ca: string;
  readonly pid: number;
  /** All that it wrote to stdout and stderr. */
  log(): string;
  /** True until the process ends. */
  running(): boolean;
  /** SIGTERM, SIGKILL after a deadline; resolves with the exit code or the signal's name. */
  stop(): Promise<number | string>;
}

const START_MS = 60_000;
const STOP_MS = 5_000;

/** The peer that TLSFRONT_TEST_PEER names instead of our front, if any. */
export const testPeer = process.env.TLSFRONT_TEST_PEER ?? '';

/** Starts the front and waits until it serves. Share one among many cases: a start costs about 200 ms. */
export async function startFront(options: FrontOptions): Promise<RunningFront> {
  const folder = mkdtempSync(join(tmpdir(), 'tlsfront-edge-'));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const files = await writeTestCertificates(folder);
  const command =
    testPeer === '' ? frontCommand(options, files) : await peerCommand(testPeer, options, files);
  const child = spawn(command.program, command.arguments, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  const front = new FrontProcess(child);
  try {
    const port = await within(front.ready(command.port), START_MS, `the front serving; log: ${front.text}`);
    return {
      port,
      url: `https://localhost:${port}`,
      ca: readFileSync(files.rootFile, 'utf8'),
      pid: child.pid ?? 0,
      log: () => withoutTimes(front.text),
      running: () => front.running,
      stop: () => front.stop().finally(removeFolder),
    };
  } catch (error) {
    await front.stop().finally(removeFolder);
    throw new Error(`the front did not start: ${front.text}`, { cause: error });
  }
}

function frontCommand(options: FrontOptions, files: TestCertificateFiles): FrontCommand {
  return {
    program: process.execPath,
    arguments: [
      ...(options.nodeArguments ?? []),
      builtProgram('command'),
      ...['--upstream', `127.0.0.1:${options.upstreamPort}`, '--listen', '127.0.0.1:0'],
      ...['--cert', files.chainFile, '--key', files.keyFile, '--engine', options.engine],
      ...(options.arguments ?? []),
    ],
    port: undefined,
  };
}

/** The child process: its output, its ready line, its end. */
class FrontProcess {
  text = '';
  running = true;
  private readonly ended: Promise<number | string>;
  private onText: () => void = () => undefined;

  constructor(readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.text += chunk.toString('utf8');
        this.onText();
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? code ?? 'unknown'));
    });
    this.ended.then(() => {
      this.running = false;
    });
  }

  /** The port, once a connection to it is accepted or the ready line names it. */
  async ready(port: number | undefined): Promise<number> {
    const failed = this.ended.then((how) => {
      throw new Error(`the front ended with ${how}`);
    });
    return Promise.race([failed, port === undefined ? this.printedPort() : accepting(port)]);
  }

  private printedPort(): Promise<number> {
    return new Promise((resolve) => {
      this.onText = () => {
        const found = /https:\/\/[^\s:]+:(\d+)/.exec(this.text);
        if (found !== null) resolve(Number(found[1]));
      };
      this.onText();
    });
  }

  async stop(): Promise<number | string> {
    this.child.kill('SIGTERM');
    try {
      return await within(this.ended, STOP_MS, 'the front ending after SIGTERM');
    } catch {
      this.child.kill('SIGKILL');
      return this.ended;
    }
  }
}

async function accepting(port: number): Promise<number> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    if (open) return port;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
