/** Keeps what operators have ordered of a front over its restart: a file of the data folder for each set of addresses that a front listens on. */
import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { LocalStore } from '../certificates/store/store.js';
import { parseBlock } from '../shared/addresses/address-blocks.js';
import type { Config } from '../shared/config/config.js';
import { FrontError } from '../shared/errors.js';
import {
  type Deployment,
  type Interventions,
  type Maintenance,
  NO_INTERVENTIONS,
  type Pause,
} from '../shared/messages/interventions.js';
import { systemCode } from '../shared/system-error.js';

/** Where they are kept. */
export interface InterventionStore {
  /**
   * What was in force when a front with these listeners ended.
   * @throws FrontError config_invalid where the file is somebody else's, or says what no front has written
   */
  read(listeners: Config['listeners']): Promise<Interventions>;
  /** @throws FrontError where it cannot be written */
  write(listeners: Config['listeners'], interventions: Interventions): Promise<void>;
}

export function keepInterventions(store: LocalStore): InterventionStore {
  return {
    read: async (listeners) => {
      const key = keyOf(listeners);
      const text = (await readIfOurs(store, key))?.toString('utf8');
      if (text === undefined) return NO_INTERVENTIONS;
      const file = store.pathOf(key);
      const stats = lstatSync(file, { throwIfNoEntry: false });
      const uid = process.getuid?.() ?? 0;
      if (stats !== undefined && stats.uid !== uid && uid !== 0)
        throw unusable(file, 'it belongs to another user');
      const found = readTable(text);
      if (found === null) throw unusable(file, 'it is not what tlsfront writes');
      return found;
    },
    write: async (listeners, interventions) => {
      const { drained, maintenance, pause, deployed } = interventions;
      if (drained.length + deployed.length === 0 && maintenance === null && pause === null)
        await store.delete(keyOf(listeners));
      else await store.put(keyOf(listeners), `${JSON.stringify(interventions)}\n`);
    },
  };
}

/** A folder that is closed to us holds nothing that we have written: fronts with certificates of their own need none. */
async function readIfOurs(store: LocalStore, key: string): Promise<Buffer | undefined> {
  try {
    return await store.get(key);
  } catch (error) {
    const code = systemCode(error instanceof FrontError ? error.cause : error);
    if (code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** A front is known by where it listens; one on a port that the system chooses, by its folder too. */
function keyOf(listeners: Config['listeners']): string {
  const addresses = listeners.map(({ host, port }) => `${host} ${port}`).sort();
  const folder = listeners.some(({ port }) => port === 0) ? process.cwd() : '';
  const name = createHash('sha256')
    .update(JSON.stringify([addresses, folder]))
    .digest('hex')
    .slice(0, 16);
  return `front/interventions-${name}.json`;
}

function unusable(file: string, reason: string): FrontError {
  return new FrontError(
    'config_invalid',
    `what was ordered before the restart is not in force: ${file}: ${reason}`,
    {
      hint: 'remove the file, and order it again',
    },
  );
}

/** null: it is none. */
function readTable(text: string): Interventions | null {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(table)) return null;
  const { drained, maintenance, pause, deployed = [] } = table;
  const page = maintenance === null ? null : readMaintenance(maintenance);
  const hold = pause === null ? null : readPause(pause);
  if (!isTexts(drained) || page === undefined || hold === undefined) return null;
  if (!Array.isArray(deployed)) return null;
  const versions = deployed.map(readDeployment);
  if (versions.includes(null)) return null;
  return { drained, maintenance: page, pause: hold, deployed: versions.filter((one) => one !== null) };
}

/** null: it is none. */
function readDeployment(value: unknown): Deployment | null {
  if (!isRecord(value)) return null;
  const { app, upstreams, command, folder, configured, sinceMs } = value;
  if (typeof app !== 'string' || typeof configured !== 'string' || !isTexts(upstreams)) return null;
  if (command !== null && !(isTexts(command) && command.length > 0)) return null;
  if (folder !== null && !(typeof folder === 'string' && isAbsolute(folder))) return null;
  return isTime(sinceMs) ? { app, upstreams, command, folder, configured, sinceMs } : null;
}

/** undefined: it is none. */
function readMaintenance(value: unknown): Maintenance | undefined {
  if (!isRecord(value)) return undefined;
  const { message, allowed, sinceMs } = value;
  if (message !== null && typeof message !== 'string') return undefined;
  if (!isTexts(allowed) || !allowed.every((block) => parseBlock(block) !== null)) return undefined;
  return isTime(sinceMs) ? { message, allowed, sinceMs } : undefined;
}

/** undefined: it is none. */
function readPause(value: unknown): Pause | undefined {
  if (!isRecord(value)) return undefined;
  const { maxMs, sinceMs } = value;
  return isTime(maxMs) && isTime(sinceMs) ? { maxMs, sinceMs } : undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_TIME_MS;
}

/** The last time that a Date can tell (ECMA-262 §21.4.1.1). */
const MAX_TIME_MS = 8.64e15;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
