/** Puts the answers to challenges where the authority looks, and takes them away again. */
import { createHash } from 'node:crypto';
import type { CertificateUser, ChallengeAnswers, ChallengeKind } from '../../shared/acme.js';
import { DAY_MS, issueCertificate } from '../development/x509-issuer.js';
import { HASTY_HOOK_MS, runDnsHook } from './dns-hook.js';
import { pause } from './pause.js';
import { AcmeError } from './problem.js';

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
}

/** The answers of the moment. */
export class ChallengeBoard {
  private readonly http = new Set<ChallengeAnswers['http'][number]>();
  private readonly tls = new Set<ChallengeAnswers['tls'][number]>();

  constructor(private readonly parts: BoardParts) {}

  /**
   * Resolves when the answer stands in its place.
   * @param domain the name without `*.`
   * @param keyAuthorization for dns-01 the value of the record
   */
  async present(
    kind: ChallengeKind,
    domain: string,
    token: string,
    keyAuthorization: string,
  ): Promise<Withdraw> {
    if (kind === 'http-01') return this.show(this.http, { token, keyAuthorization });
    if (kind === 'tls-alpn-01') return this.show(this.tls, await alpnCertificate(domain, keyAuthorization));
    return this.presentRecord(`_acme-challenge.${domain}`, keyAuthorization);
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
  return { name, certPem, keyPem };
}
