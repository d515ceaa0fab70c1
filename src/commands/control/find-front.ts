/** Which running front a command means. */
import { ControlClient } from '../../control/client.js';
import { listSockets, runtimeFolder, socketPath } from '../../control/runtime-folder.js';
import { FrontError } from '../../shared/errors.js';
import { systemCode } from '../../shared/system-error.js';
import type { CommandIo } from '../../terminal/console.js';

/** How the commands are told. */
export interface FrontChoice {
  readonly pid?: string;
  readonly socket?: string;
}

/** Process ids of the masters of this user that are alive. */
export function runningFronts(io: CommandIo): readonly number[] {
  return listSockets(runtimeFolder(io.environment)).filter(isAlive);
}

/** The running fronts of this user. */
export function allFronts(io: CommandIo): readonly ControlClient[] {
  const folder = runtimeFolder(io.environment);
  return runningFronts(io).map((pid) => new ControlClient(socketPath(folder, pid)));
}

/** @throws FrontError where none runs, or several do and none was named */
export function findFront({ pid, socket }: FrontChoice, io: CommandIo): ControlClient {
  if (socket !== undefined) return new ControlClient(socket);
  const folder = runtimeFolder(io.environment);
  const running = runningFronts(io);
  if (pid !== undefined) {
    const wanted = running.find((one) => String(one) === pid);
    if (wanted === undefined) throw none(`no tlsfront of this user has the process id ${pid}`, running);
    return new ControlClient(socketPath(folder, wanted));
  }
  const [only, ...others] = running;
  if (only === undefined) throw none('no tlsfront of this user is running', running);
  if (others.length > 0) throw none('several fronts are running', running);
  return new ControlClient(socketPath(folder, only));
}

function none(text: string, running: readonly number[]): FrontError {
  const hint =
    running.length > 0
      ? `name one with --pid: ${running.join(', ')}; tlsfront list says more`
      : 'as another user, or with another XDG_RUNTIME_DIR, it has another socket: --socket FILE names it';
  return new FrontError('internal', text, { hint });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
