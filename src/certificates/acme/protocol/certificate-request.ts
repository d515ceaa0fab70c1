/** Writes certificate requests (PKCS#10, RFC 2986) for the names of an order. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { extension } from '../../development/x509-extensions.js';
import { alternativeNames, distinguishedName, signatureAlgorithm } from '../../development/x509-parts.js';
import { derBits, derInteger, derOid, derSequence, derSet, derTagged } from '../../formats/der-write.js';
import { ALTERNATIVE_NAMES } from '../../formats/extension-oids.js';

/** RFC 2985 §5.4.2. */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/**
 * DER of a request with the names as alternative names and no subject: authorities that give short lives take none.
 * @param names DNS names, wildcards, addresses
 */
export function certificateRequest(names: readonly string[], key: KeyObject): Buffer {
  const extensions = derSequence(extension(ALTERNATIVE_NAMES, false, alternativeNames(names)));
  const content = derSequence(
    derInteger(0),
    distinguishedName({}),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    derTagged(0, derSequence(derOid(EXTENSION_REQUEST), derSet(extensions))),
  );
  const algorithm = signatureAlgorithm(key, 'SHA-256');
  return derSequence(content, algorithm.identifier, derBits(sign(algorithm.hash, content, key)));
}
