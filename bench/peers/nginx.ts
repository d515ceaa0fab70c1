/** nginx as a TLS front: one worker, keep-alive to the upstream, bodies streamed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerPlan, Setting } from '../contract.js';
import { askVersion, findTool, whyMissing } from '../tool.js';

/** By setting: a line of the `http` block. */
const SETTING_LINES: Readonly<Record<Setting, (plan: PeerPlan) => string>> = {
  plain: () => 'access_log off;',
  'access log': ({ folder }) => `access_log ${folder}/access.log combined;`,
  compression: () => 'access_log off; gzip on; gzip_proxied any; gzip_types text/plain;',
  'rate limit': () =>
    'access_log off; limit_req_zone $binary_remote_addr zone=all:10m rate=1000000r/s; limit_req zone=all burst=1000000 nodelay;',
  'static files': () => 'access_log off; sendfile on; types { text/plain txt; }',
};

function location(plan: PeerPlan): string {
  if (plan.setting === 'static files') return `    location / { root ${plan.contentFolder}; }`;
  return `    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }`;
}

function configuration(plan: PeerPlan): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes ${plan.processes};
pid ${plan.folder}/pid;
error_log stderr crit;
events { worker_connections 24000; }
http {
  ${SETTING_LINES[plan.setting](plan)}
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  client_max_body_size 100m;
${temporary.map((name) => `  ${name}_temp_path ${plan.folder}/${name};`).join('\n')}
  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  upstream app { server 127.0.0.1:${plan.upstreamPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${plan.listenPort} ssl http2 backlog=4096;
    server_name localhost;
    ssl_certificate ${plan.certificate.certificatePath};
    ssl_certificate_key ${plan.certificate.keyPath};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:bench:10m;
${location(plan)}
  }
}
`;
}

export const nginx: Peer = {
  name: 'nginx',
  title: 'nginx',
  own: false,
  quick: true,
  features: new Set(['keep-alive', 'h1', 'h2', 'post', 'bodies', 'websocket', 'processes', 'idle', 'reload']),
  settings: new Set<Setting>(['plain', 'access log', 'compression', 'rate limit', 'static files']),
  missing: () => whyMissing('nginx'),
  version: () => askVersion(findTool('nginx') ?? 'nginx', ['-v']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const path = join(plan.folder, 'nginx.conf');
    writeFileSync(path, configuration(plan));
    return { command: findTool('nginx') ?? 'nginx', arguments: ['-p', plan.folder, '-c', path] };
  },
};
