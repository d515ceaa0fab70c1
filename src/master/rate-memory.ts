/** Takes what clients have spent of `--rate-limit` from one generation to the next, and to a router that is respawned: neither is a second burst. */
import { type Debt, MAX_DEBTS } from '../shared/config/access.js';
import type { Generation } from './generation.js';
import type { RouterProcess } from './routers/router-process.js';

/** A router that is alive answers within milliseconds; one that does not is forgotten rather than waited for. */
const PATIENCE_MS = 2000;

/** Asks the routers of one generation and tells those of the next, also those that start later. @param from null: there is none */
export async function handOverRates(from: Generation | null, to: Generation): Promise<void> {
  if (from === null || !countsRequests(from) || !countsRequests(to)) return;
  const debts = await askDebts(from.routers.all);
  if (debts.length > 0) to.routers.change({ debts });
}

/** What clients have taken of their rates, as far as these routers know. */
export async function askDebts(routers: readonly RouterProcess[]): Promise<readonly Debt[]> {
  const answers = await Promise.all(routers.map((router) => router.owe(PATIENCE_MS)));
  return mergeDebts(answers.map((answer) => answer ?? []));
}

function countsRequests({ config }: Generation): boolean {
  return config.access.rateLimits.length > 0;
}

/** Each router knows what the others have let pass: the later time is the truer one. */
export function mergeDebts(all: readonly (readonly Debt[])[]): readonly Debt[] {
  const latest = new Map<string, Debt>();
  for (const debt of all.flat()) {
    const key = `${debt[0]} ${debt[1]}`;
    if (debt[2] > (latest.get(key)?.[2] ?? 0)) latest.set(key, debt);
  }
  return [...latest.values()].sort((one, other) => other[2] - one[2]).slice(0, MAX_DEBTS);
}
