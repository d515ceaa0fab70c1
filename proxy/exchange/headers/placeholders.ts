/** Fills in the placeholders of a header rule's value: `{host}`, `{path}`, `{client.ip}`, `{tls.version}`, `{request.id}`. */
import { isPlaceholder, type Placeholder } from '../../../src/shared/config/placeholders.js';
import { hostOf } from '../../wire/syntax/field-list.js';
import type { ConnectionFacts, RequestHead } from '../types.js';

/** The request that a rule is applied for. */
export interface RuleSubject {
  readonly head: RequestHead;
  readonly facts: ConnectionFacts;
  readonly requestId: string;
}

/** The value for this request; one without placeholders as it is. */
export function fillPlaceholders(value: string, subject: RuleSubject): string {
  let start = value.indexOf('{');
  if (start === -1) return value;
  let filled = '';
  let from = 0;
  while (start !== -1) {
    const end = value.indexOf('}', start);
    if (end === -1) break;
    const name = value.slice(start + 1, end);
    if (isPlaceholder(name)) {
      filled += value.slice(from, start) + filling(name, subject);
      from = end + 1;
    }
    start = value.indexOf('{', start + 1);
  }
  return filled + value.slice(from);
}

function filling(name: Placeholder, { head, facts, requestId }: RuleSubject): string {
  switch (name) {
    case 'host':
      return hostOf(head.authority);
    case 'path':
      return pathOf(head.path);
    case 'client.ip':
      return facts.remoteAddress;
    case 'tls.version':
      return facts.tlsVersion;
    case 'request.id':
      return requestId;
    default:
      return name satisfies never;
  }
}

/** Without the query, which may hold what is not meant for a field. */
function pathOf(path: string): string {
  const end = path.indexOf('?');
  return end === -1 ? path : path.slice(0, end);
}
