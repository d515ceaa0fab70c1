/** The apps of projects that have joined a front, in the words of its configuration. */

import { isWithin } from '../../src/shared/addresses/private-names.js';
import type { AppConfig } from '../../src/shared/config/apps.js';
import type { Projects } from '../../src/shared/messages/projects.js';
import type { UpstreamState } from '../../src/shared/messages/router-messages.js';
import { PLAIN_APP } from './route-table.js';

/** What is routed beside the configuration. */
export interface GuestApps {
  readonly apps: readonly AppConfig[];
  /** `app` counts from 0. */
  readonly upstreams: readonly UpstreamState[];
}

export const NO_GUESTS: GuestApps = { apps: [], upstreams: [] };

/** @param known apps of before: one that has not changed stays the same object */
export function guestApps({ guests }: Projects, known: readonly AppConfig[]): GuestApps {
  const apps: AppConfig[] = [];
  const upstreams: UpstreamState[] = [];
  for (const guest of guests) {
    for (const [offset, host] of [guest.host, `*.${guest.host}`].entries()) {
      const app = { ...PLAIN_APP, name: guest.name, route: { host, prefix: '' }, holdMs: guest.holdMs };
      const before = known.find(
        (other) => other.name === app.name && other.route.host === host && other.holdMs === app.holdMs,
      );
      for (const { id, ...place } of guest.upstreams)
        upstreams.push({ ...PLAIN, ...place, app: apps.length, id: id - offset, key: String(id) });
      apps.push(before ?? app);
    }
  }
  return { apps, upstreams };
}

/** A name beneath `.localhost` that is no project's: it must not end at the front's own app, which has a name too. */
export function isUnknownProject(host: string, { own }: Projects): boolean {
  return own !== null && host.endsWith('.localhost') && !isWithin(host, own.host);
}

const PLAIN = {
  scheme: 'http',
  path: null,
  lookUp: null,
  hostName: null,
  weight: 1,
  proxyProtocol: null,
  needsLength: false,
  ready: true,
} as const;
