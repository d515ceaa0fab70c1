/** What is in force, what takes it back, and why an order is refused, in words for people. */
import { FrontError } from '../../shared/errors.js';
import type { Deployment, Interventions, Maintenance, Pause } from '../../shared/messages/interventions.js';

/** What is in force, in words for people. */
export function describe({ drained, maintenance, pause, deployed }: Interventions): readonly string[] {
  const pages = maintenance === null ? [] : [describeMaintenance(maintenance)];
  const holds = pause === null ? [] : [describePause(pause)];
  const versions = deployed.map((one) => `${describeDeployment(one)} serves ${one.app}`);
  return [...pages, ...holds, ...drained.map((name) => `${name} is drained`), ...versions];
}

export function describeDeployment({ upstreams, command }: Deployment): string {
  return command === null ? upstreams.join(', ') : `-- ${command.join(' ')}`;
}

export function describeMaintenance({ allowed }: Maintenance): string {
  const spared = allowed.length === 0 ? '' : `, except from ${allowed.join(', ')}`;
  return `maintenance is on: requests are answered with 503${spared}`;
}

export function describePause({ maxMs }: Pause): string {
  return `requests are paused: each waits for ${maxMs / 1000} s at most`;
}

/** The commands that take back what is in force. */
export function backWords({ drained, maintenance, pause, deployed }: Interventions): readonly string[] {
  return [
    ...(maintenance === null ? [] : ['tlsfront maintenance off']),
    ...(pause === null ? [] : ['tlsfront resume']),
    ...drained.map((name) => `tlsfront undrain ${name}`),
    ...deployed.map(({ app }) => `tlsfront deploy ${app}`),
  ];
}

export function lastOfRoute(name: string, route: string, isOnly: boolean): FrontError {
  const whose = route === '' ? 'here' : `for ${route}`;
  return new FrontError('internal', `${name} is the last one that takes requests ${whose}`, {
    hint: isOnly
      ? 'there is no other: tlsfront pause holds its requests, tlsfront maintenance on answers them'
      : 'give another one back first: tlsfront undrain UPSTREAM; tlsfront status lists them',
  });
}

export function stillBusy(name: string, inFlight: number, timeoutMs: number): FrontError {
  const requests = inFlight === 1 ? '1 request is' : `${inFlight} requests are`;
  const text = `${requests} still in flight at ${name} after ${timeoutMs / 1000} s; it is drained and gets no new ones`;
  const hint = `WebSockets and event streams last as long as clients like; ask again, or give it back: tlsfront undrain ${name}`;
  return new FrontError('internal', text, { hint });
}
