/** Runs the front: reads certificates, then hands everything to the master until a signal ends it. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dataFolder } from '../certificates/data-folder.js';
import { ensureDevelopmentLeaf } from '../certificates/development-authority.js';
import { openFileStore } from '../certificates/file-store.js';
import { FINDINGS } from '../certificates/findings.js';
import { loadCertificate } from '../certificates/load.js';
import { readPassphrase } from '../certificates/source.js';
import { trustHint } from '../certificates/trust-hint.js';
import { findGroup, findUser } from '../contract/accounts.js';
import type { CertificateFiles, Config } from '../contract/config.js';
import type { CommandIo } from '../contract/console.js';
import { FrontError } from '../contract/errors.js';
import type { CertificateMaterial, Identity } from '../contract/messages.js';
import { MasterLog } from '../master/log.js';
import { type Materials, runMaster } from '../master/master.js';

type Note = Materials['notes'][number];

/**
 * Serves until a signal ends it.
 * @returns the exit code
 * @throws FrontError when the front cannot start; nothing is left running
 */
export function serve(config: Config, version: string, io: CommandIo): Promise<number> {
  const noColour = (io.environment.NO_COLOR ?? '') !== '';
  return runMaster({
    config,
    version,
    identity: findIdentity(config),
    log: new MasterLog(config.logFile, config.quiet, noColour),
    loadMaterials: () => loadMaterials(config, io),
  });
}

/** Whom to become: the user's own primary group unless another is named (as uWSGI does). */
function findIdentity(config: Config): Identity | null {
  if (config.user === null && config.group === null) return null;
  const user = config.user === null ? null : findUser(config.user);
  const group = config.group === null ? null : findGroup(config.group);
  return { uid: user?.id ?? null, gid: group?.id ?? user?.groupId ?? null, userName: user?.name ?? null };
}

async function loadMaterials(config: Config, io: CommandIo): Promise<Materials> {
  const notes: Note[] = [];
  const given = await Promise.all(config.certificates.map((files) => loadGiven(files, config, notes)));
  const needsOwn = config.listeners.some(({ kind }) => kind === 'https') && needsDevelopment(config);
  const own = needsOwn ? await loadDevelopment(config, io, notes) : null;
  const certificates = config.listeners.map((listener) => {
    if (listener.kind !== 'https') return null;
    return listener.certificate === null ? own : (given[listener.certificate] ?? null);
  });
  const clientAuthorities = config.listeners.map((listener) =>
    listener.kind === 'https' && listener.clientCa !== null
      ? readClientAuthority(listener.clientCa.file)
      : null,
  );
  return { certificates, clientAuthorities, notes };
}

function needsDevelopment(config: Config): boolean {
  return config.listeners.some((listener) => listener.kind === 'https' && listener.certificate === null);
}

async function loadGiven(
  files: CertificateFiles,
  config: Config,
  notes: Note[],
): Promise<CertificateMaterial> {
  const loaded = await loadCertificate({
    certFiles: [files.cert],
    keyFile: files.key,
    caBundleFiles: files.caBundles,
    hosts: config.hosts,
    ...(files.keyPassphraseFile === null
      ? {}
      : { passphrase: await readPassphrase(files.keyPassphraseFile) }),
  });
  for (const { code, severity, message, fix } of loaded.findings) {
    if (severity === 'note' && code !== 'expires_soon') continue;
    const mended = FINDINGS[code].atStart === 'mend' ? ' (mended in memory)' : '';
    notes.push({ kind: 'warning', text: `${files.cert}: ${message}${mended}` });
    if (fix !== undefined && mended === '') notes.push({ kind: 'hint', text: fix });
  }
  return { chainPem: loaded.chainPem, keyPem: loaded.keyPem, names: loaded.names };
}

async function loadDevelopment(config: Config, io: CommandIo, notes: Note[]): Promise<CertificateMaterial> {
  const folder = dataFolder({ platform: process.platform, home: homedir(), environment: io.environment });
  const leaf = await ensureDevelopmentLeaf(openFileStore(folder), config.hosts, new Date());
  for (const text of leaf.notes) notes.push({ kind: 'warning', text });
  notes.push({ kind: 'hint', text: `to trust this certificate: ${trustHint(leaf.authorityFile)}` });
  return { chainPem: leaf.chainPem, keyPem: leaf.keyPem, names: leaf.names };
}

/** @throws FrontError config_invalid: without its authority a listener that asks for certificates must not open. */
function readClientAuthority(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    throw new FrontError('config_invalid', `cannot read the client authority ${file}`, {
      hint: 'give the file of the authority that signs your client certificates, in PEM form',
      cause,
    });
  }
  throw new FrontError('config_invalid', `there is no PEM certificate in the client authority ${file}`, {
    hint: 'give the file of the authority that signs your client certificates, in PEM form',
  });
}
