/** The resources of ACME (RFC 8555 §7.1) as they come from a stranger: read field by field, or refused. */
import { AcmeError, oneLine, type Problem, readProblem } from './problem.js';

/** The URLs of an authority, and what it says about itself (RFC 8555 §7.1.1, RFC 9773 §4.1, draft-ietf-acme-profiles §3). */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert: string | null;
  readonly keyChange: string | null;
  readonly renewalInfo: string | null;
  readonly terms: string | null;
  readonly caaIdentities: readonly string[];
  /** Names of the profiles that may be asked for. */
  readonly profiles: readonly string[];
}

/** What a certificate or an authorization is for (RFC 8555 §9.7.7, RFC 8738 §3). */
export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

export const ORDER_STATES = ['pending', 'ready', 'processing', 'valid', 'invalid'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

export interface Order {
  readonly url: string;
  readonly status: OrderState;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  /** Where the chain is; null until the order is valid. */
  readonly certificate: string | null;
  readonly problem: Problem | null;
}

/** A challenge as far as it concerns us. */
export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly status: string;
  /** Part of a path: letters, digits, `-` and `_` alone (RFC 8555 §8); empty where the kind has none. */
  readonly token: string;
  /** Names for the record of dns-persist-01. */
  readonly issuerDomainNames: readonly string[];
  /** What the authority saw, when it is invalid. */
  readonly problem: Problem | null;
}

export interface Authorization {
  readonly url: string;
  readonly status: string;
  readonly identifier: Identifier;
  readonly challenges: readonly Challenge[];
}

/** When an authority wants a certificate renewed (RFC 9773 §4.2). */
export interface RenewalWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** A page that says why; null: none. */
  readonly explanation: string | null;
}

const MAX_LIST = 200;

/** @throws AcmeError when it is no JSON object */
export function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw misunderstood(`no JSON object (it begins: ${oneLine(text.slice(0, 60))})`);
}

/** @throws AcmeError when a URL that every authority has is missing */
export function readDirectory(text: string): Directory {
  const value = parseObject(text);
  const meta = memberOf(value, 'meta');
  const about = typeof meta === 'object' && meta !== null ? meta : {};
  const profiles = memberOf(about, 'profiles');
  return {
    newNonce: requireText(value, 'newNonce'),
    newAccount: requireText(value, 'newAccount'),
    newOrder: requireText(value, 'newOrder'),
    revokeCert: textOf(value, 'revokeCert'),
    keyChange: textOf(value, 'keyChange'),
    renewalInfo: textOf(value, 'renewalInfo'),
    terms: nullOr(textOf(about, 'termsOfService'), oneLine),
    caaIdentities: textsOf(about, 'caaIdentities').map(oneLine),
    profiles: typeof profiles === 'object' && profiles !== null ? Object.keys(profiles).map(oneLine) : [],
  };
}

/** @throws AcmeError when it is no order */
export function readOrder(text: string, url: string): Order {
  const value = parseObject(text);
  const status = requireText(value, 'status');
  const known = ORDER_STATES.find((state) => state === status);
  if (known === undefined) throw misunderstood(`an order of the unknown state ${oneLine(status)}`);
  return {
    url,
    status: known,
    authorizations: textsOf(value, 'authorizations'),
    finalize: requireText(value, 'finalize'),
    certificate: textOf(value, 'certificate'),
    problem: readProblem(memberOf(value, 'error'), 0),
  };
}

/** @throws AcmeError when it is no authorization */
export function readAuthorization(text: string, url: string): Authorization {
  const value = parseObject(text);
  const identifier = memberOf(value, 'identifier');
  if (typeof identifier !== 'object' || identifier === null)
    throw misunderstood('an authorization of nothing');
  const challenges = memberOf(value, 'challenges');
  if (!Array.isArray(challenges)) throw misunderstood('an authorization without challenges');
  return {
    url,
    status: requireText(value, 'status'),
    identifier: {
      type: textOf(identifier, 'type') === 'ip' ? 'ip' : 'dns',
      value: oneLine(requireText(identifier, 'value')),
    },
    challenges: challenges.slice(0, MAX_LIST).flatMap((one: unknown) => readChallenge(one)),
  };
}

function readChallenge(value: unknown): readonly Challenge[] {
  if (typeof value !== 'object' || value === null) return [];
  const type = textOf(value, 'type');
  const url = textOf(value, 'url');
  if (type === null || url === null) return [];
  return [
    {
      type: oneLine(type),
      url,
      status: textOf(value, 'status') ?? 'pending',
      token: textOf(value, 'token') ?? '',
      issuerDomainNames: textsOf(value, 'issuer-domain-names'),
      problem: readProblem(memberOf(value, 'error'), 0),
    },
  ];
}

/** @throws AcmeError when the window is none (RFC 9773 §4.2: its end comes after its start) */
export function readRenewalWindow(text: string): RenewalWindow {
  const value = parseObject(text);
  const window = memberOf(value, 'suggestedWindow');
  if (typeof window !== 'object' || window === null)
    throw misunderstood('renewal information without a window');
  const startMs = Date.parse(textOf(window, 'start') ?? '');
  const endMs = Date.parse(textOf(window, 'end') ?? '');
  if (!(endMs > startMs)) throw misunderstood('renewal information with a window that is none');
  const explanation = textOf(value, 'explanationURL');
  return { startMs, endMs, explanation: nullOr(explanation, oneLine) };
}

/** An answer that makes no sense. */
export function misunderstood(what: string): AcmeError {
  return new AcmeError(
    `the answer of the authority is not understood: ${what}`,
    'check that --acme-directory is the directory of an ACME authority',
  );
}

function nullOr(text: string | null, change: (text: string) => string): string | null {
  return text === null ? null : change(text);
}

function memberOf(value: object, name: string): unknown {
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function textOf(value: object, name: string): string | null {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : null;
}

function requireText(value: object, name: string): string {
  const text = textOf(value, name);
  if (text === null) throw misunderstood(`${name} is missing`);
  return text;
}

function textsOf(value: object, name: string): readonly string[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member.filter((one) => typeof one === 'string').slice(0, MAX_LIST) : [];
}
