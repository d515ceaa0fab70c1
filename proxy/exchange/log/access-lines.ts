/** Decides which requests are logged (`--log-sample`, `--log-skip`), and in which form. */
import type { Config } from '../../../src/shared/config/config.js';
import type { LineStyle } from '../../../src/shared/log-lines.js';
import { type AccessRecord, formatAccessRecord, redactRecord } from './access-log.js';
import type { LineWriter } from './line-writer.js';
import { compileTemplate } from './log-template.js';
import { formatShort } from './short-line.js';

/** From here on a status is a failure of ours or of the app. */
const FAILURE = 500;

type AccessConfig = Pick<
  Config,
  'accessLog' | 'logFormat' | 'logTemplate' | 'logRedact' | 'logSample' | 'logSkip' | 'verbose'
>;

/** One for each router. */
export class AccessLog {
  private readonly format: (record: AccessRecord) => string;
  /** Grows by the share with each request; at one a line is due. The first request is logged. */
  private due: number;

  constructor(
    private readonly config: AccessConfig,
    style: LineStyle,
    private readonly log: Pick<LineWriter, 'write'>,
  ) {
    this.format = chooseFormat(config, style);
    this.due = 1 - config.logSample;
  }

  write(record: AccessRecord): void {
    if (!this.isWanted(record)) return;
    this.log.write(this.format(redactRecord(record, this.config.logRedact)));
  }

  private isWanted({ head, status, error }: AccessRecord): boolean {
    const { logSample, logSkip } = this.config;
    if (status >= FAILURE || error !== '') return true;
    if (logSkip.length > 0 && logSkip.some((path) => isBeneath(head.path, path))) return false;
    if (logSample === 1) return true;
    this.due += logSample;
    if (this.due < 1) return false;
    this.due -= 1;
    return true;
  }
}

function chooseFormat(
  { logFormat, logTemplate, verbose }: AccessConfig,
  style: LineStyle,
): (record: AccessRecord) => string {
  if (logTemplate !== null) return compileTemplate(logTemplate);
  const isShort = logFormat === 'pretty' && style.onTerminal && !verbose;
  return isShort
    ? (record) => formatShort(record, style.coloured)
    : (record) => formatAccessRecord(record, logFormat);
}

/** `/health` is meant with `/health`, `/health/db` and `/health?x`, not with `/healthy`. */
function isBeneath(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return next === undefined || next === '/' || next === '?' || prefix === '/';
}
