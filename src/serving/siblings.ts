/** Chooses among certificates of the same names: clients or renewals leave several generations beside each other. */
import type { Certificate } from '../certificates/formats/certificate.js';

/** Equal for certificates of the same names and the same kind of key. */
export function siblingKey({ names, subject, x509 }: Certificate): string {
  const whose =
    names === undefined || names.length === 0 ? subject.toString('hex') : [...names].sort().join(' ');
  return `${x509.publicKey.asymmetricKeyType ?? ''} ${whose}`;
}

/** Whether it may be served now. */
export function isInDate({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore <= now && notAfter > now;
}

/** Sorts the best first: in date, then begun last, then ending last. */
export function compareSiblings(one: Certificate, other: Certificate, now: Date): number {
  return (
    Number(isInDate(other, now)) - Number(isInDate(one, now)) ||
    other.notBefore.getTime() - one.notBefore.getTime() ||
    other.notAfter.getTime() - one.notAfter.getTime()
  );
}

/** The best of each group, where its first stood; groups are made by `keyOf`. */
export function selectBest<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  compare: (one: Item, other: Item) => number,
): Item[] {
  const best = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    const known = best.get(key);
    if (known === undefined || compare(item, known) < 0) best.set(key, item);
  }
  return [...best.values()];
}
