/** Tells the operator why a held body found no place on the disk: the client only gets a status. */
import { tmpdir } from 'node:os';
import { systemCode } from '../../../src/shared/system-error.js';
import type { Notices } from '../../exchange/log/notices.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  ENOENT: 'there is no such folder',
  EMFILE: 'too many files are open',
};

/** One rate-limited line. */
export function warnOfSpool(notices: Notices, error: Error): void {
  const code = systemCode(error);
  const reason = code === null ? error.message : (REASONS[code] ?? code);
  notices.warn(
    'spool',
    `a request body could not be held in ${tmpdir()}: ${reason}; its client got 500`,
    'make room there, name another folder with TMPDIR, or lower --max-spool-bytes',
  );
}
