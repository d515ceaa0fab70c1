/** An answer whose app names a file in place of a body: the file is found, opened and lent, or whoever runs the front is told why not. */
import type { ErrorCode } from '../../../src/shared/errors.js';
import type { Exchange } from '../../exchange/exchange.js';
import type { Upstream } from '../../routing/upstream.js';
import type { Lease, LeaseHandler, UpstreamResponse } from '../transport.js';
import { FileLease } from './file-lease.js';
import { fieldsBeside, type NamedFile, type NamedFiles, type NameInResponse } from './named-files.js';

/** A body of the app that is longer is not waited for: its connection is closed. */
export const MAX_DROPPED_BYTES = 64 * 1024;

/** A file that is ready to be sent; call `send` once whoever may pause it knows the lease. */
export interface ReadyFile {
  readonly lease: Lease;
  send(): void;
}

/** What is between a request and the file that its app names. */
export interface NamedRequest {
  readonly exchange: Exchange;
  /** The app. */
  readonly upstream: Upstream;
  /** Who hears of the file. */
  readonly handler: LeaseHandler;
}

/** Opens the file of a response. @returns the error of the client where there is none; whoever runs the front is told */
export function openNamed(
  { exchange, upstream, handler }: NamedRequest,
  files: NamedFiles,
  name: NameInResponse,
  { headers, status }: Pick<UpstreamResponse, 'headers' | 'status'>,
): ReadyFile | ErrorCode {
  let found: NamedFile;
  try {
    found = files.find(name);
  } catch {
    return 'overloaded';
  }
  if (found.kind !== 'file') {
    const isOutside = found.kind === 'outside';
    const reason = isOutside ? 'lies in no folder of --sendfile' : 'is not there, or may not be read';
    const hint = isOutside ? 'add --sendfile with its folder, if the app may send all that is in it' : null;
    const text = JSON.stringify(found.path.slice(0, MAX_TOLD));
    exchange.services.notices.warn(
      `--sendfile ${found.kind}`,
      `${upstream.name} names the file ${text}, which ${reason}`,
      hint,
    );
    return isOutside ? 'sendfile_outside' : 'file_missing';
  }
  const { root, path, opened } = found;
  const lease = new FileLease(upstream, root, handler, files.open);
  const fields = fieldsBeside(headers, true);
  return { lease, send: () => lease.sendNamed(exchange.head, path, opened, status, fields) };
}

/** Of a name in the log. */
const MAX_TOLD = 300;
