/** Takes the certificates out of a PKCS#7 bundle (RFC 2315 §9.1), which authorities deliver as .p7b. */
import { DER_OID, type DerValue, readDer, readDerChildren, readOid } from './der.js';

const SIGNED_DATA = '1.2.840.113549.1.7.2';

/** Whether the value is a ContentInfo of PKCS#7, of whichever kind. */
export function isPkcs7(value: DerValue): boolean {
  const [first] = readDerChildren(value.content);
  return first?.tag === DER_OID && readOid(first.content).startsWith('1.2.840.113549.1.7.');
}

/** DER of each certificate; empty when the bundle holds none or is no signed data. */
export function readPkcs7(der: Buffer): Buffer[] {
  const [type, wrapped] = readDerChildren(readDer(der)?.content ?? Buffer.alloc(0));
  if (type === undefined || wrapped === undefined || readOid(type.content) !== SIGNED_DATA) return [];
  const parts = readDerChildren(readDer(wrapped.content)?.content ?? Buffer.alloc(0));
  const certificates = parts.find(({ tag }) => tag === 0xa0);
  return readDerChildren(certificates?.content ?? Buffer.alloc(0))
    .filter(({ tag }) => tag === 0x30)
    .map(({ whole }) => whole);
}
