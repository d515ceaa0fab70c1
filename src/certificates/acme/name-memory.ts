/** What is remembered of a name between attempts: failures outlive the process, since limits of authorities do too. */
import type { Store } from '../store/store.js';
import type { RenewalPlan } from './schedule.js';
import { type AuthorityKeys, listAuthorities, nameOfFile } from './stored-certificate.js';

/** Of one name. */
export interface NameState {
  /** In a row. */
  failures: number;
  /** No attempt before this. */
  nextMs: number;
  /** No usual renewal before this, whatever the certificate says of its age. */
  earliestMs: number;
  /** Jitter of the certificate that ends then. */
  jitter: { readonly endMs: number; readonly random: number };
  /** What the authority said of the certificate of this identifier; null: nothing yet. */
  plan: (RenewalPlan & { readonly id: string }) | null;
  /** Renewal information is not asked for before this. */
  pollMs: number;
}

/** A name of which nothing is known. */
export function newNameState(): NameState {
  return { failures: 0, nextMs: 0, earliestMs: 0, jitter: { endMs: 0, random: 0 }, plan: null, pollMs: 0 };
}

/** Longest pause that is believed of a file: a clock that was wrong once must not stop renewals for ever. */
const MAX_PAUSE_MS = 8 * 24 * 3_600_000;

/** Keeps failures. @throws FrontError when the store cannot be written */
export async function rememberFailures(
  store: Store,
  keys: AuthorityKeys,
  name: string,
  { failures, nextMs }: NameState,
): Promise<void> {
  if (failures === 0) await store.delete(keys.failures(name));
  else await store.put(keys.failures(name), `${JSON.stringify({ failures, nextMs })}\n`);
}

/** The failures of an earlier process; none where nothing of use is kept. */
export async function recallFailures(
  store: Store,
  keys: AuthorityKeys,
  name: string,
  nowMs: number,
): Promise<Pick<NameState, 'failures' | 'nextMs'>> {
  const none = { failures: 0, nextMs: 0 };
  const bytes = await store.get(keys.failures(name));
  if (bytes === undefined) return none;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value !== 'object' || value === null) return none;
    if (!('failures' in value) || !('nextMs' in value)) return none;
    const { failures, nextMs } = value;
    if (typeof failures !== 'number' || typeof nextMs !== 'number') return none;
    if (!Number.isSafeInteger(failures) || failures < 1 || nextMs > nowMs + MAX_PAUSE_MS) return none;
    return { failures, nextMs };
  } catch {
    return none;
  }
}

/** A name that could have been tried again for so long, and was not, begins anew. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/** Removes what is kept of names that nobody wants any more. @throws FrontError when the store cannot be read or written */
export async function forgetOldFailures(
  store: Store,
  keys: AuthorityKeys,
  isWanted: (name: string) => boolean,
  nowMs: number,
): Promise<void> {
  const { names } = (await listAuthorities(store)).find(({ keys: { folder } }) => folder === keys.folder) ?? {
    names: [],
  };
  for (const name of names) {
    if (isWanted(name)) continue;
    const { nextMs } = await recallFailures(store, keys, name, nowMs);
    if (nextMs + FORGOTTEN_AFTER_MS < nowMs) await store.delete(keys.failures(name));
  }
}

/** Leaves word that a name is to be ordered anew. @throws FrontError when the store cannot be written */
export async function requestRenewal(store: Store, keys: AuthorityKeys, name: string): Promise<void> {
  await store.put(keys.renewal(name), '');
}

/** Whether somebody has left word; it counts once. */
export async function takeRenewalRequest(store: Store, keys: AuthorityKeys, name: string): Promise<boolean> {
  return store.delete(keys.renewal(name));
}

/** Names of which somebody has left word. */
export async function listRenewalRequests(store: Store, keys: AuthorityKeys): Promise<readonly string[]> {
  const found = await store.list(keys.renewal(''));
  return found.map((key) => nameOfFile(key.slice(keys.renewal('').length)));
}
