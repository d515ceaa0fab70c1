/** Caddy's reverse_proxy, given as many scheduler threads as the plan counts processes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerPlan, Setting } from '../contract.js';
import { askVersion, whyMissing } from '../tool.js';

function handlers(plan: PeerPlan): string {
  if (plan.setting === 'static files') return `  root * ${plan.contentFolder}\n  file_server`;
  const before = {
    plain: '',
    'access log': `  log {\n    output file ${plan.folder}/access.log\n  }\n`,
    compression: '  encode gzip\n',
  };
  const words = plan.setting === 'rate limit' ? '' : before[plan.setting];
  return `${words}  reverse_proxy 127.0.0.1:${plan.upstreamPort} {
    transport http {
      keepalive_idle_conns_per_host 256
    }
  }`;
}

function configuration(plan: PeerPlan): string {
  const { certificatePath, keyPath } = plan.certificate;
  return `{
  admin off
  auto_https off
  log {
    level ERROR
  }
  servers {
    protocols h1 h2
  }
}
https://localhost:${plan.listenPort} {
  bind 127.0.0.1
  tls ${certificatePath} ${keyPath}
${handlers(plan)}
}
`;
}

export const caddy: Peer = {
  name: 'caddy',
  title: 'Caddy',
  own: false,
  quick: true,
  features: new Set(['keep-alive', 'h1', 'h2', 'post', 'bodies', 'websocket', 'processes', 'idle']),
  settings: new Set<Setting>(['plain', 'access log', 'compression', 'static files']),
  missing: () => whyMissing('caddy'),
  version: () => askVersion('caddy', ['version']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const path = join(plan.folder, 'Caddyfile');
    writeFileSync(path, configuration(plan));
    return {
      command: 'caddy',
      arguments: ['run', '--config', path, '--adapter', 'caddyfile'],
      environment: {
        GOMAXPROCS: String(plan.processes),
        HOME: plan.folder,
        XDG_DATA_HOME: plan.folder,
        XDG_CONFIG_HOME: plan.folder,
      },
    };
  },
};
