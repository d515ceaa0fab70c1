/** Prints the end of a log file and what is added to it, over rotation, as `tail -F` does. */
import { open, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import type { Output } from '../../terminal/console.js';

/** What is shown of the past. */
const TAIL_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
const POLL_MS = 250;

/**
 * Resolves when the end is reached; never where it follows.
 * @throws FrontError where the file cannot be read
 */
export async function followFile(file: string, follow: boolean, output: Output): Promise<void> {
  let from: number | null = null;
  do {
    const handle = await open(file, 'r').catch((cause: unknown) => {
      const reason = systemCode(cause) ?? String(cause);
      throw new FrontError('internal', `the log ${file} cannot be read: ${reason}`, {
        hint: 'read it as the user that runs tlsfront',
        cause,
      });
    });
    try {
      const { ino, size } = await handle.stat();
      let at: number = from ?? Math.max(0, size - TAIL_BYTES);
      // The first line is likely cut in two.
      let skipsLine = from === null && at > 0;
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, at);
        if (bytesRead > 0) {
          at += bytesRead;
          const text = buffer.toString('utf8', 0, bytesRead);
          output.write(skipsLine ? text.slice(text.indexOf('\n') + 1) : text);
          skipsLine = false;
          continue;
        }
        if (!follow) return;
        await pause(POLL_MS);
        const now = await stat(file).catch(() => null);
        if (now === null) continue;
        if (now.ino !== ino) break;
        // Cut short by copytruncate.
        if (now.size < at) at = 0;
      }
      from = 0;
    } finally {
      await handle.close();
    }
  } while (follow);
}
