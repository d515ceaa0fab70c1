/** Writes session secrets in the NSS key log format, so that Wireshark can decrypt a capture. */

import { openSync, writeSync } from 'node:fs';
import { FrontError } from '../../src/shared/errors.js';
import { systemCode } from '../../src/shared/system-error.js';

/**
 * Opens the file for appending, readable by its owner only.
 * @throws FrontError config_invalid when it cannot be written
 */
export function openKeyLog(file: string): (line: Buffer) => void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'a', 0o600);
  } catch (cause) {
    const reason = systemCode(cause) ?? String(cause);
    throw new FrontError('config_invalid', `cannot write to the key log ${file}: ${reason}`, {
      hint: 'give --keylog a path in an existing folder that you may write to',
      cause,
    });
  }
  return (line) => {
    try {
      writeSync(descriptor, line);
    } catch {
      // A full disk must not end the service.
    }
  };
}
