/** Every peer the bench knows; those that run on Node once for each Node asked for. */
import type { Peer } from '../contract.js';
import { askVersion } from '../tool.js';
import { caddy } from './caddy.js';
import { haproxy } from './haproxy.js';
import { hitch } from './hitch.js';
import { localSslProxy } from './local-ssl-proxy.js';
import { nginx } from './nginx.js';
import { nodeStack } from './node-stack.js';
import { stunnel } from './stunnel.js';
import { tlsfront } from './tlsfront.js';
import { uwsgi } from './uwsgi.js';

/** All peers, ours first. With one Node its version is left out of the names. */
export function listPeers(nodePaths: readonly string[]): Peer[] {
  const nodes = nodePaths.map((path) => ({
    path,
    suffix: nodePaths.length > 1 ? `@${askVersion(path, ['--version']).split('.')[0]}` : '',
  }));
  return [
    ...nodes.map((node) => tlsfront('direct', node)),
    ...nodes.map((node) => tlsfront('library', node)),
    ...[nginx, haproxy, caddy, hitch, stunnel, uwsgi],
    ...nodes.map(nodeStack),
    ...nodes.map(localSslProxy),
  ];
}
