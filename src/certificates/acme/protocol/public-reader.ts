/** Unsigned requests to an authority (RFC 8555 §6.3): its directory and what else anybody may read; refusals as errors. */
import {
  type Directory,
  misunderstood,
  type RenewalWindow,
  readDirectory,
  readRenewalWindow,
} from './messages.js';
import { AcmeError, readProblem, readRetryAfter } from './problem.js';
import { explainProblem, type ProblemContext } from './problem-words.js';
import type { AcmeAnswer, AcmeTransport } from './transport.js';

/** Renewal information and when to ask for it again. */
export interface RenewalInformation {
  readonly window: RenewalWindow;
  /** What the authority's Retry-After says; null: nothing. */
  readonly againMs: number | null;
}

/** Reads what one authority shows to everybody. */
export class PublicReader {
  /** What the requests of the moment are for; problems are told with it. */
  context: ProblemContext;
  private directoryRead: Promise<Directory> | null = null;

  constructor(
    readonly transport: AcmeTransport,
    private readonly directoryUrl: string,
    email: string,
  ) {
    this.context = { name: '', kind: null, email, caaIdentities: [] };
  }

  /** Read once, and again after a failure. @throws AcmeError */
  directory(): Promise<Directory> {
    this.directoryRead ??= this.get(this.directoryUrl).then(
      ({ text }) => readDirectory(text),
      (error: unknown) => {
        this.directoryRead = null;
        throw error;
      },
    );
    return this.directoryRead;
  }

  /**
   * When a certificate is to be renewed (RFC 9773 §4.1); null when the authority does not say such things.
   * @param id of the certificate, by `certificateId`
   * @throws AcmeError
   */
  async renewalInformation(id: string): Promise<RenewalInformation | null> {
    const { renewalInfo } = await this.directory();
    if (renewalInfo === null) return null;
    const answer = await this.get(`${renewalInfo.replace(/\/$/, '')}/${id}`);
    const againMs = readRetryAfter(answer.field('retry-after'), Date.now()) ?? null;
    return { window: readRenewalWindow(answer.text), againMs };
  }

  /** What a refused answer says. */
  refusal({ url, status, text, field }: AcmeAnswer): AcmeError {
    const problem = readProblem(parseJson(text), status);
    const retryAfterMs = readRetryAfter(field('retry-after'), Date.now());
    const facts = retryAfterMs === undefined ? {} : { retryAfterMs };
    if (problem !== null) return explainProblem(problem, this.context, facts);
    const hint = status >= 500 ? null : 'check that --acme-directory is the directory of an ACME authority';
    return new AcmeError(`${new URL(url).host} answers with status ${status}`, hint, facts);
  }

  private async get(url: string): Promise<AcmeAnswer> {
    const answer = await this.transport.send('GET', url, null);
    if (answer.status === 200) return answer;
    if (answer.status < 400) throw misunderstood(`status ${answer.status} of ${new URL(url).host}`);
    throw this.refusal(answer);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
