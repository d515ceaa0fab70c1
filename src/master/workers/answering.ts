/** Finds out at the start whether anybody listens where the apps are said to be. */
import { connect } from 'node:net';
import { formatUpstream } from '../../shared/addresses/upstream-text.js';
import type { UpstreamState } from '../../shared/messages/router-messages.js';

/** A start waits no longer for an app that is far away. */
const PATIENCE_MS = 400;

/** The upstreams, as users write them, at which nothing answers. */
export async function findSilent(upstreams: readonly UpstreamState[]): Promise<readonly string[]> {
  const found = await Promise.all(
    upstreams.map(async (upstream) => ((await answers(upstream)) ? [] : [upstream])),
  );
  return [...new Set(found.flat().map(formatUpstream))];
}

function answers({ host, port, path }: UpstreamState): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path === null ? { host, port } : { path });
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    // Slow is not absent.
    socket.setTimeout(PATIENCE_MS, () => settle(true));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
