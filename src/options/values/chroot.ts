/** `--chroot`: the folder that routers and app get as their root, and what cannot stand beside it. */
import { resolve } from 'node:path';
import type { AppConfig } from '../../shared/config/apps.js';
import type { Platform } from '../../system/platform.js';
import { invalid, misused, readText } from '../read-setting.js';
import type { Settings } from '../settings.js';
import type { SettingKey } from '../table.js';

/** What routers open while they run, outside of the folder. */
const OPENED_LATER: readonly SettingKey[] = ['sendfile', 'upstreamCa', 'logMaxsize', 'logRotate'];

/** The whole path; null: the machine's root. @throws FrontError config_invalid, config_usage */
export function readChroot(settings: Settings, platform: Platform): string | null {
  const text = readText(settings, 'chroot');
  if (text === null) return null;
  const { label } = settings.get('chroot');
  const reason = platform.whyUnreadable(text);
  // A folder is the one thing that is wrong for a file and right here.
  if (reason !== 'is a folder')
    throw invalid(
      label,
      text,
      reason ?? 'is a file, not a folder',
      'make the folder, with what the app needs in it',
    );
  if (platform.userId !== 0) {
    throw misused(`${label}: only root may do that`, `start with sudo, or leave ${label} out`);
  }
  return resolve(text);
}

/** @throws FrontError config_usage for what would not be found from within the folder */
export function refuseForChroot(settings: Settings, apps: readonly AppConfig[]): void {
  const { label } = settings.get('chroot');
  const given = OPENED_LATER.find((key) => settings.has(key));
  const files = apps.find((app) => app.files !== null && !app.files.standsIn);
  if (given !== undefined || files !== undefined) {
    const what =
      given === undefined ? `the files of ${files?.upstreams[0]?.path ?? ''}` : settings.get(given).label;
    throw misused(
      `${what} cannot stand beside ${label}: routers see that folder alone`,
      given === undefined
        ? 'let uWSGI serve them within the folder: --static-map'
        : `leave ${label} or ${what} out`,
    );
  }
  const wsgi = apps.find(
    (app) => app.worker?.wsgi?.server === 'asgi' || app.worker?.wsgi?.server === 'wsgiref',
  );
  if (wsgi !== undefined) {
    throw misused(
      `${label} is for routers, uWSGI and commands: ${wsgi.worker?.wsgi?.server} cannot be put into it`,
      'start the server by a command that is found within the folder: -- /usr/bin/uvicorn …',
    );
  }
}
