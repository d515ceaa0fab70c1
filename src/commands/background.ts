/** `--daemonize` and `--pidfile`: a front that stays when its shell goes, and the file that names its process. */
import { spawn } from 'node:child_process';
import { closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { FrontError } from '../shared/errors.js';
import { systemCode } from '../shared/system-error.js';
import { DAEMON_MARK } from '../system/daemon-mark.js';
import { openLog } from '../system/log-output.js';
import { type CommandIo, EXIT_FAILURE, EXIT_SUCCESS } from '../terminal/console.js';

/** What it says to the one that started it once it serves. */
const SERVING = 'serving';

/**
 * Starts this command line again in a session of its own, and waits until it serves.
 * @param logFile takes all that it says
 * @returns 0 once it serves, else its own exit code
 */
export async function goToBackground(logFile: string, io: CommandIo): Promise<number> {
  const log = openForLog(logFile);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
    env: { ...io.environment, [DAEMON_MARK]: '1' },
  });
  closeSync(log);
  return new Promise((resolve) => {
    child.once('message', () => {
      io.stdout.write(`serving in the background, pid ${child.pid}; its log is ${logFile}\n`);
      child.disconnect();
      child.unref();
      resolve(EXIT_SUCCESS);
    });
    child.once('exit', (code) => {
      io.stderr.write(readEnd(logFile));
      resolve(code ?? EXIT_FAILURE);
    });
  });
}

/** Tells the process that started this one in the background that it may go; nothing where `isBackground` is false. */
export function tellServing(isBackground: boolean): void {
  if (!isBackground) return;
  // The other side may have been interrupted meanwhile.
  process.send?.(SERVING, () => process.connected && process.disconnect());
}

/** The last lines of the log, which say why the front did not start. */
function readEnd(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const at = lines.findLastIndex((line) => line.includes('error: '));
  return at === -1 ? '' : `${lines.slice(at).join('\n')}\n`;
}

function openForLog(logFile: string): number {
  try {
    return openLog(logFile);
  } catch (cause) {
    throw unwritable('--daemonize', logFile, cause);
  }
}

function unwritable(label: string, path: string, cause: unknown): FrontError {
  return new FrontError(
    'config_invalid',
    `${label} ${path}: cannot be written (${systemCode(cause) ?? 'unknown'})`,
    {
      hint: 'name a file in a folder that exists and that this user may write to',
      cause,
    },
  );
}

/** Writes the process id; a file that is there is replaced, as uWSGI does. @throws FrontError config_invalid */
export function writePidFile(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (cause) {
    throw unwritable('--pidfile', path, cause);
  }
}

/** Takes the file away, unless another front has written it meanwhile. */
export function removePidFile(path: string): void {
  try {
    if (readFileSync(path, 'utf8').trim() === String(process.pid)) rmSync(path);
  } catch {
    // It is gone, or its folder is closed to us by now.
  }
}
