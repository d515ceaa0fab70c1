/** The shape of a hostile-upstream case: what the upstream does, and what the client may at most have seen. */
import type { AnswerStep } from '../support/oracle-answer.js';

/** The one request of the case; it goes out over HTTP/1.1 and, in another run, over HTTP/2. */
export interface HostileRequest {
  readonly method: string;
  readonly body: string;
  /** Over HTTP/1.1 the body is framed by its length; `held` octets of it are never sent. */
  readonly held: number;
  /** Flat list, lower case. */
  readonly headers: readonly string[];
}

export interface HostileCase {
  readonly id: string;
  readonly reference: string;
  readonly request: HostileRequest;
  readonly answer: readonly AnswerStep[];
  /**
   * `failed`: a 5xx, or a response that is visibly cut; never one that looks whole.
   * `whole`: this status, this body, complete. `either`: whole as described, or failed.
   * `left`: the client goes away and the upstream connection must be let go at once.
   */
  readonly outcome: 'failed' | 'whole' | 'either' | 'left';
  readonly status?: number;
  readonly body?: string;
  /** Response fields the client must not see. */
  readonly lacks?: readonly string[];
  /** Response fields that must have exactly these values, in order. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  /** Most messages of the case at the oracle; default 1. */
  readonly messages?: number;
  /** The request after it, which meets the upstream connection that the front may have kept; default get. */
  readonly next?: 'get' | 'post';
}

/** Text that belongs to no request: whoever receives it was given somebody else's answer. */
export const POISON = 'POISON';

export const GET: HostileRequest = { method: 'GET', body: '', held: 0, headers: [] };
export const HEAD: HostileRequest = { method: 'HEAD', body: '', held: 0, headers: [] };

/** A POST of this body. */
export function posting(body: string, held = 0): HostileRequest {
  return { method: 'POST', body, held, headers: [] };
}

/** The answer is no HTTP/1.1, or it breaks off: the client must be able to tell. */
export function failed(id: string, reference: string, ...answer: readonly AnswerStep[]): HostileCase {
  return { id, reference, request: GET, answer, outcome: 'failed' };
}

/** Odd but legal, or harmless once read by the rules. */
export function whole(
  id: string,
  reference: string,
  body: string,
  ...answer: readonly AnswerStep[]
): HostileCase {
  return { id, reference, request: GET, answer, outcome: 'whole', status: 200, body };
}

/** A strict reader fails it, a lenient one gives this body. */
export function either(
  id: string,
  reference: string,
  body: string,
  ...answer: readonly AnswerStep[]
): HostileCase {
  return { ...whole(id, reference, body, ...answer), outcome: 'either' };
}
