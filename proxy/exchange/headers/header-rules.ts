/** Applies the user's own changes (`--header-up`, `--header-down`) to a flat header list. */
import type { HeaderRule } from '../../../src/shared/config/rules.js';
import { fillPlaceholders, type RuleSubject } from './placeholders.js';

/** Changes `headers` in place, rule by rule. */
export function applyHeaderRules(
  headers: string[],
  rules: readonly HeaderRule[],
  subject: RuleSubject,
): void {
  for (const { action, name, value } of rules) {
    if (action !== 'add') removeField(headers, name);
    if (action !== 'remove') headers.push(name, fillPlaceholders(value, subject));
  }
}

/** Takes every field of that name out; a name that ends in `*` takes out all that begin so. */
export function removeField(headers: string[], name: string): void {
  const prefix = name.endsWith('*') ? name.slice(0, -1) : null;
  let kept = 0;
  for (let index = 0; index < headers.length; index += 2) {
    const field = headers[index] ?? '';
    if (prefix === null ? field === name : field.startsWith(prefix)) continue;
    headers[kept] = field;
    headers[kept + 1] = headers[index + 1] ?? '';
    kept += 2;
  }
  headers.length = kept;
}
