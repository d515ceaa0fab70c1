/** The secret that turns apps into the keys of `--sticky`'s cookie: made once, so that browsers find their app after a restart too. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../certificates/store/store.js';
import { FrontError } from '../shared/errors.js';

const KEY = 'front/sticky.secret';
const SECRET_BYTES = 32;

/**
 * The secret of this store, 32 bytes in base64; where it can be neither read nor kept, one for this run.
 * @param warn told why it is not kept
 */
export async function loadStickySecret(store: Store, warn: (text: string) => void): Promise<string> {
  try {
    return await store.withLock(KEY, async () => {
      const kept = (await store.get(KEY))?.toString('latin1').trim() ?? '';
      if (Buffer.from(kept, 'base64').length === SECRET_BYTES) return kept;
      const fresh = newSecret();
      await store.put(KEY, `${fresh}\n`);
      return fresh;
    });
  } catch (error) {
    if (!(error instanceof FrontError)) throw error;
    warn(`--sticky: ${error.message}; after a restart browsers may meet another app`);
    return newSecret();
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64');
}
