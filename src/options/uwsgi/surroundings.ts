/** What the reading of a uWSGI line asks of the machine. */
import { hostname } from 'node:os';
import type { Platform } from '../../system/platform.js';

export interface Surroundings {
  /** The working folder. */
  readonly folder: string;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly hostname: string;
  readonly processors: number;
  readonly userId: number;
  readonly userName: string;
  readonly groupId: number;
  readonly groupName: string;
}

/** This machine and process. */
export function theseSurroundings(
  environment: Readonly<NodeJS.ProcessEnv>,
  platform: Platform,
): Surroundings {
  const userId = platform.userId ?? 0;
  const groupId = platform.groupId ?? 0;
  return {
    folder: process.cwd(),
    environment,
    hostname: hostname(),
    processors: platform.processors,
    userId,
    userName: platform.findUser(String(userId))?.name ?? String(userId),
    groupId,
    groupName: platform.findGroup(String(groupId))?.name ?? String(groupId),
  };
}
