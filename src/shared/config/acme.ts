/** What ACME (RFC 8555) is to the rooms: its configuration, the answers to challenges, and what the master knows of it. */

import type { LeafAnswer } from '../messages/router-messages.js';

/** Ways to prove that a name is ours (RFC 8555 §8.3, §8.4, RFC 8737, draft-ietf-acme-dns-persist). */
export const CHALLENGE_KINDS = ['http-01', 'tls-alpn-01', 'dns-01', 'dns-persist-01'] as const;

export type ChallengeKind = (typeof CHALLENGE_KINDS)[number];

/** `--acme` and its companions. */
export interface AcmeConfig {
  /** The authority may write to this address. */
  readonly email: string;
  /** URLs of the authorities' directories (RFC 8555 §7.1.1); the next is asked when those before have failed. At least one. */
  readonly directories: readonly string[];
  /** Profile that orders ask for (draft-ietf-acme-profiles); null: `shortlived` for addresses, none for names. */
  readonly profile: string | null;
  /** File with the only authorities that are trusted when talking to it; null: those of Node. */
  readonly caFile: string | null;
  /** Names and addresses that get a certificate each; wildcards as `*.example.com`. */
  readonly names: readonly string[];
  /**
   * URL, or path of the app, that is asked whether any other name gets a certificate at its first handshake: `?domain=NAME` is added,
   * 2xx is yes; null: no other name gets one.
   */
  readonly ask: string | null;
  /** What is tried, in this order. */
  readonly challenges: readonly ChallengeKind[];
  /** Program and first arguments that write TXT records; null without dns-01. */
  readonly dnsHook: readonly string[] | null;
  /** How long a new TXT record gets to spread. */
  readonly dnsWaitMs: number;
  /** External account binding (RFC 8555 §7.3.4); the file's first line is the key in base64url. */
  readonly accountBinding: { readonly keyId: string; readonly keyFile: string } | null;
}

/** What routers answer to the authority while it validates. */
export interface ChallengeAnswers {
  /** Counts up with each change; routers acknowledge it. */
  readonly version: number;
  /** For `/.well-known/acme-challenge/TOKEN` on plain listeners. */
  readonly http: readonly { readonly token: string; readonly keyAuthorization: string }[];
  /** For handshakes with the protocol `acme-tls/1` and this server name. */
  readonly tls: readonly { readonly name: string; readonly certPem: string; readonly keyPem: string }[];
}

export const NO_ANSWERS: ChallengeAnswers = { version: 0, http: [], tls: [] };

/** What those who order certificates may ask of the master. */
export interface CertificateUser {
  /**
   * Gives the answers to every router; resolves when all of them answer so.
   * @throws Error when a router does not take them in time
   */
  publish(answers: Pick<ChallengeAnswers, 'http' | 'tls'>): Promise<void>;
  /** There is a newer certificate: it is to be served. */
  certificatesChanged(): void;
  /** The same of a name that got its certificate at a handshake, or it has none any more. */
  leafChanged(name: string): void;
  /** Asks the app for a path. Resolves with the status; 0: it gave no answer in time; null: no app is up. */
  askApp(path: string, timeoutMs: number): Promise<number | null>;
}

/** Names that got their certificate at a handshake. */
export interface OnDemandCounts {
  readonly kept: number;
  /** Those among them whose last renewal has failed, or was refused. */
  readonly failing: number;
}

/** Orders certificates and renews them, beside all serving. */
export interface CertificateOrders {
  start(user: CertificateUser): void;
  /** What a client is served that asks for a name that nobody has given (`--acme-ask`); never rejects. */
  obtain(name: string): Promise<LeafAnswer>;
  /** null without `--acme-ask`. */
  readonly counts: OnDemandCounts | null;
  /** Breaks off what is under way; resolves, within seconds, when it has been cleaned up. */
  stop(): Promise<void>;
}
