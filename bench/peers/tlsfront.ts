/** tlsfront itself, once an engine, and any built tree of it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Peer, PeerPlan, Setting } from '../contract.js';
import { askVersion } from '../tool.js';

/** The built command, beside which the bench is built. */
export const commandPath = fileURLToPath(new URL('../../bundle/src/cli.js', import.meta.url));

/** All load comes from one address and idle connections are held: the defaults guard against both, as nginx's and HAProxy's would. */
const LOAD_LIMITS = [
  ...['--max-connections', '24000', '--max-connections-per-address', '24000'],
  ...['--timeout-keepalive', '600s'],
];

/** By setting: what else its command line says, and what it serves. */
function settingWords(plan: PeerPlan): string[] {
  const app = ['--upstream', `127.0.0.1:${plan.upstreamPort}`];
  switch (plan.setting) {
    case 'plain':
      return app;
    case 'access log':
      return [...app, '--access-log', '--logto', `${plan.folder}.log`];
    case 'compression':
      return [...app, '--compress'];
    case 'rate limit':
      return [...app, '--rate-limit', '1000000/s,burst=1000000'];
    case 'static files':
      return ['--root', plan.contentFolder];
    default:
      return plan.setting satisfies never;
  }
}

const SETTINGS = new Set<Setting>(['plain', 'access log', 'compression', 'rate limit', 'static files']);

/** The peer for one engine on one Node. */
export function tlsfront(engine: 'direct' | 'library', node: { path: string; suffix: string }): Peer {
  return builtTlsfront(`tlsfront-${engine}${node.suffix}`, commandPath, engine, node.path);
}

/** A peer of the name for the command of one built tree. */
export function builtTlsfront(
  name: string,
  command: string,
  engine: 'direct' | 'library',
  nodePath: string,
): Peer {
  return {
    name,
    title: name.replace('-', ' '),
    own: true,
    quick: true,
    features: new Set([
      'keep-alive',
      'h1',
      'h2',
      'post',
      'bodies',
      'websocket',
      'processes',
      'idle',
      'reload',
    ]),
    ...(engine === 'direct' ? { settings: SETTINGS } : {}),
    missing: () => (existsSync(command) ? null : `${command} is not built`),
    version: () =>
      `${askVersion(nodePath, [command, '--version'])} on Node ${askVersion(nodePath, ['--version'])}`,
    launch: (plan) => ({
      command: nodePath,
      arguments: [
        ...[command, '--quiet', '--engine', engine],
        ...[...settingWords(plan), '--listen', `127.0.0.1:${plan.listenPort}`],
        ...['--cert', plan.certificate.certificatePath, '--key', plan.certificate.keyPath],
        ...LOAD_LIMITS,
        ...(plan.processes === 1 ? [] : ['--http-processes', String(plan.processes)]),
      ],
    }),
  };
}
