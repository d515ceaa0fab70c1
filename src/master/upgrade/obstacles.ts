/** Why another master may not take this one's place: who has started it takes its end for the end of the service. */
import { isatty } from 'node:tty';
import { FrontError } from '../../shared/errors.js';
import type { Starter } from './starter.js';

/** How this process was started, and what it does. */
export interface Standing {
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  readonly starter: Starter;
  /** `--daemonize`, or it has taken the place of another itself: nobody waits for it. */
  readonly isBackground: boolean;
  /** Systemd is told which process the service is (`Type=notify`). */
  readonly isNotified: boolean;
  /** Process that systemd has started itself ($SYSTEMD_EXEC_PID of systemd.exec(5)). */
  readonly systemdPid: string | undefined;
  /** Some service of systemd began all this ($INVOCATION_ID). */
  readonly isOfUnit: boolean;
  /** A script of package.json. */
  readonly isOfScript: boolean;
  readonly isOnTerminal: boolean;
  /** Its parent speaks with it (child_process.fork, pm2). */
  readonly isForked: boolean;
  readonly servesPhones: boolean;
  readonly isDeploying: boolean;
}

interface Obstacle {
  readonly stands: (standing: Standing) => boolean;
  readonly reason: string;
  readonly hint: string;
}

const RESTART = 'stop this tlsfront and start it again';

const OBSTACLES: readonly Obstacle[] = [
  {
    stands: ({ platform }) => platform === 'win32',
    reason: 'Windows hands no listening socket to another process',
    hint: RESTART,
  },
  {
    stands: ({ pid }) => pid === 1,
    reason: 'it is the first process of its container, which ends with it',
    hint: 'start a container of the new image',
  },
  {
    stands: ({ isBackground, isNotified, systemdPid, pid, isOfUnit, starter }) =>
      !isBackground &&
      !isNotified &&
      (systemdPid === String(pid) || (isOfUnit && starter !== 'another process')),
    reason: 'systemd is not told which process the service is, and would take it for ended',
    hint: 'use Type=notify and NotifyAccess=all: tlsfront service print shows the unit',
  },
  {
    stands: ({ isBackground, isNotified, starter }) => !isBackground && !isNotified && starter === 'outside',
    reason: 'it was started from outside of its container, which may end with it',
    hint: `start a container of the new image, or ${RESTART} with --daemonize`,
  },
  {
    stands: ({ isBackground, isNotified, starter }) =>
      !isBackground && !isNotified && starter === 'first process',
    reason: 'its parent is the first process of this machine or container, which may end with it',
    hint: `in a container start one of the new image, elsewhere ${RESTART} with --daemonize`,
  },
  {
    stands: ({ isOfScript }) => isOfScript,
    reason: 'npm has started it, and waits for it',
    hint: RESTART,
  },
  {
    stands: ({ isForked }) => isForked,
    reason: 'another program has started it with a channel, and waits for it',
    hint: `${RESTART}, or start it with --daemonize`,
  },
  {
    stands: ({ isBackground, isOnTerminal }) => !isBackground && isOnTerminal,
    reason: 'it runs on a terminal, which waits for it',
    hint: `${RESTART}, or start it with --daemonize`,
  },
  {
    stands: ({ servesPhones }) => servesPhones,
    reason: 'it serves phones (--lan), which one process can do at a time',
    hint: RESTART,
  },
  {
    stands: ({ isDeploying }) => isDeploying,
    reason: 'a deploy is not decided yet',
    hint: 'ask again when it is',
  },
];

/** null: it may. */
export function findObstacle(standing: Standing): FrontError | null {
  const found = OBSTACLES.find(({ stands }) => stands(standing));
  if (found === undefined) return null;
  return new FrontError('internal', `no other master can take the place of this one: ${found.reason}`, {
    hint: found.hint,
  });
}

/** What this process can see of it by itself. */
export function theseSurroundings(
  environment: Readonly<NodeJS.ProcessEnv>,
): Pick<Standing, 'platform' | 'pid' | 'systemdPid' | 'isOfUnit' | 'isOnTerminal' | 'isForked'> {
  return {
    platform: process.platform,
    pid: process.pid,
    systemdPid: environment.SYSTEMD_EXEC_PID,
    isOfUnit: environment.INVOCATION_ID !== undefined,
    isOnTerminal: isatty(2),
    isForked: process.connected,
  };
}
