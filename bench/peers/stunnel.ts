/** stunnel: TLS taken off in one thread a connection, bytes passed on. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerPlan } from '../contract.js';
import { askVersion, whyMissing } from '../tool.js';

function configuration(plan: PeerPlan): string {
  return `foreground = yes
pid =
syslog = no
debug = err
[app]
accept = 127.0.0.1:${plan.listenPort}
connect = 127.0.0.1:${plan.upstreamPort}
cert = ${plan.certificate.certificatePath}
key = ${plan.certificate.keyPath}
`;
}

export const stunnel: Peer = {
  name: 'stunnel',
  title: 'stunnel (TLS only)',
  own: false,
  quick: false,
  // A thread a connection: 10,000 idle ones would measure the stack size.
  features: new Set(['keep-alive', 'h1', 'post', 'bodies', 'websocket']),
  missing: () => whyMissing('stunnel4'),
  version: () => askVersion('stunnel4', ['-version']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const path = join(plan.folder, 'stunnel.conf');
    writeFileSync(path, configuration(plan));
    return { command: 'stunnel4', arguments: [path] };
  },
};
