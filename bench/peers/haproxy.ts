/** HAProxy in HTTP mode with one thread. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerPlan, Setting } from '../contract.js';
import { askVersion, findTool, whyMissing } from '../tool.js';

function configuration(plan: PeerPlan): string {
  const { combinedPath } = plan.certificate;
  return `global
  nbthread ${plan.processes}
  maxconn 24000
  no strict-limits
defaults
  mode http
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:${plan.listenPort} ssl crt ${combinedPath} alpn h2,http/1.1 backlog 4096
  http-request set-header X-Forwarded-Proto https
  default_backend app
backend app${plan.setting === 'compression' ? '\n  compression algo gzip\n  compression type text/plain' : ''}
  server one 127.0.0.1:${plan.upstreamPort}
`;
}

export const haproxy: Peer = {
  name: 'haproxy',
  title: 'HAProxy',
  own: false,
  quick: true,
  features: new Set(['keep-alive', 'h1', 'h2', 'post', 'bodies', 'websocket', 'processes', 'idle']),
  settings: new Set<Setting>(['plain', 'compression']),
  missing: () => whyMissing('haproxy'),
  version: () => askVersion(findTool('haproxy') ?? 'haproxy', ['-v']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const path = join(plan.folder, 'haproxy.cfg');
    writeFileSync(path, configuration(plan));
    return { command: findTool('haproxy') ?? 'haproxy', arguments: ['-db', '-q', '-f', path] };
  },
};
