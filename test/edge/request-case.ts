/** The shape of a request case, and the few words the tables are written in. */

/** What a message that reached the oracle must look like. */
export interface Arrival {
  readonly method?: string;
  readonly target?: string;
  readonly body?: string;
  /** Name in lower case → its only value; null: the field is absent. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Text that stands nowhere in the head, in any case of letters. */
  readonly lacks?: readonly string[];
  /** Flat list; exact. */
  readonly trailers?: readonly string[];
}

/** The verdict of a case rests on this, on the canary, on the probe after it, and on every byte being strict HTTP/1.1. */
export interface Expectation {
  /** Fewest and most messages of this case at the oracle. */
  readonly min: number;
  readonly max: number;
  /** Most final responses; default: `max`, at least 1. */
  readonly answers?: number;
  /** No message may be complete at the oracle: the client's request was never whole or turned out malformed. */
  readonly never?: 'whole';
  /** The client ends its side right after the last byte. */
  readonly cut?: boolean;
  readonly arrives?: Arrival;
  /** Where the RFC wants one of these statuses for each final response. */
  readonly statuses?: readonly number[];
  /** Over HTTP/1.1: methods of the framed requests, where a response has no body because of its method. */
  readonly methods?: readonly string[];
}

/** One thing an HTTP/2 client sends; `stream` is 1 unless given. */
export type Http2Step =
  | {
      readonly headers: readonly string[];
      readonly stream?: number;
      readonly end?: boolean;
      readonly split?: number;
    }
  | { readonly data: string; readonly stream?: number; readonly end?: boolean; readonly padding?: number }
  | { readonly reset: number; readonly stream?: number }
  | { readonly type: number; readonly flags: number; readonly on: number; readonly payload: string };

interface CaseBase {
  readonly id: string;
  /** RFC section, CVE or advisory, and what is tried. */
  readonly reference: string;
  readonly expect: Expectation;
}

export interface Http1Case extends CaseBase {
  readonly protocol: 'http1';
  /** Latin1 pieces; `{t}` is the case's token, `{host}` the front's name. */
  readonly send: readonly string[];
}

export interface Http2Case extends CaseBase {
  readonly protocol: 'http2';
  readonly send: readonly Http2Step[];
}

export type RequestCase = Http1Case | Http2Case;

/** Nothing may reach the oracle and the client gets no answer below 400. */
export const refused: Expectation = { min: 0, max: 0 };

/** The head may have been passed on before the fault showed, but never a whole message. */
export const neverWhole: Expectation = { min: 0, max: 1, never: 'whole' };

/** As neverWhole; the client goes away in the middle. */
export const cutOff: Expectation = { min: 0, max: 1, never: 'whole', cut: true };

/** The RFC lets an edge reject; what it passes on must be so. */
export function atMost(max: number, arrives?: Arrival): Expectation {
  return arrives === undefined ? { min: 0, max } : { min: 0, max, arrives };
}

/** Legitimate: each request arrives, each gets its own 200. */
export function passed(count = 1, arrives?: Arrival): Expectation {
  return arrives === undefined ? { min: count, max: count } : { min: count, max: count, arrives };
}

/** A case over HTTP/1.1; each piece goes in its own packet. */
export function h1(
  id: string,
  reference: string,
  expect: Expectation,
  ...send: readonly string[]
): Http1Case {
  return { id, reference, protocol: 'http1', expect, send };
}

/** A case over HTTP/2. */
export function h2(
  id: string,
  reference: string,
  expect: Expectation,
  ...send: readonly Http2Step[]
): Http2Case {
  return { id, reference, protocol: 'http2', expect, send };
}

/** A GET over HTTP/1.1 with these field lines beside Host. */
export function get(...lines: readonly string[]): string {
  return ['GET /{t} HTTP/1.1', 'Host: {host}', ...lines, '', ''].join('\r\n');
}

/** A POST over HTTP/1.1 with these field lines beside Host, and whatever follows the head. */
export function post(lines: readonly string[], rest: string): string {
  return ['POST /{t} HTTP/1.1', 'Host: {host}', ...lines, '', rest].join('\r\n');
}

/** A chunked POST with this after its head. */
export function chunked(rest: string, ...lines: readonly string[]): string {
  return post(['Transfer-Encoding: chunked', ...lines], rest);
}

/** A request that must never show up by itself. */
export const CANARY = 'GET /canary-{t} HTTP/1.1\r\nHost: {host}\r\nX-Case: {t}\r\n\r\n';

/** Fields of an HTTP/2 GET, with more after them. */
export function h2Get(...more: readonly string[]): string[] {
  return [':method', 'GET', ':scheme', 'https', ':authority', '{host}', ':path', '/{t}', ...more];
}

/** Fields of an HTTP/2 POST, with more after them. */
export function h2Post(...more: readonly string[]): string[] {
  return [':method', 'POST', ':scheme', 'https', ':authority', '{host}', ':path', '/{t}', ...more];
}

/** Octets of a text once its placeholders are filled. */
export function octets(text: string): number {
  return text.replaceAll('{t}', 'tk00000x').replaceAll('{host}', 'localhost').length;
}
