/** Turns settings into the frozen configuration, or throws the first thing that is wrong with them. */
import { resolve } from 'node:path';
import type { AccessConfig } from '../shared/config/access.js';
import type { Config } from '../shared/config/config.js';
import type { Platform } from '../system/platform.js';
import { readAccess, requirePasswords } from './groups/access.js';
import { readAcme } from './groups/acme.js';
import { readApps } from './groups/app.js';
import { readHosts, requireCiphers } from './groups/certificates.js';
import { readLimits } from './groups/limits.js';
import { readListeners, redirectsOfDevelopment, refuseTwice } from './groups/listeners.js';
import { readLogSettings } from './groups/logs.js';
import { readHealthAnswer, readMetrics, readStats } from './groups/metrics.js';
import { readIdentity, readRouters } from './groups/processes.js';
import { readDnsServers } from './groups/upstreams.js';
import { refuseForLibrary } from './library-engine.js';
import { readProject } from './project.js';
import { readChoice, readList, readNumber, readSwitch, readText } from './read-setting.js';
import type { Settings } from './settings.js';
import { readRedirects, readSiteRules, readSites, redirectedHosts } from './sites/sites.js';
import { readBlocks } from './values/address-blocks.js';
import { CertificateChoice, cutHttps } from './values/certificate-choice.js';
import { readChroot, refuseForChroot } from './values/chroot.js';
import { findHostCheck } from './values/host-check.js';
import { reachedAddresses, readLan } from './values/lan.js';

function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) freezeDeep(part);
  return Object.freeze(value);
}

/** The rules of sites hold beside the general ones. */
function mergeAccess(general: AccessConfig, sites: readonly AccessConfig[]): AccessConfig {
  const all = [general, ...sites];
  return {
    ...general,
    addresses: all.flatMap(({ addresses }) => addresses),
    rateLimits: all.flatMap(({ rateLimits }) => rateLimits),
    passwords: all.flatMap(({ passwords }) => passwords),
    forwardAuth: all.flatMap(({ forwardAuth }) => forwardAuth),
  };
}

/**
 * The whole configuration, frozen to its depth. Reads files' access rights and accounts; binds and writes nothing.
 * @throws FrontError config_usage (options that do not go together) or config_invalid (a value), each with a hint
 */
export function resolveConfig(settings: Settings, platform: Platform): Config {
  const appsInFront = readApps(settings, platform);
  const httpsSetting = settings.get('https');
  const https = httpsSetting.values.map((text) => cutHttps(httpsSetting.label, text));
  const choice = new CertificateChoice(settings, https, platform);
  const { certificates } = choice;
  const general = readListeners(settings, https, choice, platform);
  const sites = readSites(settings, { listeners: general, choice, certificates }, platform);
  const apps = [...appsInFront, ...sites.apps];
  const listeners = [...sites.listeners, ...redirectsOfDevelopment(settings, sites.listeners, apps)];
  refuseTwice(listeners);
  requirePasswords(settings);
  const redirects = readRedirects(settings, null);
  const lan = readLan(settings, listeners, platform, process.cwd());
  const named = [...readHosts(settings), ...sites.hosts, ...redirectedHosts(redirects)];
  const reached = reachedAddresses(listeners, platform);
  const hosts = [...new Set([...named, ...reached, ...(lan === null ? [] : [lan.name])])];
  const rules = readSiteRules(settings);
  const hostCheck = readSwitch(settings, 'anyHost')
    ? null
    : findHostCheck(
        listeners,
        [rules, ...sites.sites.map((site) => site.rules)],
        [...hosts, ...sites.sites.flatMap((site) => site.hosts), ...apps.map(({ route }) => route.host)],
      );
  const ciphers = readText(settings, 'ciphers') ?? '';
  const config = freezeDeep<Config>({
    engine: readChoice(settings, 'engine') === 'direct' ? 'direct' : 'library',
    listeners,
    certificates,
    hosts,
    acme: readAcme(settings, hosts, listeners, platform),
    tls: {
      ciphers: requireCiphers(platform, settings.get('ciphers').label, ciphers),
      minVersion: readChoice(settings, 'minTls') === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
      sniStrict: readSwitch(settings, 'sniStrict'),
      keyLogFile: readText(settings, 'keylog'),
      folderClients: choice.folderClients,
    },
    apps,
    sites: sites.sites,
    dnsServers: readDnsServers(settings),
    redirects: [...sites.redirects, ...redirects],
    routers: readRouters(settings, platform),
    chroot: readChroot(settings, platform),
    user: readIdentity(settings, platform, 'uid'),
    group: readIdentity(settings, platform, 'gid'),
    pidFile: readText(settings, 'pidfile'),
    touchReload: readList(settings, 'touchReload').map((file) => resolve(file)),
    quiet: readSwitch(settings, 'quiet'),
    project: readProject(settings, listeners, apps, process.cwd()),
    lan,
    open: readSwitch(settings, 'open'),
    verbose: readSwitch(settings, 'verbose') || settings.has('https') || settings.has('master'),
    ...readLogSettings(settings),
    metrics: readMetrics(settings, platform),
    stats: readStats(settings, platform),
    statsHttp: readSwitch(settings, 'statsHttp'),
    healthAnswer: readHealthAnswer(settings),
    mercyMs: readNumber(settings, 'mercy'),
    access: mergeAccess(readAccess(settings, listeners, platform), sites.access),
    hostCheck,
    ...rules,
    proxyProtocol: readBlocks(settings, 'proxyProtocol'),
    trustedProxies: readBlocks(settings, 'trustedProxies'),
    limits: readLimits(settings),
  });
  if (config.chroot !== null) refuseForChroot(settings, apps);
  if (config.engine === 'library') refuseForLibrary(config, settings);
  return config;
}
