/** Puts the answers to challenges where the authority looks, and takes them away again. */
import { createHash } from 'node:crypto';
import { ipFamily } from '../../shared/addresses/ip-family.js';
import type { CertificateUser, ChallengeAnswers, ChallengeKind } from '../../shared/config/acme.js';
import { DAY_MS, issueCertificate } from '../development/x509-issuer.js';
import { addressBytes } from '../development/x509-parts.js';
import { HASTY_HOOK_MS, runDnsHook } from './dns-hook.js';
import { pause } from './pause.js';
import type { Challenge } from './protocol/messages.js';
import { AcmeError, oneLine } from './protocol/problem.js';

/** Takes an answer away. */
export type Withdraw = () => Promise<void>;

export interface BoardParts {
  readonly user: Pick<CertificateUser, 'publish'>;
  readonly dnsHook: readonly string[] | null;
  readonly dnsWaitMs: number;
  /** Ends waiting. */
  readonly signal: AbortSignal;
  /** Tells what went wrong without changing anything. */
  onWarning(text: string): void;
  /** Asks a person for a DNS record. */
  onRecord(text: string): void;
}

/** What the authority wants to see. */
export interface ChallengeAnswer {
  /** What the certificate is for; a wildcard keeps its `*.`. */
  readonly name: string;
  /** The name without `*.`, or the address. */
  readonly domain: string;
  readonly challenge: Pick<Challenge, 'token' | 'issuerDomainNames'>;
  /** For dns-01 the value of the record. */
  readonly keyAuthorization: string;
  readonly accountUrl: string;
}

/** An answer that nobody has to take away. */
const LEAVE: Withdraw = () => Promise.resolve();

/** The answers of the moment. */
export class ChallengeBoard {
  private readonly http = new Set<ChallengeAnswers['http'][number]>();
  private readonly tls = new Set<ChallengeAnswers['tls'][number]>();

  constructor(private readonly parts: BoardParts) {}

  /**
   * Resolves when the answer stands in its place.
   * @throws AcmeError when it cannot be put there
   */
  async present(kind: ChallengeKind, answer: ChallengeAnswer): Promise<Withdraw> {
    const { domain, keyAuthorization, challenge } = answer;
    switch (kind) {
      case 'http-01':
        return this.show(this.http, { token: challenge.token, keyAuthorization });
      case 'tls-alpn-01':
        return this.show(this.tls, await alpnCertificate(domain, keyAuthorization));
      case 'dns-01':
        return this.presentRecord(`_acme-challenge.${domain}`, keyAuthorization);
      case 'dns-persist-01':
        this.parts.onRecord(`the DNS needs this record, once: ${persistentRecord(answer)}`);
        return LEAVE;
      default:
        return kind satisfies never;
    }
  }

  private async show<Answer>(answers: Set<Answer>, answer: Answer): Promise<Withdraw> {
    answers.add(answer);
    const withdraw = async (): Promise<void> => {
      answers.delete(answer);
      // Routers that drain need not be told.
      if (this.parts.signal.aborted) return;
      await this.publish().catch((error: unknown) => this.warn(error));
    };
    try {
      await this.publish();
    } catch (cause) {
      await withdraw();
      throw new AcmeError(cause instanceof Error ? cause.message : String(cause), null, { cause });
    }
    return withdraw;
  }

  private publish(): Promise<void> {
    return this.parts.user.publish({ http: [...this.http], tls: [...this.tls] });
  }

  private async presentRecord(record: string, value: string): Promise<Withdraw> {
    const { dnsHook, dnsWaitMs, signal } = this.parts;
    if (dnsHook === null) throw new Error('dns-01 without a hook');
    const withdraw = async (): Promise<void> => {
      // While the front stops, the record is still taken away, in haste.
      const cleaning = signal.aborted ? AbortSignal.timeout(HASTY_HOOK_MS) : signal;
      await runDnsHook(dnsHook, { action: 'cleanup', record, value }, cleaning).catch((error: unknown) =>
        this.warn(error),
      );
    };
    try {
      await runDnsHook(dnsHook, { action: 'present', record, value }, signal);
      await pause(dnsWaitMs, signal);
    } catch (cause) {
      await withdraw();
      throw cause;
    }
    return withdraw;
  }

  private warn(error: unknown): void {
    this.parts.onWarning(error instanceof Error ? error.message : String(error));
  }
}

/** The record that lets this account validate the name for ever (draft-ietf-acme-dns-persist §4). */
function persistentRecord({ name, domain, challenge, accountUrl }: ChallengeAnswer): string {
  const [issuer] = challenge.issuerDomainNames;
  if (issuer === undefined || !/^[A-Za-z0-9.-]{1,253}$/.test(issuer)) {
    throw new AcmeError(`${name}: the authority does not name itself for the record of dns-persist-01`, null);
  }
  const policy = name.startsWith('*.') ? '; policy=wildcard' : '';
  return `_validation-persist.${domain}. TXT "${issuer}; accounturi=${oneLine(accountUrl)}${policy}"`;
}

/** The server name that validates an address: its reverse name (RFC 8738 §6). */
export function validationName(domain: string): string {
  if (ipFamily(domain) === 0) return domain;
  const bytes = [...addressBytes(domain)];
  if (bytes.length === 4) return `${bytes.reverse().join('.')}.in-addr.arpa`;
  const nibbles = bytes.flatMap((byte) => [byte >> 4, byte & 15]).map((nibble) => nibble.toString(16));
  return `${nibbles.reverse().join('.')}.ip6.arpa`;
}

/** RFC 8737 §3: self-signed, for this name alone, with the digest in a critical extension. */
async function alpnCertificate(
  name: string,
  keyAuthorization: string,
): Promise<ChallengeAnswers['tls'][number]> {
  const now = Date.now();
  const { certPem, keyPem } = await issueCertificate({
    organization: 'tlsfront ACME challenge',
    names: [name],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + 7 * DAY_MS),
    acmeIdentifier: createHash('sha256').update(keyAuthorization).digest(),
  });
  return { name: validationName(name), certPem, keyPem };
}
