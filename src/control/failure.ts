/** Turns errors into what crosses the socket, and back. */
import { FrontError } from '../shared/errors.js';
import type { Failure } from './types.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** The failure that a client prints and ends with. */
export function describeFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof FrontError)) {
    return { error: message, hint: null, code: 'internal', exitCode: EXIT_FAILURE };
  }
  const { code, hint = null } = error;
  const isUsage = code === 'config_usage' || code === 'config_invalid' || code === 'certificate_broken';
  return { error: message, hint, code, exitCode: isUsage ? EXIT_USAGE : EXIT_FAILURE };
}

/** The error that a client throws. */
export function failureError({ error, hint, code }: Failure): FrontError {
  return new FrontError(code, error, hint === null ? {} : { hint });
}
