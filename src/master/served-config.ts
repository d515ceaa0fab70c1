/** One reading of the configuration, with all that hangs on it; a reload makes another and puts it in its place. */
import type { ServingCertificates } from '../serving/certificate-reloader.js';
import type { Note } from '../serving/notes.js';
import type { Config } from '../shared/config/config.js';
import type { LineStyle } from '../shared/log-lines.js';
import type { Identity, LeafAnswer } from '../shared/messages/router-messages.js';

export interface ServedConfig {
  readonly config: Config;
  /** Lines for whoever asked for the reading, such as what counts after a restart only. */
  readonly notes: readonly Note[];
  /** Whom to become after binding; null: stay who we are. */
  readonly identity: Identity | null;
  /** How log lines are written. */
  readonly lines: LineStyle;
  /** Hides in the cookie of `--sticky` which app it names. */
  readonly stickySecret: string;
  /** Reads certificates and keys anew; rejects with a FrontError that says what is wrong. */
  loadCertificates(): Promise<ServingCertificates>;
  /** A certificate for one more name: a development certificate, or one that is ordered where `--acme-ask` allows it. */
  issueLeaf(name: string): Promise<LeafAnswer>;
}
