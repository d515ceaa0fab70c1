/** local-ssl-proxy from npm, when it is installed beside us or on PATH. */
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Peer } from '../contract.js';
import { findTool } from '../tool.js';

function findMain(): string | null {
  try {
    return createRequire(import.meta.url).resolve('local-ssl-proxy/build/main.js');
  } catch {
    const command = findTool('local-ssl-proxy');
    return command === null ? null : realpathSync(command);
  }
}

function readVersion(): string {
  const main = findMain();
  if (main === null) return 'unknown';
  const manifest: { version?: string } = JSON.parse(
    readFileSync(join(dirname(main), '..', 'package.json'), 'utf8'),
  );
  return manifest.version ?? 'unknown';
}

/** The peer on one Node. */
export function localSslProxy(node: { path: string; suffix: string }): Peer {
  return {
    name: `local-ssl-proxy${node.suffix}`,
    // It answers every request with Connection: close, so each one pays a handshake.
    title: `local-ssl-proxy${node.suffix}`,
    own: false,
    quick: false,
    features: new Set(['h1', 'post', 'bodies', 'websocket']),
    missing: () =>
      findMain() === null
        ? 'local-ssl-proxy is neither in node_modules nor on PATH (npm i -g local-ssl-proxy)'
        : null,
    version: readVersion,
    launch: (plan) => ({
      command: node.path,
      arguments: [
        findMain() ?? '',
        ...['--source', String(plan.listenPort), '--target', String(plan.upstreamPort)],
        ...['--hostname', '127.0.0.1'],
        ...['--cert', plan.certificate.certificatePath, '--key', plan.certificate.keyPath],
      ],
    }),
  };
}
