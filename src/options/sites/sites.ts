/** Reads the sites of the configuration file: names with apps, certificates, listeners and rules of their own. */

import { bracketHost } from '../../shared/addresses/host-port.js';
import type { AccessConfig, AccessScope } from '../../shared/config/access.js';
import type { AppConfig } from '../../shared/config/apps.js';
import type { SiteConfig, SiteRules } from '../../shared/config/config.js';
import type { CertificateFiles, ListenerConfig } from '../../shared/config/listeners.js';
import type { RedirectRule } from '../../shared/config/rules.js';
import { FrontError } from '../../shared/errors.js';
import type { Platform } from '../../system/platform.js';
import { readAccess } from '../groups/access.js';
import { namesApp, readApps } from '../groups/app.js';
import { readHosts } from '../groups/certificates.js';
import { listenListeners } from '../groups/listeners.js';
import { readExchangeSettings, readStreamRequests } from '../groups/requests.js';
import { misused, readSwitch } from '../read-setting.js';
import type { Settings, SiteSettings } from '../settings.js';
import { CertificateChoice, type OwnCertificates } from '../values/certificate-choice.js';
import { readRedirect } from '../values/redirects.js';

/** What the sites add to the configuration. */
export interface ReadSites {
  readonly sites: readonly SiteConfig[];
  readonly apps: readonly AppConfig[];
  /** All listeners, those of the sites behind those that were there. */
  readonly listeners: readonly ListenerConfig[];
  /** Names that need a certificate of the front's: development, or ACME. */
  readonly hosts: readonly string[];
  readonly access: readonly AccessConfig[];
  readonly redirects: readonly RedirectRule[];
}

/** What the sites stand in. */
export interface AroundSites {
  /** Those above the sites. */
  readonly listeners: readonly ListenerConfig[];
  readonly choice: CertificateChoice;
  /** Of the whole configuration; sites add theirs. */
  readonly certificates: CertificateFiles[];
}

/** The rules that settings make, of a site or of all that have none. @throws FrontError config_invalid, config_usage */
export function readSiteRules(settings: Settings): SiteRules {
  return {
    ...readExchangeSettings(settings),
    rewriteLocation: !readSwitch(settings, 'noRewriteLocation'),
    keepUnderscores: readSwitch(settings, 'keepUnderscores'),
    streamRequests: readStreamRequests(settings),
  };
}

/** The redirects of settings. @param site a rule without a host is for its requests; null: for any */
export function readRedirects(settings: Settings, site: number | null): readonly RedirectRule[] {
  const { label, values } = settings.get('redirect');
  return values
    .map((text) => readRedirect(label, text))
    .map((rule) => (rule.host === '' ? { ...rule, site } : rule));
}

/** Names of redirects that need a certificate: browsers connect before they are told to go elsewhere. */
export function redirectedHosts(redirects: readonly RedirectRule[]): readonly string[] {
  return redirects.map(({ host }) => host).filter((host) => host !== '');
}

/** An error of one site names it. */
function withLabel<Value>(label: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FrontError) || error.code !== 'config_usage' || error.message.includes(label))
      throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new FrontError(error.code, `${label}: ${error.message}`, { ...hint, cause: error });
  }
}

function readSiteApps(
  { name, label, settings }: SiteSettings,
  site: number,
  platform: Platform,
): readonly AppConfig[] {
  const isNamed = namesApp(settings);
  if (!isNamed && settings.has('redirect')) return [];
  if (!isNamed)
    throw misused(`${label} has no app`, 'write upstream = 3000, or command = ["npm", "start"], into it');
  return readApps(settings, platform).map((app) => {
    const { host, prefix } = app.route;
    if (host !== '')
      throw misused(
        `${label}: the route ${host} has a host`,
        'a site has hosts already; give that one a site of its own',
      );
    return { ...app, site, name: `${name}${prefix}` };
  });
}

/** One rule stays one rule: a client's rate is for the site, not for each of its names. */
function scopedTo(site: number, label: string, hosts: readonly string[], access: AccessConfig): AccessConfig {
  const scoped = <Rule extends { readonly scope: AccessScope }>(rules: readonly Rule[]): readonly Rule[] =>
    rules.map((rule) => {
      const { host } = rule.scope;
      if (host !== '' && !hosts.some((own) => host === own || isBeneath(host, own)))
        throw misused(
          `${label}: a rule of access is for ${host}`,
          `the site's hosts are ${hosts.join(', ')}; write it into the site that has the name`,
        );
      return { ...rule, scope: { ...rule.scope, site } };
    });
  return {
    ...access,
    addresses: scoped(access.addresses),
    rateLimits: scoped(access.rateLimits),
    passwords: scoped(access.passwords),
    forwardAuth: scoped(access.forwardAuth),
  };
}

/** Whether the wildcard covers the name, or all that another wildcard does. */
function isBeneath(name: string, wildcard: string): boolean {
  return wildcard.startsWith('*.') && name.endsWith(wildcard.slice(1));
}

function addCertificates(listener: ListenerConfig, own: OwnCertificates): ListenerConfig {
  if (listener.kind !== 'https') return listener;
  const certificates = [...listener.certificates, ...own.certificates];
  return {
    ...listener,
    certificates,
    certificateFolders: [...listener.certificateFolders, ...own.certificateFolders],
  };
}

/** Two sites for one name, where a listener serves both. */
function refuseTwoOfAName(sites: readonly SiteConfig[], labels: readonly string[]): void {
  for (const [index, site] of sites.entries()) {
    for (const [before, other] of sites.slice(0, index).entries()) {
      const host = site.hosts.find((name) => other.hosts.includes(name));
      const isApart = (site.listeners === null) !== (other.listeners === null);
      if (host === undefined || isApart || site.listeners !== null) continue;
      throw misused(
        `${labels[before]} and ${labels[index]} both have the host ${host}`,
        'leave it in one of them',
      );
    }
  }
}

/**
 * All sites of the settings.
 * @throws FrontError config_usage or config_invalid, which names the site or its line
 */
export function readSites(settings: Settings, around: AroundSites, platform: Platform): ReadSites {
  const { choice, certificates } = around;
  const inFront = around.listeners.length;
  let shared = [...around.listeners];
  const added: ListenerConfig[] = [];
  const sites: SiteConfig[] = [];
  const apps: AppConfig[] = [];
  const needed: string[] = [];
  const access: AccessConfig[] = [];
  const redirects: RedirectRule[] = [];
  /** Sites on the shared listeners without a certificate, and with one. */
  const bare: string[] = [];
  let isAnyCovered = choice.hasGeneral || choice.general.acme;
  for (const [index, one] of settings.sites.entries()) {
    const { name, label, settings: own } = one;
    const names = readHosts(own);
    const hosts = names.map(bracketHost);
    if (hosts.length === 0)
      throw misused(`${label} has no host`, `write host = "${name}.example.com" into it`);
    const ownChoice = withLabel(label, () => new CertificateChoice(own, [], platform, certificates));
    const hasOwn = ownChoice.hasGeneral;
    const ownListeners = listenListeners(own, hasOwn ? ownChoice : choice, platform);
    const first = inFront + added.length;
    added.push(...ownListeners);
    const listeners = ownListeners.length === 0 ? null : ownListeners.map((_one, at) => first + at);
    if (hasOwn && listeners === null) {
      shared = shared.map((listener) => addCertificates(listener, ownChoice.general));
      if (!choice.hasGeneral && !choice.general.acme) isAnyCovered = true;
    } else if (!hasOwn && listeners === null && !choice.hasGeneral && !choice.general.acme) bare.push(label);
    apps.push(...withLabel(label, () => readSiteApps(one, index, platform)));
    sites.push({ name, hosts, listeners, rules: withLabel(label, () => readSiteRules(own)) });
    const redirected = readRedirects(own, index);
    redirects.push(...redirected);
    if (!hasOwn) needed.push(...names, ...redirectedHosts(redirected));
    access.push(scopedTo(index, label, hosts, readAccess(own, [...shared, ...added], platform)));
  }
  const [uncovered] = bare;
  if (uncovered !== undefined && isAnyCovered)
    throw misused(
      `${uncovered} has no certificate, and others of its listeners have one`,
      'give it cert and key, or write them above the sites for all',
    );
  refuseTwoOfAName(
    sites,
    settings.sites.map(({ label }) => label),
  );
  return { sites, apps, listeners: [...shared, ...added], hosts: [...new Set(needed)], access, redirects };
}
