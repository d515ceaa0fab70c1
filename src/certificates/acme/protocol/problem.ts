/** What an authority says went wrong (RFC 8555 §6.7), read from bytes that a stranger wrote. */

/** A problem document (RFC 7807), its text made safe for a log. */
export interface Problem {
  /** The name after `urn:ietf:params:acme:error:`; `other` for any other type. */
  readonly type: string;
  /** The authority's own words; may be empty. */
  readonly detail: string;
  /** HTTP status; 0 when the problem was inside an answer. */
  readonly status: number;
  /** Where the person has to do something (RFC 8555 §7.3.3). */
  readonly instance: string | null;
  readonly subproblems: readonly { readonly type: string; readonly detail: string; readonly name: string }[];
}

const NAMESPACE = 'urn:ietf:params:acme:error:';
const MAX_CHARACTERS = 400;
const MAX_SUBPROBLEMS = 20;

/** Why an order failed. */
export class AcmeError extends Error {
  /**
   * @param message what went wrong, for the log
   * @param hint the next step; null where there is none but waiting
   * @param facts what the authority said and asked for
   */
  constructor(
    message: string,
    readonly hint: string | null,
    readonly facts: AcmeErrorFacts = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'AcmeError';
  }
}

export interface AcmeErrorFacts {
  readonly problem?: Problem;
  /** The authority wants no further request before this many milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The problem in a parsed JSON value; null when it holds none. */
export function readProblem(value: unknown, status: number): Problem | null {
  if (typeof value !== 'object' || value === null) return null;
  const type = textOf(value, 'type');
  const detail = textOf(value, 'detail');
  if (type === '' && detail === '') return null;
  const instance = textOf(value, 'instance');
  return {
    type: shortType(type),
    detail,
    status,
    instance: /^https:\/\/\S+$/.test(instance) ? instance : null,
    subproblems: readSubproblems(value),
  };
}

function readSubproblems(value: object): Problem['subproblems'] {
  const list: unknown = 'subproblems' in value ? value.subproblems : null;
  if (!Array.isArray(list)) return [];
  return list.slice(0, MAX_SUBPROBLEMS).flatMap((each: unknown) => {
    if (typeof each !== 'object' || each === null) return [];
    const identifier: unknown = 'identifier' in each ? each.identifier : null;
    const name = typeof identifier === 'object' && identifier !== null ? textOf(identifier, 'value') : '';
    return [{ type: shortType(textOf(each, 'type')), detail: textOf(each, 'detail'), name }];
  });
}

function shortType(type: string): string {
  return type.startsWith(NAMESPACE) ? type.slice(NAMESPACE.length) : 'other';
}

function textOf(value: object, name: string): string {
  const text: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof text === 'string' ? oneLine(text) : '';
}

/** Text of a stranger on one line, without what a terminal would take for a command, and not long. */
export function oneLine(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return clean.length > MAX_CHARACTERS ? `${clean.slice(0, MAX_CHARACTERS)}…` : clean;
}

/** Milliseconds of a Retry-After field (RFC 9110 §10.2.3); undefined when it says nothing of use. */
export function readRetryAfter(field: unknown, nowMs: number): number | undefined {
  if (typeof field !== 'string' || field === '') return undefined;
  const ms = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
