/** Asks a running front over its control socket. */
import { type IncomingMessage, request } from 'node:http';
import { FrontError } from '../shared/errors.js';
import type { RecentRequests } from '../shared/messages/recent-requests.js';
import { systemCode } from '../shared/system-error.js';
import { failureError } from './failure.js';
import type { Failure, JoinLine, Progress, Status } from './types.js';

/** A master answers within milliseconds, the status within a second for a router that hangs. */
const STATUS_PATIENCE_MS = 5_000;
/** Routers have five seconds to take a change. */
const ASK_PATIENCE_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024 ** 2;

/** What a project hears of the front that serves it. */
export interface JoinEvents {
  /** It is asked to end. */
  onStop(): void;
  /** It is served no more. */
  onClosed(): void;
}

/** One front. */
export class ControlClient {
  constructor(readonly socket: string) {}

  /** @throws FrontError where nobody answers */
  async status(): Promise<Status> {
    const status: Status = JSON.parse(await this.get('/v1/status'));
    return status;
  }

  /** The metrics as Prometheus text. @throws FrontError where nobody answers */
  metrics(): Promise<string> {
    return this.get('/v1/metrics');
  }

  /** The latest and slowest requests, remembered from the first call on. @throws FrontError where nobody answers */
  async requests(): Promise<RecentRequests> {
    const requests: RecentRequests = JSON.parse(await this.get('/v1/requests'));
    return requests;
  }

  private async get(path: string): Promise<string> {
    const answer = await this.call('GET', path, STATUS_PATIENCE_MS);
    const text = await readAll(answer);
    if (answer.statusCode !== 200) throw failureError(readFailure(text));
    return text;
  }

  /** A call that is answered with JSON. @throws FrontError with which it failed, or where nobody answers */
  async ask<Answer>(method: 'GET' | 'POST', path: string): Promise<Answer> {
    const answer = await this.call(method, path, ASK_PATIENCE_MS);
    const text = await readAll(answer);
    if (answer.statusCode !== 200) throw failureError(readFailure(text));
    const parsed: Answer = JSON.parse(text);
    return parsed;
  }

  /**
   * A call that takes its time; resolves with its last words, null where the front ended before any.
   * @param onProgress gets what it says meanwhile
   * @throws FrontError with which it failed
   */
  async run(path: string, onProgress: (text: string) => void): Promise<string | null> {
    const answer = await this.call('POST', path, 0);
    if (answer.statusCode !== 200) throw failureError(readFailure(await readAll(answer)));
    let last: string | null = null;
    await eachLine(answer, (line) => {
      const progress: Progress = JSON.parse(line);
      if (progress.type === 'failed') throw failureError(progress);
      if (progress.type === 'done') last = progress.text;
      else onProgress(progress.text);
    });
    return last;
  }

  /**
   * Has a project served as long as the connection lasts; resolves when it is.
   * @param path with the query of docs/control.md
   * @throws FrontError with which it is refused
   */
  async join(
    path: string,
    events: JoinEvents,
  ): Promise<{ readonly url: string; readonly leave: () => void }> {
    const answer = await this.call('POST', path, 0);
    if (answer.statusCode !== 200) throw failureError(readFailure(await readAll(answer)));
    return new Promise((resolve, reject) => {
      const leave = (): void => void answer.destroy();
      const lines = eachLine(answer, (text) => {
        const line: JoinLine = JSON.parse(text);
        if (line.type === 'stop') events.onStop();
        else resolve({ url: line.url, leave });
      });
      const closed = (): void => {
        reject(unreachable(this.socket, new Error('the front has ended')));
        events.onClosed();
      };
      lines.then(closed, closed);
    });
  }

  /** Every line of the master's log. */
  async logs(follow: boolean, onLine: (line: string) => void): Promise<void> {
    await eachLine(await this.call('GET', `/v1/logs${follow ? '?follow=1' : ''}`, 0), onLine);
  }

  private call(method: 'GET' | 'POST', path: string, patienceMs: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.socket, method, path, agent: false }, resolve);
      if (patienceMs > 0) asked.setTimeout(patienceMs, () => asked.destroy(new Error('it does not answer')));
      asked.on('error', (error) => reject(unreachable(this.socket, error)));
      asked.end();
    });
  }
}

function unreachable(socket: string, error: Error): FrontError {
  const code = systemCode(error);
  const isGone = code === 'ENOENT' || code === 'ECONNREFUSED';
  const reason = isGone
    ? 'no front runs there'
    : code === 'EACCES'
      ? 'it belongs to another user'
      : error.message;
  return new FrontError('internal', `the control socket ${socket}: ${reason}`, {
    hint: 'tlsfront list names the fronts of this user',
    cause: error,
  });
}

function readFailure(text: string): Failure {
  const failure: Failure = JSON.parse(text);
  return failure;
}

async function readAll(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('an answer without end');
  }
  return Buffer.concat(chunks).toString();
}

/** The end of the front in the middle of an answer is the end of the answer. */
async function eachLine(answer: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  answer.setEncoding('utf8');
  try {
    for await (const chunk of answer) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
  } catch (error) {
    if (systemCode(error) !== 'ECONNRESET') throw error;
  }
}
