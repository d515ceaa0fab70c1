/** Reads the authorities and revocation lists that client certificates are held against; what cannot be read closes the listener. */
import { createSecureContext } from 'node:tls';
import { FrontError } from '../../shared/errors.js';
import { readCertificate } from '../formats/certificate.js';
import { DER_GENERALIZED_TIME, DER_UTC_TIME, readDer, readDerChildren, readDerTime } from '../formats/der.js';
import { readPem } from '../formats/pem.js';
import { pemOf } from '../formats/pem-block.js';
import { readSource } from './input-file.js';

const CA_HINT = 'give the file of the authority that signs your client certificates';
const CRL_HINT = 'fetch the newest revocation list from the authority of your client certificates';

/**
 * The authorities' certificates as PEM.
 * @throws FrontError config_invalid: without them a listener that asks for certificates must not open
 */
export async function readClientAuthority(file: string, now = new Date()): Promise<string> {
  const { bytes } = await readSource(file, 'certificate');
  const certificates = readPem(bytes, file).blocks.flatMap((block) =>
    block.kind === 'certificate' ? (readCertificate(block.der, block.position) ?? []) : [],
  );
  if (certificates.length === 0) {
    throw new FrontError('config_invalid', `there is no certificate in the client authority ${file}`, {
      hint: CA_HINT,
    });
  }
  if (certificates.every(({ notAfter }) => notAfter <= now)) {
    throw new FrontError('config_invalid', `the client authority ${file} has expired`, { hint: CA_HINT });
  }
  return certificates.map(({ pem }) => pem).join('');
}

/** A revocation list. */
export interface RevocationList {
  readonly pem: string;
  /** Until when it speaks; after that every client is refused. */
  readonly nextUpdate: Date | undefined;
}

/**
 * The lists of a file, PEM or DER.
 * @throws FrontError config_invalid
 */
export async function readRevocationLists(file: string): Promise<RevocationList[]> {
  const { bytes } = await readSource(file, 'revocation list');
  const text = bytes.toString('latin1');
  const blocks = text.match(/-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g);
  const pems = blocks?.map((block) => `${block}\n`) ?? [pemOf('X509 CRL', bytes.toString('base64'))];
  return pems.map((pem) => {
    try {
      createSecureContext({ crl: pem });
    } catch (cause) {
      throw new FrontError('config_invalid', `there is no readable revocation list in ${file}`, {
        hint: CRL_HINT,
        cause,
      });
    }
    return { pem, nextUpdate: readNextUpdate(pem) };
  });
}

/** RFC 5280 §5.1: version, signature, issuer, thisUpdate, nextUpdate, … */
function readNextUpdate(pem: string): Date | undefined {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s+/g, ''), 'base64');
  const [list] = readDerChildren(readDer(der)?.content ?? Buffer.alloc(0));
  const times = readDerChildren(list?.content ?? Buffer.alloc(0)).filter(
    ({ tag }) => tag === DER_UTC_TIME || tag === DER_GENERALIZED_TIME,
  );
  const next = times[1];
  return next && readDerTime(next);
}
