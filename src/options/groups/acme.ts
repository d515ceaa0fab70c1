/** ACME: `--acme` and its companions; refuses what no authority would do. */
import type { AcmeConfig, ChallengeKind } from '../../shared/config/acme.js';
import { CHALLENGE_KINDS } from '../../shared/config/acme.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row } from '../option-row.js';
import {
  invalid,
  misused,
  readChoice,
  readList,
  readNumber,
  readText,
  requireFile,
} from '../read-setting.js';
import type { Settings } from '../settings.js';
import { requireAcmeNames } from '../values/acme-names.js';

/** Let's Encrypt (https://letsencrypt.org/docs/acme-protocol-updates/). */
export const PRODUCTION_DIRECTORY = 'https://acme-v02.api.letsencrypt.org/directory';
/** Its certificates are trusted by nobody; its limits are wide. */
export const STAGING_DIRECTORY = 'https://acme-staging-v02.api.letsencrypt.org/directory';

/** Their rows, in the order of `--help`. */
export const ACME_OPTIONS = {
  acme: row('ACME', 'text', '--acme', '<email>', 'Get and renew a certificate for each --host'),
  acmeDirectory: row(
    'ACME',
    'text',
    '--acme-directory',
    '<url|staging>',
    'Directory of the authority; repeated: the next is asked when those before have failed',
    {
      default: PRODUCTION_DIRECTORY,
      defaultText: "Let's Encrypt",
      repeatable: true,
    },
  ),
  acmeAsk: row(
    'ACME',
    'text',
    '--acme-ask',
    '<url|/path>',
    'Order a certificate for any other name at its first handshake, where this answers ?domain=NAME with 2xx',
  ),
  acmeProfile: row('ACME', 'text', '--acme-profile', '<name>', 'Profile that certificates are ordered with', {
    defaultText: 'shortlived for addresses',
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
} satisfies Record<string, OptionRow>;

/** @throws FrontError config_usage, config_invalid */
export function readAcme(
  settings: Settings,
  hosts: readonly string[],
  listeners: readonly ListenerConfig[],
  platform: Platform,
): AcmeConfig | null {
  const email = readText(settings, 'acme');
  if (email === null) {
    refuseAlone(settings);
    return null;
  }
  requireEmail(settings, email);
  requireListener(settings, listeners);
  const caFile = readText(settings, 'acmeCa');
  if (caFile !== null) {
    const hint = 'give the root certificate of the private authority in PEM form';
    requireFile(platform, settings.get('acmeCa').label, caFile, hint);
  }
  const ask = readAsk(settings);
  const dnsHook = readHook(settings, platform);
  const challenges = readChallenges(settings, listeners, dnsHook !== null);
  return {
    email,
    directories: readDirectories(settings),
    profile: readProfile(settings),
    caFile,
    names: requireAcmeNames(settings, hosts, challenges, caFile !== null, ask !== null),
    ask,
    challenges,
    dnsHook,
    dnsWaitMs: readNumber(settings, 'acmeDnsWait'),
    accountBinding: readBinding(settings, platform),
  };
}

function isCompanion(key: string): key is Exclude<keyof typeof ACME_OPTIONS, 'acme'> {
  return key !== 'acme' && Object.hasOwn(ACME_OPTIONS, key);
}

function refuseAlone(settings: Settings): void {
  const given = Object.keys(ACME_OPTIONS)
    .filter(isCompanion)
    .find((key) => settings.has(key));
  if (given === undefined) return;
  throw misused(`${settings.get(given).label} is given without --acme`, 'add --acme EMAIL, or leave it out');
}

function requireEmail(settings: Settings, email: string): void {
  if (/^[\x21-\x7e]+@[^@\s]+\.[^@\s.]+$/.test(email) && !/[,<>"]/.test(email)) return;
  throw invalid(
    settings.get('acme').label,
    email,
    'not an e-mail address',
    'write --acme you@example.com: the authority may write to it, and giving it agrees to its terms',
  );
}

function requireListener(settings: Settings, listeners: readonly ListenerConfig[]): void {
  if (listeners.some((listener) => listener.kind === 'https' && listener.acme)) return;
  throw misused(
    `${settings.get('acme').label}: no listener would serve its certificates, every --https names its own`,
    'add --listen :443, or leave out the certificate of one --https',
  );
}

function readDirectories(settings: Settings): readonly string[] {
  const { label } = settings.get('acmeDirectory');
  const all = readList(settings, 'acmeDirectory').map((text) => readDirectory(label, text));
  const twice = all.find((directory, index) => all.indexOf(directory) !== index);
  if (twice !== undefined) throw misused(`${label} ${twice} is given twice`, 'name each authority once');
  return all;
}

/** Names of profiles are short words (draft-ietf-acme-profiles §3). */
function readProfile(settings: Settings): string | null {
  const text = readText(settings, 'acmeProfile');
  if (text === null || /^[A-Za-z0-9._-]{1,64}$/.test(text)) return text;
  throw invalid(
    settings.get('acmeProfile').label,
    text,
    'not the name of a profile',
    'write one that the authority offers, such as classic, tlsserver or shortlived',
  );
}

/** A URL of the operator's, or a path of the app; `?domain=NAME` is added to either. */
function readAsk(settings: Settings): string | null {
  const text = readText(settings, 'acmeAsk');
  if (text === null) return null;
  const { label } = settings.get('acmeAsk');
  const hint =
    'write http://127.0.0.1:9000/may, an https URL, or /path of the app: 2xx is yes, all else is no';
  if (!/^[\x21-\x7e]+$/.test(text)) throw invalid(label, text, 'neither a URL nor a path', hint);
  if (text.includes('#')) throw invalid(label, text, 'what follows # is never sent', hint);
  if (text.startsWith('/') && !text.startsWith('//')) return text;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw invalid(label, text, 'neither a URL nor a path', hint);
  return new URL(text).href;
}

function readDirectory(label: string, text: string): string {
  if (text === 'staging') return STAGING_DIRECTORY;
  const hint = "write the https URL of the directory, or staging for a trial with Let's Encrypt";
  if (!URL.canParse(text)) throw invalid(label, text, 'not a URL', hint);
  const { protocol, username, password, hash } = new URL(text);
  if (protocol !== 'https:') throw invalid(label, text, 'ACME is spoken over https alone', hint);
  if (username + password + hash !== '') throw invalid(label, text, 'not the URL of a directory', hint);
  return new URL(text).href;
}

function readHook(settings: Settings, platform: Platform): readonly string[] | null {
  const text = readText(settings, 'acmeDnsHook');
  if (text === null) return null;
  const { label } = settings.get('acmeDnsHook');
  // A path with blanks in it is a program too.
  const words =
    platform.whyNotRunnable(text) === null ? [text] : text.split(/\s+/).filter((word) => word !== '');
  const [program = ''] = words;
  const reason = platform.whyNotRunnable(program);
  if (reason === null) return words;
  throw invalid(label, program, reason, 'give the path of a program that you may run, chmod +x makes it one');
}

function isKind(text: string): text is ChallengeKind {
  return CHALLENGE_KINDS.some((kind) => kind === text);
}

/** What is tried: the one that is asked for; the hook where there is one; else what the listeners can answer. */
function readChallenges(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  hasHook: boolean,
): readonly ChallengeKind[] {
  const hook = settings.get('acmeDnsHook').label;
  const hasPlain = listeners.some(({ kind }) => kind !== 'https');
  if (!settings.has('acmeChallenge')) {
    if (hasHook) return ['dns-01'];
    refuseWait(settings);
    return hasPlain ? ['tls-alpn-01', 'http-01'] : ['tls-alpn-01'];
  }
  const { label } = settings.get('acmeChallenge');
  const kind = readChoice(settings, 'acmeChallenge');
  if (kind === 'dns-01' && !hasHook) {
    throw misused(
      `${label} dns-01 is given without --acme-dns-hook`,
      'add --acme-dns-hook with a program that writes TXT records',
    );
  }
  if (kind === 'dns-persist-01' && !hasHook) {
    refuseWait(settings);
    return [kind];
  }
  if (kind !== 'dns-01' && hasHook) {
    throw misused(
      `${hook} is given with ${label} ${kind}`,
      'the hook is for dns-01: leave one of the two out',
    );
  }
  if (kind !== 'dns-01') refuseWait(settings);
  if (kind === 'http-01' && !hasPlain) {
    throw misused(`${label} http-01 is given without a plain listener`, 'add --http-to-https :80');
  }
  return isKind(kind) ? [kind] : [];
}

function refuseWait(settings: Settings): void {
  if (!settings.has('acmeDnsWait')) return;
  throw misused(`${settings.get('acmeDnsWait').label} is given without --acme-dns-hook`, 'leave it out');
}

function readBinding(settings: Settings, platform: Platform): AcmeConfig['accountBinding'] {
  const keyId = readText(settings, 'acmeEabKid');
  const keyFile = readText(settings, 'acmeEabKeyFile');
  if (keyId === null && keyFile === null) return null;
  const kid = settings.get('acmeEabKid').label;
  const file = settings.get('acmeEabKeyFile').label;
  const hint = 'the authority gives out both: a key id, and a key for a file';
  if (keyFile === null) throw misused(`${kid} is given without --acme-eab-key-file`, hint);
  if (keyId === null) throw misused(`${file} is given without --acme-eab-kid`, hint);
  requireFile(platform, file, keyFile, 'check the path and who may read it');
  return { keyId, keyFile };
}
