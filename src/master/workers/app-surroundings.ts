/** What an app that we start finds around itself: names it is reached by, the authority it may trust, the terminal. */
import { isatty } from 'node:tty';
import type { Config } from '../../shared/config/config.js';
import type { AppSurroundings } from './workers.js';

const STANDARD_STREAMS = [0, 1, 2] as const;

/**
 * @param authorityFile root of the development certificates, which an app that calls itself must trust; null: none is served
 * @param url the address that a person opens; null: nothing is served that one could open
 */
export function appSurroundings(
  config: Config,
  authorityFile: string | null,
  url: string | null,
): AppSurroundings {
  const started = config.apps.flatMap(({ worker }) => (worker === null ? [] : [worker]));
  const [alone, another] = started;
  return {
    names: config.hosts.map((host) => host.replace(/^\*(?=\.)/, '')),
    environment: {
      ...(authorityFile === null ? {} : { NODE_EXTRA_CA_CERTS: authorityFile }),
      ...(url === null ? {} : { TLSFRONT_URL: url }),
    },
    hasTerminal:
      alone !== undefined &&
      another === undefined &&
      alone.command !== null &&
      alone.processes === 1 &&
      config.logFile === null &&
      config.user === null &&
      STANDARD_STREAMS.every((descriptor) => isatty(descriptor)),
  };
}
