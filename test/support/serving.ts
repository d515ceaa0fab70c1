/** The loading of certificates as the commands do it, without a front. */
import { openFileStore } from '../../src/certificates/store/file-store.js';
import type { SettingLayer } from '../../src/options/settings.js';
import { CertificateLoader } from '../../src/serving/certificate-loader.js';
import type { ServingCertificates } from '../../src/serving/certificate-reloader.js';
import { thisPlatform } from '../../src/system/platform.js';
import { resolveGiven } from './settings.js';
import { type Ending, makeWorkspace } from './workspace.js';

/** A loader for these settings, with a store of its own. */
export function makeLoader(
  ending: Ending,
  flags: SettingLayer,
  purpose: 'serve' | 'check' = 'serve',
): CertificateLoader {
  const store = openFileStore(makeWorkspace(ending).at('data'));
  const { whyUnreadable } = thisPlatform();
  const config = resolveGiven({ flags: { listen: ['127.0.0.1:0'], ...flags }, platform: { whyUnreadable } });
  return new CertificateLoader(config, store, purpose);
}

/** The chains of the first listener. */
export function chainsOf({ tls }: ServingCertificates): string[] {
  return (tls[0]?.certificates ?? []).map(({ chainPem }) => chainPem);
}

/** The names of the first listener's certificates. */
export function namesOf({ tls }: ServingCertificates): string[] {
  return (tls[0]?.certificates ?? []).map(({ names }) => names.join(' '));
}
