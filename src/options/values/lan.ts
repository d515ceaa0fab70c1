/** Whether a front serves the private networks too (`--lan`), and as whom. */
import { isIPv4 } from 'node:net';
import type { LanConfig } from '../../shared/config/config.js';
import { isForDevelopment } from '../../shared/config/development-listener.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import type { Platform } from '../../system/platform.js';
import { readGivenName } from '../project.js';
import { misused, readSwitch } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { findProjectName } from './project-name.js';

/** The longest label of a host name (RFC 1035 §2.3.4). */
const MAX_LABEL = 63;

/**
 * @param folder where the front was started
 * @returns null: it serves who is named by listeners alone
 * @throws FrontError config_usage where there is no such network, or it would serve others than those
 */
export function readLan(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  { privateAddresses }: Pick<Platform, 'privateAddresses'>,
  folder: string,
): LanConfig | null {
  if (!readSwitch(settings, 'lan')) return null;
  const { label } = settings.get('lan');
  if (settings.sites.length > 0) {
    throw misused(
      `${label} leads to one app, and there are several sites`,
      'start the app that phones shall see alone',
    );
  }
  if (privateAddresses.length === 0) {
    throw misused(
      `${label}: this machine has no address in a private network (10.…, 172.16.…, 192.168.…, fd…)`,
      'join the Wi-Fi that the phone is in, or name an address yourself: --listen ADDRESS:8443 --host ADDRESS',
    );
  }
  const secure = listeners.filter((listener) => listener.kind === 'https');
  const given = secure.find((listener) => !isForDevelopment(listener));
  if (given !== undefined) {
    throw misused(
      `${label} serves the development certificate, and another one is given`,
      `leave out ${label}, and listen where you like: --listen :443`,
    );
  }
  const open = secure.find(({ host }) => host === '' || host === '0.0.0.0' || host === '::');
  if (open !== undefined) {
    throw misused(
      `${label} serves private networks alone, and port ${open.port} is to be open to every address`,
      `give the port alone: --listen ${open.port}`,
    );
  }
  if (!secure.some(({ host }) => privateAddresses.includes(host))) {
    throw misused(`${label} is given, and nothing listens for it`, 'give a port alone: --listen 8443');
  }
  // Many resolvers take a single label before `.local` only.
  const name = (readGivenName(settings, '.local') ?? findProjectName(folder)).replaceAll('.', '-');
  return {
    name: `${name.slice(0, MAX_LABEL).replace(/-+$/, '')}.local`,
    mayMove: !readSwitch(settings, 'strictPort') && !settings.has('listen'),
  };
}

/** Private addresses of this machine where the development certificate is served: it covers them, so that nobody need name them. */
export function reachedAddresses(
  listeners: readonly ListenerConfig[],
  { privateAddresses }: Pick<Platform, 'privateAddresses'>,
): readonly string[] {
  const hosts = listeners.flatMap((one) => (one.kind === 'https' && isForDevelopment(one) ? [one.host] : []));
  const all = hosts.includes('') || hosts.includes('::');
  return privateAddresses.filter(
    (address) => all || hosts.includes(address) || (hosts.includes('0.0.0.0') && isIPv4(address)),
  );
}
