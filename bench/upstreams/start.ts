/** Starts the plain HTTP upstream: nginx when it is installed, otherwise our own on node:http. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, findFreePort, startChild, waitUntilAccepting } from '../child.js';
import { findTool } from '../tool.js';
import { FILES, LARGE_PATH, POST_PATH, SMALL_BODY, SMALL_PATH } from './content.js';

export interface Upstream {
  readonly port: number;
  readonly program: string;
  readonly child: Child;
}

const START_LIMIT_MS = 10_000;

function nginxConfiguration(folder: string, port: number, innerPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600;
  client_max_body_size 100m;
  client_body_buffer_size 16m;
  default_type text/plain;
  sendfile on;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
  upstream inner { server 127.0.0.1:${innerPort}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder}/../content;
    location = ${SMALL_PATH} { return 200 "${SMALL_BODY}"; }
    location = ${LARGE_PATH} { }
${FILES.map(({ path }) => `    location = ${path} { }`).join('\n')}
    # The inner server answers only after the whole body was read here.
    location = ${POST_PATH} { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://inner/; }
  }
  server { listen 127.0.0.1:${innerPort} backlog=4096; return 200 "$http_content_length"; }
}
`;
}

/** Starts the upstream for requests of the `content` kind. */
export async function startContentUpstream(folder: string): Promise<Upstream> {
  const nginx = findTool('nginx');
  if (nginx === null) return startNodeUpstream(folder);
  const port = await findFreePort();
  const innerPort = await findFreePort();
  const home = join(folder, 'upstream-nginx');
  mkdirSync(home);
  const path = join(home, 'nginx.conf');
  writeFileSync(path, nginxConfiguration(home, port, innerPort));
  const child = startChild({ command: nginx, arguments: ['-p', home, '-c', path] });
  await waitUntilAccepting(child, port, START_LIMIT_MS);
  return { port, program: 'nginx', child };
}

/** Starts the upstream that also echoes WebSocket messages. */
export async function startNodeUpstream(folder: string): Promise<Upstream> {
  const port = await findFreePort();
  const program = fileURLToPath(new URL('./node-main.js', import.meta.url));
  const child = startChild({
    command: process.execPath,
    arguments: [program, String(port), join(folder, 'content')],
  });
  await waitUntilAccepting(child, port, START_LIMIT_MS);
  return { port, program: 'node:http', child };
}
