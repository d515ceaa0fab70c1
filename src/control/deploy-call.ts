/** The call that replaces a version of an app. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAbsolute } from 'node:path';
import { FrontError } from '../shared/errors.js';
import { beginProgress, type Handler, queryOf, readSeconds } from './calls.js';
import { describeFailure } from './failure.js';
import type { ControlVerbs, DeployRequest } from './types.js';

/** Where the query leaves them out. */
const USUAL = { checks: 3, timeoutSeconds: 30, drainSeconds: 30 } as const;
const MAX_CHECKS = 100;
const MAX_SECONDS = 24 * 3600;

export const DEPLOY_ROUTES: Readonly<Record<string, Handler>> = { 'POST /v1/deploy': deploy };

async function deploy(
  verbs: ControlVerbs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wanted = readDeploy(queryOf(request));
  const say = beginProgress(response);
  // Nobody waits for it any more.
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const text = await verbs.deploy(wanted, (step) => say({ type: 'progress', text: step }), gone.signal);
    say({ type: 'done', text });
  } catch (error) {
    say({ type: 'failed', ...describeFailure(error) });
  }
  response.end();
}

/** @throws FrontError config_usage */
export function readDeploy(query: URLSearchParams): DeployRequest {
  const command = query.getAll('command');
  const upstreams = query.getAll('upstream');
  const folder = query.get('folder');
  const path = query.get('path');
  const checks = query.get('checks') ?? String(USUAL.checks);
  if (command.length > 0 && upstreams.length > 0)
    throw misused('a new version is named or started, not both', 'keep --upstream, or the command behind --');
  if (command[0] === '') throw misused('the command is empty', 'write it behind --: -- npm start');
  if (folder !== null && (command.length === 0 || !isAbsolute(folder)))
    throw misused(
      `folder ${JSON.stringify(folder)} is of no use`,
      'it is the absolute path in which command is started',
    );
  if (path !== null && (!/^\/[!-~]*$/.test(path) || path.includes('#')))
    throw misused(`${JSON.stringify(path)} is not a path`, 'write /up');
  if (!/^[1-9]\d{0,2}$/.test(checks) || Number(checks) > MAX_CHECKS)
    throw misused(`${JSON.stringify(checks)} is no number of checks`, `write 1 to ${MAX_CHECKS}`);
  const timeout = readSeconds(query.get('timeout'), USUAL.timeoutSeconds);
  const drain = readSeconds(query.get('drain'), USUAL.drainSeconds);
  if (timeout <= 0 || Math.max(timeout, drain) > MAX_SECONDS)
    throw misused(
      'that is no time for a deploy',
      `more than 0 s for --timeout, and ${MAX_SECONDS} s at most for both`,
    );
  return {
    app: query.get('app'),
    upstreams,
    command: command.length === 0 ? null : command,
    folder,
    path,
    checks: Number(checks),
    timeoutMs: timeout * 1000,
    drainMs: drain * 1000,
  };
}

function misused(text: string, hint: string): FrontError {
  return new FrontError('config_usage', text, { hint });
}
