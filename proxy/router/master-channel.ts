/** The router's end of the channel to its master; without a master there is nothing to do. */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { MasterToRouter, RouterToMaster } from '../../src/shared/messages/router-messages.js';
import { JsonChannel } from '../../src/system/json-channel.js';

/** The master makes it the first descriptor after the standard streams. */
const DESCRIPTOR = 3;
/** Thousands of certificates come in one message. */
const MAX_MESSAGE_BYTES = 1024 ** 3;

const TYPES = {
  start: true,
  state: true,
  leaf: true,
  forget_leaf: true,
  count: true,
  reopen_log: true,
  measure: true,
  remember: true,
  owe: true,
  probe: true,
  spent: true,
  enclosed: true,
  drain: true,
} as const satisfies Record<MasterToRouter['type'], true>;

/** What comes from the master. */
export interface MasterEvents {
  onMessage(message: MasterToRouter): void;
  /** It has ended, however it did. */
  onGone(): void;
}

/** Says something to the master. */
export type Report = (message: RouterToMaster) => void;

/** The way to the master. */
export interface MasterLink {
  readonly report: Report;
  /** Calls back when everything is on its way; nothing is received after it. */
  end(written: () => void): void;
}

/** null: no master has started this process. */
export function openMasterChannel(events: MasterEvents): MasterLink | null {
  try {
    if (!fstatSync(DESCRIPTOR).isSocket()) return null;
  } catch {
    return null;
  }
  const channel = new JsonChannel(
    new Socket({ fd: DESCRIPTOR, readable: true, writable: true }),
    MAX_MESSAGE_BYTES,
    {
      onMessage: (message) => {
        if (isMessage(message)) events.onMessage(message);
      },
      onBroken: () => events.onGone(),
      onClosed: () => events.onGone(),
    },
  );
  return { report: (message) => channel.send(message), end: (written) => channel.end(written) };
}

/** The master is whom we trust with everything: the type word is proof enough. */
function isMessage(message: unknown): message is MasterToRouter {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string' &&
    Object.hasOwn(TYPES, message.type)
  );
}
