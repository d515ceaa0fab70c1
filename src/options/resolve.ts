/** Turns settings into the frozen configuration, or throws the first thing that is wrong with them. */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Config, Limits } from '../shared/config.js';
import { DEFAULT_LIMITS } from '../shared/limits.js';
import type { Platform } from '../system/platform.js';
import { readAcme } from './acme-settings.js';
import { isHostName } from './addresses.js';
import { readAppSource } from './app-source.js';
import { CertificateChoice, cutHttps, requireCiphers } from './certificate-choice.js';
import { readExchangeSettings } from './exchange-settings.js';
import { refuseForLibrary } from './library-engine.js';
import { readListeners } from './listeners.js';
import { invalid, misused, readChoice, readList, readNumber, readSwitch, readText } from './read-setting.js';
import type { Settings } from './settings.js';
import { LIMIT_KEYS, type LimitKey } from './table.js';
import { readUpstreamSettings } from './upstream-settings.js';

function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) freezeDeep(part);
  return Object.freeze(value);
}

function readLimits(settings: Settings): Limits {
  const limits: Record<LimitKey, number> = { ...DEFAULT_LIMITS };
  for (const key of LIMIT_KEYS) limits[key] = readNumber(settings, key);
  return limits;
}

function readHosts(settings: Settings): readonly string[] {
  const { label } = settings.get('host');
  return readList(settings, 'host').map((text) => {
    const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
    if (isIP(bare) !== 0) return bare.toLowerCase();
    const wildcard = bare.startsWith('*.') ? '*.' : '';
    const name = domainToASCII(bare.slice(wildcard.length)).replace(/\.$/, '');
    if (name !== '' && isHostName(name)) return wildcard + name;
    throw invalid(
      label,
      text,
      'neither a host name nor an IP address',
      'write app.test, *.app.test or 192.168.1.5',
    );
  });
}

/** CIDR blocks in full form: a single address becomes /32 or /128. */
function readTrustedProxies(settings: Settings): readonly string[] {
  const { label } = settings.get('trustedProxies');
  return readList(settings, 'trustedProxies').map((text) => {
    const [address = '', prefix, ...more] = text.split('/');
    const family = isIP(address);
    const bits = family === 6 ? 128 : 32;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    try {
      if (family === 0 || more.length > 0) throw new RangeError('not an address');
      new BlockList().addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw invalid(label, text, 'not an address block', 'write 10.0.0.0/8, 192.168.1.5 or fd00::/8');
    }
    return `${address}/${length}`;
  });
}

function readRouters(settings: Settings, platform: Platform): number {
  if (readText(settings, 'httpProcesses') === 'auto') return platform.processors;
  return readNumber(settings, 'httpProcesses');
}

/** Changing identity needs root, unless it is the one we have. */
function readIdentity(settings: Settings, platform: Platform, key: 'uid' | 'gid'): string | null {
  const text = readText(settings, key);
  if (text === null) return null;
  const { label } = settings.get(key);
  const noun = key === 'uid' ? 'user' : 'group';
  const current = key === 'uid' ? platform.userId : platform.groupId;
  if (current === null) throw misused(`${label} does not work on this system`, `leave ${label} out`);
  const account = key === 'uid' ? platform.findUser(text) : platform.findGroup(text);
  const id = account?.id ?? (/^\d{1,10}$/.test(text) ? Number(text) : null);
  if (id === null) {
    const database = key === 'uid' ? 'passwd' : 'group';
    throw invalid(label, text, `there is no such ${noun}`, `\`getent ${database}\` lists them`);
  }
  if (platform.userId !== 0 && id !== current) {
    throw misused(
      `${label} ${text}: only root may change to another ${noun}`,
      `start with sudo, or leave ${label} out`,
    );
  }
  return text;
}

function readLogFile(settings: Settings): string | null {
  const text = readText(settings, 'logto');
  if (text !== null && /^(?:udp:.*|[^/]*:\d+)$/.test(text)) {
    throw invalid(
      settings.get('logto').label,
      text,
      'logs go to a file, not to a UDP address',
      'give the path of a file',
    );
  }
  return text;
}

function readLogFormat(settings: Settings): Config['logFormat'] {
  const format = readChoice(settings, 'logFormat');
  return format === 'json' || format === 'uwsgi' ? format : 'pretty';
}

/**
 * The whole configuration, frozen to its depth. Reads files' access rights and accounts; binds and writes nothing.
 * @throws FrontError config_usage (options that do not go together) or config_invalid (a value), each with a hint
 */
export function resolveConfig(settings: Settings, platform: Platform): Config {
  const app = readAppSource(settings, platform);
  const httpsSetting = settings.get('https');
  const https = httpsSetting.values.map((text) => cutHttps(httpsSetting.label, text));
  const choice = new CertificateChoice(settings, https, platform);
  const listeners = readListeners(settings, https, choice, platform);
  const hosts = readHosts(settings);
  const ciphers = readText(settings, 'ciphers') ?? '';
  const config = freezeDeep<Config>({
    engine: readChoice(settings, 'engine') === 'direct' ? 'direct' : 'library',
    listeners,
    certificates: choice.certificates,
    hosts,
    acme: readAcme(settings, hosts, listeners, platform),
    tls: {
      ciphers: requireCiphers(platform, settings.get('ciphers').label, ciphers),
      minVersion: readChoice(settings, 'minTls') === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      sniStrict: readSwitch(settings, 'sniStrict'),
      keyLogFile: readText(settings, 'keylog'),
      folderClients: choice.folderClients,
    },
    ...app,
    ...readUpstreamSettings(settings, platform),
    routers: readRouters(settings, platform),
    user: readIdentity(settings, platform, 'uid'),
    group: readIdentity(settings, platform, 'gid'),
    logFile: readLogFile(settings),
    quiet: readSwitch(settings, 'quiet'),
    accessLog: readSwitch(settings, 'accessLog'),
    logFormat: readLogFormat(settings),
    mercyMs: readNumber(settings, 'mercy'),
    holdMs: readNumber(settings, 'hold'),
    ...readExchangeSettings(settings),
    rewriteLocation: !readSwitch(settings, 'noRewriteLocation'),
    bufferRequests: readSwitch(settings, 'bufferRequests'),
    trustedProxies: readTrustedProxies(settings),
    limits: readLimits(settings),
  });
  if (config.engine === 'library') refuseForLibrary(config, settings);
  return config;
}
