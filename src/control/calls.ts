/** What the handlers of the control socket share: what they are given, and how they answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FrontError } from '../shared/errors.js';
import type { ControlVerbs, Failure, Progress } from './types.js';

/** One call. */
export type Handler = (
  verbs: ControlVerbs,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

/** The query of a call. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://control').searchParams;
}

/** Begins an answer of lines of JSON. Returns what writes one. */
export function beginProgress(response: ServerResponse): (line: Progress) => void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  return (line) => response.write(`${JSON.stringify(line)}\n`);
}

/** A whole answer. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** 404: what the call is about is not there. */
export function sendMissing(response: ServerResponse, error: string, hint: string): void {
  sendJson(response, 404, { error, hint, code: 'internal', exitCode: 1 } satisfies Failure);
}

/** A time of a query. @throws FrontError config_usage */
export function readSeconds(text: string | null, otherwise: number): number {
  if (text === null) return otherwise;
  const seconds = /^\d{1,7}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds))
    throw new FrontError('config_usage', `${JSON.stringify(text)} is no number of seconds`, {
      hint: 'write 30 or 0.5',
    });
  return seconds;
}
