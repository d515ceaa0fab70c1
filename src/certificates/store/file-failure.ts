/** Says in plain words why a file could not be read or written. */
import { systemCode } from '../../shared/system-error.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many files are open',
  ELOOP: 'the path goes round in symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EEXIST: 'a file of that name stands in the way',
};

/** A few words for a failed system call, such as `permission denied`. */
export function fileFailure(cause: unknown): string {
  const code = systemCode(cause);
  if (code !== null) return REASONS[code] ?? code;
  return cause instanceof Error ? cause.message : String(cause);
}
