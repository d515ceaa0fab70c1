/** Options of ACME. */
import { CHALLENGE_KINDS } from '../../shared/acme.js';
import { row } from '../option-row.js';

/** Let's Encrypt (https://letsencrypt.org/docs/acme-protocol-updates/). */
export const PRODUCTION_DIRECTORY = 'https://acme-v02.api.letsencrypt.org/directory';
/** Its certificates are trusted by nobody; its limits are wide. */
export const STAGING_DIRECTORY = 'https://acme-staging-v02.api.letsencrypt.org/directory';

export const ACME_OPTIONS = {
  acme: row('ACME', 'text', '--acme', '<email>', 'Get and renew a certificate for each --host'),
  acmeDirectory: row('ACME', 'text', '--acme-directory', '<url|staging>', 'Directory of the authority', {
    default: PRODUCTION_DIRECTORY,
    defaultText: "Let's Encrypt",
  }),
  acmeCa: row(
    'ACME',
    'file',
    '--acme-ca',
    '<file>',
    'Trust these certificates alone when asking a private authority',
  ),
  acmeChallenge: row('ACME', 'choice', '--acme-challenge', '<kind>', 'How a name is proven', {
    defaultText: 'what the listeners allow',
    choices: CHALLENGE_KINDS,
  }),
  acmeDnsHook: row(
    'ACME',
    'text',
    '--acme-dns-hook',
    '<command>',
    'For dns-01: called with present|cleanup, record name, value',
  ),
  acmeDnsWait: row('ACME', 'duration', '--acme-dns-wait', '<time>', 'Time for a new record to spread', {
    default: '30s',
    least: 0,
    most: 3_600_000,
  }),
  acmeEabKid: row('ACME', 'text', '--acme-eab-kid', '<id>', 'Key id of an external account'),
  acmeEabKeyFile: row(
    'ACME',
    'file',
    '--acme-eab-key-file',
    '<file>',
    'File whose first line is its key, in base64url',
  ),
};
