/** Tells the operator once why an https upstream cannot be used: a client only gets a status. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { LineWriter } from '../exchange/log/line-writer.js';
import type { Upstream } from '../routing/upstream.js';

const HINTS: Partial<Record<ErrorCode, string>> = {
  upstream_untrusted:
    'give the authority that signed it with --upstream-ca, or --upstream-insecure where nobody else can be on the line',
  upstream_tls: 'the app may speak plain HTTP: name it with http:// then',
};

/** Writes a warning and a hint for the two codes of TLS, for each upstream once. */
export function warnOfTls(log: LineWriter, upstream: Upstream, code: ErrorCode, cause: unknown): void {
  const hint = HINTS[code];
  if (hint === undefined || upstream.warned) return;
  upstream.warned = true;
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : code;
  log.write(`warning: ${upstream.name}: ${reason}\nhint: ${hint}\n`);
}
