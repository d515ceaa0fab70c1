/** The listeners: which the options ask for, and the default ones. */

import { formatListenAddress, isLoopback } from '../../shared/addresses/host-port.js';
import type { AppConfig } from '../../shared/config/apps.js';
import { isForDevelopment } from '../../shared/config/development-listener.js';
import type {
  HttpListener,
  HttpsListener,
  ListenerConfig,
  RedirectListener,
} from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { type OptionRow, row, turn } from '../option-row.js';
import { misused, readSwitch } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { readHttpsPort, readListenAddress } from '../values/addresses.js';
import type { CertificateChoice, HttpsFields, OwnCertificates } from '../values/certificate-choice.js';
import { requireCiphers } from './certificates.js';

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
  noHttpToHttps: turn(
    GROUP,
    '--no-http-to-https',
    'In development: leave port 80 of this machine alone, where http://localhost leads to https://localhost',
  ),
  proxyProtocol: row(
    GROUP,
    'text',
    '--proxy-protocol',
    '<cidr>',
    'Fronts whose connections begin with a PROXY protocol header',
    { repeatable: true, commas: true },
  ),
  lan: turn(
    GROUP,
    '--lan',
    'Serve phones and others in the private networks too, as NAME.local, with a page that has them trust the certificate',
  ),
  strictPort: turn(
    GROUP,
    '--strict-port',
    'End where the port is taken: join no other project, take no other port',
  ),
  open: turn(GROUP, '--open', 'Show the first address in the browser once the app is ready', { short: '-o' }),
} satisfies Record<string, OptionRow>;

/** Where HTTPS is expected, and where it goes when that port is not permitted and nobody chose it. */
const HTTPS_PORT = 443;
const FALLBACK_PORT = 8443;
const HTTP_PORT = 80;

function httpsListener(host: string, port: number, own: OwnCertificates): HttpsListener {
  return { kind: 'https', host, port, ...own, ciphers: null, clientCa: null, fallbackPort: null };
}

function generalHttps(host: string, port: number, choice: CertificateChoice): HttpsListener {
  return { ...httpsListener(host, port, choice.general), clientCa: choice.clientCa };
}

/** What a port alone stands for. */
function ownAddresses(settings: Settings, { loopback, privateAddresses }: Platform): readonly string[] {
  return readSwitch(settings, 'lan') ? [...loopback, ...privateAddresses] : loopback;
}

/** Those of `--listen`. */
export function listenListeners(
  settings: Settings,
  choice: CertificateChoice,
  platform: Platform,
): HttpsListener[] {
  const { values, label } = settings.get('listen');
  return values
    .flatMap((text) => readListenAddress(label, text, ownAddresses(settings, platform)))
    .map(({ host, port }) => generalHttps(host, port, choice));
}

function ownHttps(fields: HttpsFields, choice: CertificateChoice, platform: Platform): HttpsListener[] {
  const { label, ciphers, clientCa } = fields;
  if (ciphers !== null) requireCiphers(platform, label, ciphers);
  const own = choice.ownOf(fields);
  return readListenAddress(label, fields.address, platform.loopback).map(({ host, port }) => ({
    ...httpsListener(host, port, own),
    ciphers,
    clientCa: clientCa === null ? choice.clientCa : { ...clientCa, crlFiles: choice.crlFiles },
  }));
}

function plainListeners(settings: Settings, platform: Platform): HttpListener[] {
  const { values, label } = settings.get('http');
  return values
    .flatMap((text) => readListenAddress(label, text, platform.loopback))
    .map(({ host, port }) => ({ kind: 'http', host, port }));
}

function redirectListeners(settings: Settings, platform: Platform): RedirectListener[] {
  const { values, label } = settings.get('httpToHttps');
  return values.flatMap((text) => {
    const [address = '', field, ...more] = text.split(',');
    if (more.length > 0) throw misused(`${label} ${text}: too many fields`, 'write [host:]port,https-port');
    const httpsPort = readHttpsPort(label, text, field);
    return readListenAddress(label, address, platform.loopback).map(({ host, port }): RedirectListener => {
      return { kind: 'redirect', host, port, httpsPort, isOptional: false };
    });
  });
}

/**
 * Port 80 beside a 443 that nobody chose and that serves the development certificate: what people type leads there. Not where
 * they have plain listeners of their own, or an app that is, or may yet come, on port 80.
 */
export function redirectsOfDevelopment(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  apps: readonly AppConfig[],
): readonly RedirectListener[] {
  const isTaken =
    listeners.some(({ kind, port }) => kind !== 'https' || port === HTTP_PORT) ||
    apps.some(({ upstreams, worker }) => {
      return worker?.appPort === HTTP_PORT || upstreams.some(({ port }) => port === HTTP_PORT);
    });
  if (isTaken || readSwitch(settings, 'noHttpToHttps')) return [];
  return listeners.flatMap((listener): RedirectListener[] => {
    const isDefault = listener.kind === 'https' && listener.fallbackPort !== null;
    if (!isDefault || !isForDevelopment(listener) || !isLoopback(listener.host)) return [];
    return [{ kind: 'redirect', host: listener.host, port: HTTP_PORT, httpsPort: null, isOptional: true }];
  });
}

/** 443 on loopback, and 8443 where that is not permitted; with `--acme` 443 on every address, where the authority looks. */
function defaultListeners(
  settings: Settings,
  choice: CertificateChoice,
  platform: Platform,
): HttpsListener[] {
  if (choice.general.acme) return [generalHttps('', HTTPS_PORT, choice)];
  return ownAddresses(settings, platform).map((host) => ({
    ...generalHttps(host, HTTPS_PORT, choice),
    fallbackPort: FALLBACK_PORT,
  }));
}

/** @throws FrontError config_usage for an address of two listeners */
export function refuseTwice(listeners: readonly ListenerConfig[]): void {
  const seen = new Set<string>();
  for (const { host, port } of listeners) {
    const address = formatListenAddress(host, port);
    if (port !== 0 && seen.has(address)) {
      throw misused(`${address} is to be listened on twice`, 'give every listener an address of its own');
    }
    seen.add(address);
  }
  // `[::]` with an IPv4 address beside it takes IPv6 alone; no host at all takes both families.
  for (const { host, port } of listeners) {
    const every = listeners.find((other) => other.host === '' && other.port === port);
    if (port === 0 || host === '' || every === undefined) continue;
    const address = formatListenAddress(host, port);
    throw misused(
      `${address} is to be listened on twice: :${port} takes every address`,
      `leave out ${address}`,
    );
  }
}

/**
 * Every listener, HTTPS first. Default ones are added when no `--listen` or `--https` is given, except where `--http`
 * stands alone, without a certificate or a redirect that would need them.
 * @throws FrontError config_usage, config_invalid
 */
export function readListeners(
  settings: Settings,
  https: readonly HttpsFields[],
  choice: CertificateChoice,
  platform: Platform,
): readonly ListenerConfig[] {
  const own = https.flatMap((fields) => ownHttps(fields, choice, platform));
  const secure = [...listenListeners(settings, choice, platform), ...own];
  const plain = plainListeners(settings, platform);
  const redirects = redirectListeners(settings, platform);
  const plainAlone = plain.length > 0 && redirects.length === 0 && !choice.hasGeneral && !choice.general.acme;
  // Sites that all have listeners of their own need no other.
  const { sites } = settings;
  const areElsewhere = sites.length > 0 && sites.every(({ settings: own }) => own.has('listen'));
  const isChosen = secure.length > 0 || plainAlone || areElsewhere;
  return [...(isChosen ? secure : defaultListeners(settings, choice, platform)), ...plain, ...redirects];
}
