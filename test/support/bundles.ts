/** Makes the bundles that authorities and operating systems deliver, for the tests of their readers. */
import { X509Certificate } from 'node:crypto';
import { DER_NULL, der, derInteger, derOid, derSequence } from '../../src/certificates/formats/der-write.js';
import { writePkcs12 } from '../../src/certificates/formats/pkcs12-write.js';

/** DER of every certificate of a PEM text. */
export function certificatesOf(pem: string): Buffer[] {
  const blocks = pem.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).raw);
}

/** A .p7b: signed data without content and signers. */
export function pkcs7Of(pem: string): Buffer {
  const data = derSequence(derOid('1.2.840.113549.1.7.1'));
  const signed = derSequence(derInteger(1), der(0x31), data, der(0xa0, ...certificatesOf(pem)), der(0x31));
  return derSequence(derOid('1.2.840.113549.1.7.2'), der(0xa0, signed));
}

/** The same in BER with indefinite lengths, as some Java programs write it. */
export function indefinitePkcs7Of(pem: string): Buffer {
  const open = (tag: number, ...parts: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from([tag, 0x80]), ...parts, Buffer.from([0, 0])]);
  const data = open(0x30, derOid('1.2.840.113549.1.7.1'));
  const signed = open(0x30, derInteger(1), der(0x31), data, open(0xa0, ...certificatesOf(pem)), der(0x31));
  return open(0x30, derOid('1.2.840.113549.1.7.2'), open(0xa0, signed));
}

/** A PKCS#7 bundle that holds no certificate. */
export function emptyPkcs7(): Buffer {
  return derSequence(derOid('1.2.840.113549.1.7.2'), der(0xa0, derSequence(derInteger(1), DER_NULL)));
}

/** A .p12 with certificates and key. */
export function pkcs12Of(pem: string, keyPem: string, passphrase: string): Buffer {
  return writePkcs12({ certificates: certificatesOf(pem), keyPem, name: 'test' }, passphrase);
}
