/** Finds the private key in a PEM file and opens it, or says why it cannot be opened. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type Finding, finding } from '../findings.js';
import type { PemBlock, PemFile } from './pem-block.js';

/** The key, or the finding that explains its absence. */
export interface KeyReading {
  readonly key: KeyObject | undefined;
  readonly findings: readonly Finding[];
}

/** Opens the first private key of a file; what is wrong with the file as text is in the file's own findings. */
export function readKey(source: PemFile, passphrase: string | undefined): KeyReading {
  const block = source.blocks.find(({ kind }) => kind === 'key');
  if (block !== undefined) return openKey(block, passphrase);
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
  } catch {
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
