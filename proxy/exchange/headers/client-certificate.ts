/** What the app is told of a verified client certificate: Client-Cert and Client-Cert-Chain (RFC 9440). */

/**
 * Flat list of the fields, empty without a certificate.
 * @param chain DER, the client's own certificate first, then those above it without the root
 */
export function clientCertificateFields(chain: readonly Buffer[]): readonly string[] {
  const [own, ...above] = chain.map((der) => `:${der.toString('base64')}:`);
  if (own === undefined) return [];
  return above.length === 0
    ? ['client-cert', own]
    : ['client-cert', own, 'client-cert-chain', above.join(', ')];
}
