/** nginx as a TLS front: one worker, keep-alive to the upstream, bodies streamed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerPlan } from '../contract.js';
import { askVersion, findTool, whyMissing } from '../tool.js';

function configuration(plan: PeerPlan): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
worker_processes ${plan.processes};
pid ${plan.folder}/pid;
error_log stderr crit;
events { worker_connections 24000; }
http {
  access_log off;
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
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}

export const nginx: Peer = {
  name: 'nginx',
  title: 'nginx',
  own: false,
  quick: true,
  features: new Set(['keep-alive', 'h1', 'h2', 'post', 'bodies', 'websocket', 'processes', 'idle']),
  missing: () => whyMissing('nginx'),
  version: () => askVersion(findTool('nginx') ?? 'nginx', ['-v']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const path = join(plan.folder, 'nginx.conf');
    writeFileSync(path, configuration(plan));
    return { command: findTool('nginx') ?? 'nginx', arguments: ['-p', plan.folder, '-c', path] };
  },
};
