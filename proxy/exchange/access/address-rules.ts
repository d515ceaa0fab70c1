/** `--allow` and `--deny`: who is served at all, and where. */
import type { AccessMaterial, AddressRule } from '../../../src/shared/config/access.js';
import { formatScope } from '../../../src/shared/config/access.js';
import { AddressSet } from './address-set.js';
import { type CompiledScope, compileScope, covers, type Place } from './scope.js';

/** The rules of one scope: who is denied, and the only ones who are allowed. */
interface ScopeRules {
  readonly scope: CompiledScope;
  readonly denied: AddressSet | null;
  readonly allowed: AddressSet | null;
}

/** Every scope that covers a request must let its client in: a narrower rule never opens what a wider one has closed. */
export class AddressRules {
  private rules: readonly ScopeRules[] = [];

  /** @param ports of all listeners, by index */
  constructor(
    private readonly config: readonly AddressRule[],
    private readonly ports: readonly number[],
  ) {}

  /** Takes what the files hold now. */
  update({ addresses }: AccessMaterial): void {
    const groups = new Map<string, AddressRule[]>();
    for (const rule of this.config) {
      const key = `${rule.scope.site} ${formatScope(rule.scope)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [rule]);
      else group.push(rule);
    }
    const setOf = (group: readonly AddressRule[], action: AddressRule['action']): AddressSet | null => {
      const rules = group.filter((rule) => rule.action === action);
      if (rules.length === 0) return null;
      return new AddressSet(
        rules.flatMap(({ blocks, files }) => [...blocks, ...files.flatMap((file) => addresses[file] ?? [])]),
      );
    };
    this.rules = [...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const scope = compileScope(first.scope, this.ports);
      return [{ scope, denied: setOf(group, 'deny'), allowed: setOf(group, 'allow') }];
    });
  }

  /** Whether a client with this address is served there. */
  admits(address: string, place: Place): boolean {
    for (const { scope, denied, allowed } of this.rules) {
      if (!covers(scope, place)) continue;
      if (denied?.has(address) || allowed?.has(address) === false) return false;
    }
    return true;
  }
}
