/** Tells the operator why no connection to an upstream could be made, where a client only gets a status. */
import type { ErrorCode } from '../../src/shared/errors.js';
import { systemCode } from '../../src/shared/system-error.js';
import type { ExchangeServices } from '../exchange/exchange.js';
import type { Upstream } from '../routing/upstream.js';

const HINTS: Partial<Record<ErrorCode, string>> = {
  upstream_untrusted:
    'give the authority that signed it with --upstream-ca, or --upstream-insecure where nobody else can be on the line',
  upstream_tls: 'the app may speak plain HTTP: name it with http:// then',
};

/** What is written to. */
type Logs = Pick<ExchangeServices, 'log' | 'notices'>;

/** Writes a warning and a hint: for the two codes of TLS once for each upstream, for a lack of descriptors now and then. */
export function warnOfConnecting(logs: Logs, upstream: Upstream, code: ErrorCode, cause: unknown): void {
  warnOfShortage(logs, upstream, cause);
  const hint = HINTS[code];
  if (hint === undefined || upstream.warned) return;
  upstream.warned = true;
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : code;
  logs.log.say('warning', `${upstream.name}: ${reason}`, hint);
}

function warnOfShortage({ notices }: Logs, upstream: Upstream, cause: unknown): void {
  const code = systemCode(cause);
  if (code !== 'EMFILE' && code !== 'ENFILE') return;
  const whose = code === 'EMFILE' ? 'this process' : 'this machine';
  notices.warn(
    'descriptors',
    `no connection to the app at ${upstream.name}: too many files are open in ${whose}; clients got 503`,
    'raise the limit (ulimit -n, or LimitNOFILE= in a systemd unit), or lower --max-connections',
  );
}
