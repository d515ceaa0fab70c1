/** The authority's certificate in the forms that devices install: DER, and Apple's configuration profile. Never a key. */
import { X509Certificate } from 'node:crypto';

export interface Download {
  readonly type: string;
  readonly body: Buffer;
}

/** SHA-256 of the certificate, in hexadecimal with colons. */
export function fingerprintOf(authorityPem: string): string {
  return new X509Certificate(authorityPem).fingerprint256;
}

/** By their paths. @param authorityPem certificate of the development authority */
export function downloadsOf(authorityPem: string): ReadonlyMap<string, Download> {
  const { raw, fingerprint256 } = new X509Certificate(authorityPem);
  const digest = fingerprint256.replaceAll(':', '');
  return new Map([
    ['/tlsfront.crt', { type: 'application/x-x509-ca-cert', body: raw }],
    [
      '/tlsfront.mobileconfig',
      { type: 'application/x-apple-aspen-config', body: Buffer.from(profile(raw, digest)) },
    ],
  ]);
}

/** The same identifiers for the same certificate: installing it again replaces it. */
function profile(der: Buffer, digest: string): string {
  const identifier = `tlsfront.development.${digest.slice(0, 16).toLowerCase()}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>${identifier}.root</string>
      <key>PayloadUUID</key><string>${uuidOf(digest.slice(32))}</string>
      <key>PayloadDisplayName</key><string>tlsfront development authority</string>
      <key>PayloadCertificateFileName</key><string>tlsfront.crt</string>
      <key>PayloadContent</key>
      <data>${der.toString('base64')}</data>
    </dict>
  </array>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>${identifier}</string>
  <key>PayloadUUID</key><string>${uuidOf(digest)}</string>
  <key>PayloadDisplayName</key><string>tlsfront development authority</string>
  <key>PayloadDescription</key><string>Lets this device open the HTTPS pages of one developer's machine. SHA-256 ${digest}</string>
</dict>
</plist>
`;
}

function uuidOf(hexadecimal: string): string {
  const [, ...parts] = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(hexadecimal) ?? [];
  return parts.join('-');
}
