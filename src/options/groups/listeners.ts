/** The options that say on which addresses the front listens, and for what. */
import { type OptionRow, row } from '../option-row.js';

const GROUP = 'Listeners';

/** Their rows, in the order of `--help`. */
export const LISTENER_OPTIONS = {
  listen: row(
    GROUP,
    'address',
    '--listen',
    '<[host:]port>',
    'HTTPS; without a host: loopback only; :443 is every address',
    {
      short: '-l',
      repeatable: true,
      defaultText: '443 on loopback, 8443 where 443 is not permitted',
    },
  ),
  https: row(
    GROUP,
    'address',
    '--https',
    '<address[,cert,key[,ciphers[,[!]clientca]]]>',
    'HTTPS with a certificate of its own',
    { repeatable: true, uwsgi: 'same' },
  ),
  http: row(GROUP, 'address', '--http', '<[host:]port>', 'Plain HTTP that serves the app; alone: no HTTPS', {
    repeatable: true,
    uwsgi: 'same',
  }),
  httpToHttps: row(
    GROUP,
    'address',
    '--http-to-https',
    '<[host:]port[,https-port]>',
    'Plain HTTP that redirects to HTTPS',
    { repeatable: true, uwsgi: 'same' },
  ),
} satisfies Record<string, OptionRow>;
