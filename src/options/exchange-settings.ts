/** Reads the settings that change what passes between client and app. */
import type { Config } from '../shared/config.js';
import { readHeaderRules } from './header-rules.js';
import { parseDuration } from './quantities.js';
import { invalid, misused, readChoice, readList, readSwitch, readText } from './read-setting.js';
import type { Settings } from './settings.js';

/** The part of the configuration that these settings make. */
export type ExchangeSettings = Pick<
  Config,
  'changeHost' | 'upstreamHost' | 'headerUp' | 'headerDown' | 'hsts' | 'secureCookies' | 'via' | 'compress'
>;

const HSTS_HINT = 'write --hsts 180d, or --hsts 365d,includeSubDomains,preload';

/** Value of Strict-Transport-Security (RFC 6797 §6.1), or null. */
function readHsts(settings: Settings): string | null {
  const text = readText(settings, 'hsts');
  if (text === null) return null;
  const { label } = settings.get('hsts');
  const [time = '', ...directives] = text.split(',').map((part) => part.trim());
  const milliseconds = parseDuration(time);
  if (milliseconds === null) throw invalid(label, text, `'${time}' is not a time`, HSTS_HINT);
  const known = new Map([
    ['includesubdomains', 'includeSubDomains'],
    ['preload', 'preload'],
  ]);
  const names = directives.map((directive) => {
    const name = known.get(directive.toLowerCase());
    if (name === undefined) throw invalid(label, text, `'${directive}' is unknown`, HSTS_HINT);
    return name;
  });
  return [`max-age=${Math.floor(milliseconds / 1000)}`, ...names].join('; ');
}

/** The library engine hands bodies on from stream to stream, and has no place where one could be compressed. */
function readCompress(settings: Settings): boolean {
  const compress = readSwitch(settings, 'compress');
  if (compress && readChoice(settings, 'engine') === 'library') {
    throw misused('--compress does not work with --engine library', 'leave one of them out');
  }
  return compress;
}

/** @throws FrontError config_invalid or config_usage */
export function readExchangeSettings(settings: Settings): ExchangeSettings {
  const up = readHeaderRules(settings.get('headerUp').label, readList(settings, 'headerUp'), 'up');
  const down = readHeaderRules(settings.get('headerDown').label, readList(settings, 'headerDown'), 'down');
  const changeHost = readSwitch(settings, 'changeHost');
  if (changeHost && up.host !== null) {
    throw misused('--change-host and --header-up both set Host', 'keep one of them');
  }
  return {
    changeHost,
    upstreamHost: up.host,
    headerUp: up.rules,
    headerDown: down.rules,
    hsts: readHsts(settings),
    secureCookies: readSwitch(settings, 'secureCookies'),
    via: readSwitch(settings, 'via'),
    compress: readCompress(settings),
  };
}
