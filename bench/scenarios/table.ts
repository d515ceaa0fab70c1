/** Every scenario, in the order in which they run and are reported. */
import type { Scenario } from '../contract.js';
import { bodyScenarios } from './bodies.js';
import { connectionScenarios } from './connections.js';
import { latencyScenarios } from './latency.js';
import { requestScenarios } from './requests.js';

export const scenarios: readonly Scenario[] = [
  ...requestScenarios,
  ...bodyScenarios,
  ...latencyScenarios,
  ...connectionScenarios,
];
