/** The baseline without us: node:http2 with HTTP/1.1 allowed, and http-proxy-3 with a keep-alive agent. */
import { fileURLToPath } from 'node:url';
import type { Peer } from '../contract.js';
import { askVersion } from '../tool.js';

const program = fileURLToPath(new URL('./node-stack-main.js', import.meta.url));

/** The peer on one Node. */
export function nodeStack(node: { path: string; suffix: string }): Peer {
  return {
    name: `node-stack${node.suffix}`,
    title: `node:http2 + http-proxy-3${node.suffix}`,
    own: false,
    quick: false,
    features: new Set(['keep-alive', 'h1', 'h2', 'post', 'bodies', 'websocket', 'idle']),
    missing: () => null,
    version: () => askVersion(node.path, ['--version']),
    launch: (plan) => ({
      command: node.path,
      arguments: [
        ...[program, String(plan.listenPort), String(plan.upstreamPort)],
        ...[plan.certificate.certificatePath, plan.certificate.keyPath],
      ],
    }),
  };
}
