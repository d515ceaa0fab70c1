/** Requests signed by an account: nonces, and repetition where a nonce was refused (RFC 8555 §6.2, §6.5). */
import type { AccountKey } from './jws.js';
import { misunderstood } from './messages.js';
import type { PublicReader } from './public-reader.js';
import type { AcmeAnswer } from './transport.js';

/** Some authorities refuse good nonces in turn; without an end something is wrong between them and us. */
const MAX_BAD_NONCES = 17;

/** A signed conversation with one authority. */
export class AcmeConnection {
  /** The newest: each serves once (RFC 8555 §6.5). */
  private nonce: string | null = null;

  /** @param accountUrl null until the account is known */
  constructor(
    readonly reader: PublicReader,
    readonly key: AccountKey,
    public accountUrl: string | null,
  ) {}

  /**
   * @param payload null: POST-as-GET (RFC 8555 §6.3)
   * @param byKey signs with the key instead of the account, which is yet to be found
   * @throws AcmeError when it is refused
   */
  async post(url: string, payload: object | null, byKey = false): Promise<AcmeAnswer> {
    const accountUrl = byKey ? null : this.accountUrl;
    for (let refused = 0; ; refused += 1) {
      const nonce = await this.takeNonce();
      const signed = this.key.sign({ url, accountUrl, nonce }, payload);
      const answer = await this.reader.transport.send('POST', url, signed);
      this.nonce = answer.field('replay-nonce');
      if (answer.status < 300) return answer;
      if (answer.status < 400) throw misunderstood(`status ${answer.status} of ${new URL(url).host}`);
      const error = this.reader.refusal(answer);
      // Nothing was done: the authority looks at the nonce first, and sends another with the refusal (RFC 8555 §6.5).
      if (error.facts.problem?.type !== 'badNonce' || refused >= MAX_BAD_NONCES) throw error;
    }
  }

  private async takeNonce(): Promise<string> {
    const { nonce } = this;
    this.nonce = null;
    if (nonce !== null) return nonce;
    const { newNonce } = await this.reader.directory();
    const answer = await this.reader.transport.send('HEAD', newNonce, null);
    if (answer.status >= 400) throw this.reader.refusal(answer);
    const fresh = answer.field('replay-nonce');
    if (fresh === null) throw misunderstood('it gave no nonce');
    return fresh;
  }
}
