/** Reads an option that may be given several times. */

/** Keeps every value, in the order given. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
