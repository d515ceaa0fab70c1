/** All hostile-upstream cases, one table after the other; every id is its own. */
import type { HostileCase } from '../hostile-case.js';
import { hostileBodyCases } from './hostile-bodies.js';
import { hostileConnectionCases } from './hostile-connections.js';
import { hostileHeadCases } from './hostile-heads.js';

export const hostileCases: readonly HostileCase[] = [
  ...hostileHeadCases,
  ...hostileBodyCases,
  ...hostileConnectionCases,
];
