/** Until when an answer with a file may be kept: the Expires of `--static-expires` and its like. */
import type { Stats } from 'node:fs';
import type { ExpiryRule } from '../../../src/shared/config/apps.js';

/** What the rules look at. */
export interface Served {
  /** All links followed. */
  readonly file: string;
  /** Path and query as sent. */
  readonly uri: string;
  /** With its parameters. */
  readonly type: string;
  readonly stats: Stats;
}

type Compiled = ExpiryRule & { readonly expression: RegExp | null };

/** One for each folder. */
export class Expiries {
  private readonly rules: readonly Compiled[];

  constructor(rules: readonly ExpiryRule[]) {
    this.rules = rules.map((rule) => ({
      ...rule,
      expression: rule.of === 'type' ? null : new RegExp(rule.pattern),
    }));
  }

  /** The value of Expires (RFC 9111 §5.3); null: no rule fits. */
  find(served: Served, nowMs: number): string | null {
    for (const rule of this.rules) {
      if (!fits(rule, served)) continue;
      const fromMs = rule.from === 'request' ? nowMs : served.stats.mtimeMs;
      return new Date(fromMs + rule.afterMs).toUTCString();
    }
    return null;
  }
}

function fits({ of, pattern, expression }: Compiled, { file, uri, type }: Served): boolean {
  switch (of) {
    case 'type':
      return type.split(';', 1)[0] === pattern;
    case 'file':
      return expression?.test(file) === true;
    case 'uri':
      return expression?.test(uri) === true;
    case 'path':
      return expression?.test(decodedPath(uri)) === true;
    default:
      return of satisfies never;
  }
}

/** A path that leads to a file can be decoded. */
function decodedPath(uri: string): string {
  const query = uri.indexOf('?');
  return decodeURIComponent(query === -1 ? uri : uri.slice(0, query));
}
