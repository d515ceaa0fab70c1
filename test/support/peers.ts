/** Starts Debian's nginx, HAProxy or Caddy in the front's place: a look at whether the oracle is fair, no test of ours. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestCertificateFiles } from './certificates.js';
import type { FrontCommand, FrontOptions } from './front.js';
import { freePort } from './ports.js';
import { findTool, MISSING } from './tools.js';

interface PeerScene {
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
  readonly files: TestCertificateFiles;
}

type PeerSetup = (scene: PeerScene) => readonly string[];

/** As root nginx would give its workers to a user who may not read the private folder. */
function userLine(): string {
  return process.getuid?.() === 0 ? 'user root;' : '';
}

function nginx({ folder, port, upstreamPort, files }: PeerScene): readonly string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n');
  const configuration = `
${userLine()} daemon off; worker_processes 1; pid ${join(folder, 'nginx.pid')}; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; client_max_body_size 0; ${temporary}
  upstream app { server 127.0.0.1:${upstreamPort}; keepalive 32; }
  server {
    listen 127.0.0.1:${port} ssl http2; server_name localhost;
    ssl_certificate ${files.chainFile}; ssl_certificate_key ${files.keyFile};
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_read_timeout 1s; proxy_send_timeout 2s; proxy_request_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header Forwarded "";
    }
  }
}
`;
  writeFileSync(join(folder, 'nginx.conf'), configuration);
  return ['-p', folder, '-c', join(folder, 'nginx.conf')];
}

function haproxy({ folder, port, upstreamPort, files }: PeerScene): readonly string[] {
  const bundle = join(folder, 'bundle.pem');
  writeFileSync(bundle, readFileSync(files.chainFile, 'utf8') + readFileSync(files.keyFile, 'utf8'), {
    mode: 0o600,
  });
  const configuration = `
global
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 1s
  timeout http-request 10s
frontend edge
  bind 127.0.0.1:${port} ssl crt ${bundle} alpn h2,http/1.1
  http-request del-header forwarded
  http-request set-header x-forwarded-for %[src]
  http-request set-header x-forwarded-proto https
  http-request set-header x-forwarded-host %[req.hdr(host)]
  http-request set-header x-forwarded-port %[dst_port]
  default_backend app
backend app
  http-reuse safe
  server app 127.0.0.1:${upstreamPort}
`;
  writeFileSync(join(folder, 'haproxy.cfg'), configuration);
  return ['-db', '-f', join(folder, 'haproxy.cfg')];
}

function caddy({ folder, port, upstreamPort, files }: PeerScene): readonly string[] {
  const configuration = `
{
  admin off
  auto_https off
}
https://:${port} {
  bind 127.0.0.1
  tls ${files.chainFile} ${files.keyFile}
  reverse_proxy 127.0.0.1:${upstreamPort}
}
`;
  writeFileSync(join(folder, 'Caddyfile'), configuration);
  return ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
}

const PEERS: ReadonlyMap<string, PeerSetup> = new Map([
  ['nginx', nginx],
  ['haproxy', haproxy],
  ['caddy', caddy],
]);

/**
 * The command that runs the peer.
 * @throws Error when the peer is unknown or not installed
 */
export async function peerCommand(
  name: string,
  options: FrontOptions,
  files: TestCertificateFiles,
): Promise<FrontCommand> {
  const setup = PEERS.get(name);
  const program = findTool(name);
  if (setup === undefined || program === MISSING) throw new Error(`no peer ${name} on this machine`);
  const port = await freePort();
  const folder = dirname(files.chainFile);
  return { program, port, arguments: setup({ folder, port, upstreamPort: options.upstreamPort, files }) };
}
