/** Finds the private key in a PEM file and opens it, or says why it cannot be opened. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { systemCode } from '../../shared/system-error.js';
import { type Finding, finding } from '../findings.js';
import type { PemBlock, PemFile } from './pem-block.js';

/** The key, or the finding that explains its absence. */
export interface KeyReading {
  readonly key: KeyObject | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Opens the private key of a file, of several the one that fits best; what is wrong with the file as text is in the file's own findings.
 * @param fitting whether one of the certificates was made for it, the most wanted certificates first
 */
export function readKey(
  source: PemFile,
  passphrase: string | undefined,
  fitting: readonly ((key: KeyObject) => boolean)[] = [],
): KeyReading {
  const chosen = chooseKey(source.blocks, passphrase, fitting);
  if (chosen !== undefined) return chosen;
  const [first] = source.blocks;
  // A file without any readable block has been explained already.
  if (first === undefined) return { key: undefined, findings: [] };
  const what = first.kind === 'certificate' ? 'a certificate' : `a block named ${first.label}`;
  return {
    key: undefined,
    findings: [
      finding('no_key_found', `${source.file} holds ${what}, but no private key`, { file: source.file }),
    ],
  };
}

/** Of the keys among the blocks the one that fits best, else the first; undefined: there is none. */
export function chooseKey(
  blocks: readonly PemBlock[],
  passphrase: string | undefined,
  fitting: readonly ((key: KeyObject) => boolean)[],
): KeyReading | undefined {
  const readings = blocks.filter(({ kind }) => kind === 'key').map((block) => openKey(block, passphrase));
  for (const isFitting of fitting) {
    const chosen = readings.find(({ key }) => key !== undefined && isFitting(key));
    if (chosen !== undefined) return chosen;
  }
  return readings[0];
}

/** Opens one private key block. */
export function openKey(block: PemBlock, passphrase: string | undefined): KeyReading {
  if (block.encrypted && passphrase === undefined) {
    return failed(
      finding('encrypted_key', 'the private key is encrypted and no passphrase was given', block.position),
    );
  }
  try {
    const key = createPrivateKey({ key: block.pem, ...(passphrase === undefined ? {} : { passphrase }) });
    return { key, findings: [] };
  } catch (cause) {
    if (block.encrypted && systemCode(cause) === 'ERR_OSSL_EVP_UNSUPPORTED') {
      const message =
        'the private key is encrypted by a cipher that OpenSSL 3 has given up (such as DES or RC2)';
      return failed(finding('unsupported_cipher', message, block.position));
    }
    if (block.encrypted) {
      return failed(
        finding('wrong_passphrase', 'the passphrase does not open the private key', block.position),
      );
    }
    if (block.label === 'OPENSSH PRIVATE KEY') {
      const fix = 'convert a copy of it: ssh-keygen -p -m PKCS8 -f COPY';
      return failed(finding('unreadable_key', 'the key is in the form of OpenSSH', block.position, fix));
    }
    return failed(
      finding('unreadable_key', `the ${block.label} block holds no readable key`, block.position),
    );
  }
}

function failed(why: Finding): KeyReading {
  return { key: undefined, findings: [why] };
}
