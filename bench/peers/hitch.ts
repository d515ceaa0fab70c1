/** hitch: TLS taken off, bytes passed on; it reads no HTTP, so HTTP/2 would need an HTTP/2 upstream. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDescriptorLimit } from '../child.js';
import type { Feature, Peer, PeerPlan } from '../contract.js';
import { askVersion, findTool, whyMissing } from '../tool.js';

function configuration(plan: PeerPlan): string {
  return `frontend = "[127.0.0.1]:${plan.listenPort}"
backend = "[127.0.0.1]:${plan.upstreamPort}"
pem-file = "${plan.certificate.combinedPath}"
workers = ${plan.processes}
backlog = 4096
daemon = off
quiet = on
alpn-protos = "http/1.1"
`;
}

/** It connects upstream for every client, so 10,000 idle ones need twice as many descriptors. */
const IDLE_DESCRIPTORS = 20_500;

function listFeatures(): Set<Feature> {
  const features = new Set<Feature>(['keep-alive', 'h1', 'post', 'bodies', 'websocket', 'processes']);
  if (readDescriptorLimit() >= IDLE_DESCRIPTORS) features.add('idle');
  return features;
}

export const hitch: Peer = {
  name: 'hitch',
  title: 'hitch (TLS only)',
  own: false,
  quick: false,
  features: listFeatures(),
  missing: () => whyMissing('hitch'),
  version: () => askVersion(findTool('hitch') ?? 'hitch', ['--version']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const path = join(plan.folder, 'hitch.conf');
    writeFileSync(path, configuration(plan));
    // As root it refuses to serve without a user to become.
    const user = process.getuid?.() === 0 ? ['--user=nobody'] : [];
    return { command: findTool('hitch') ?? 'hitch', arguments: [`--config=${path}`, ...user] };
  },
};
