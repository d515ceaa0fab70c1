/** Runs the front: reads certificates, then hands everything to the master until a signal ends it. */

import { openLocalStore } from '../certificates/store/local-store.js';
import { MasterLog } from '../master/log.js';
import { runMaster } from '../master/master.js';
import { createOrders } from '../serving/acme-certificates.js';
import { CertificateLoader } from '../serving/certificate-loader.js';
import { loadStickySecret } from '../serving/sticky-secret.js';
import type { Config } from '../shared/config.js';
import type { Identity } from '../shared/router-messages.js';
import { findGroup, findUser } from '../system/accounts.js';
import type { CommandIo } from '../terminal/console.js';

/**
 * Serves until a signal ends it.
 * @returns the exit code
 * @throws FrontError when the front cannot start; nothing is left running
 */
export async function serve(config: Config, version: string, io: CommandIo): Promise<number> {
  const noColour = (io.environment.NO_COLOR ?? '') !== '';
  const store = openLocalStore(io.environment);
  const certificates = new CertificateLoader(config, store, 'serve');
  const log = new MasterLog(config.logFile, config.quiet, noColour);
  return runMaster({
    config,
    version,
    identity: findIdentity(config),
    log,
    stickySecret: config.sticky ? await loadStickySecret(store, (text) => log.warning(text)) : '',
    loadCertificates: () => certificates.load(),
    issueLeaf: (name) => certificates.issue(name),
    orders: await createOrders(config, store, log, version),
  });
}

/** Whom to become: the user's own primary group unless another is named (as uWSGI does). */
function findIdentity(config: Config): Identity | null {
  if (config.user === null && config.group === null) return null;
  const user = config.user === null ? null : findUser(config.user);
  const group = config.group === null ? null : findGroup(config.group);
  return { uid: user?.id ?? null, gid: group?.id ?? user?.groupId ?? null, userName: user?.name ?? null };
}
