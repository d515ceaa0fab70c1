/** Runs the command that writes TXT records for dns-01, bounded in time and output. */
import { spawn } from 'node:child_process';
import { signalGroup } from '../../shared/process-group.js';
import { AcmeError, oneLine } from './protocol/problem.js';

/** A hook that talks to a slow provider, or waits for its record itself, may need minutes. */
const HOOK_MS = 5 * 60_000;
/** While the front stops nobody waits for long. */
export const HASTY_HOOK_MS = 4_000;
const MAX_OUTPUT = 4096;

export interface HookCall {
  /** `present` adds the record, `cleanup` takes it away again. */
  readonly action: 'present' | 'cleanup';
  /** Such as `_acme-challenge.example.com`. */
  readonly record: string;
  readonly value: string;
}

/**
 * Runs `command present|cleanup RECORD VALUE` without a shell.
 * @param signal ends the command
 * @throws AcmeError when it cannot be started, fails, or takes too long
 */
export function runDnsHook(
  [program = '', ...first]: readonly string[],
  { action, record, value }: HookCall,
  signal: AbortSignal,
  timeoutMs = HOOK_MS,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      const hint = `try it by hand: ${[program, ...first, action, record, value].join(' ')}`;
      reject(new AcmeError(`the command of --acme-dns-hook ${reason}`, hint));
    };
    if (signal.aborted) return fail('was not started: the front stops');
    // A group of its own: whatever it has started ends with it.
    const child = spawn(program, [...first, action, record, value], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-MAX_OUTPUT);
      });
    }
    let ending = '';
    const end = (reason: string): void => {
      ending = reason;
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      // A descendant in another group may keep the pipes open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end(`was ended after ${timeoutMs / 1000} seconds`), timeoutMs);
    const onAbort = (): void => end('was ended: the front stops');
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      done();
    };
    child.once('error', (error) => settle(() => fail(`cannot be started: ${error.message}`)));
    child.once('close', (code, signalName) => {
      settle(() => {
        if (code === 0 && ending === '') return resolve();
        const how = signalName === null ? `failed with exit code ${code}` : `was ended by ${signalName}`;
        const said = oneLine(output);
        fail(
          `${ending === '' ? how : ending} (${action} ${record})${said === '' ? '' : `; it said: ${said}`}`,
        );
      });
    });
  });
}
