/** The one table of everything the chain doctor can find: how bad it is, and what to do about it. */

/** error: clients reject it as it stands; warning: some clients or browsers do; note: none does. */
export type Severity = 'error' | 'warning' | 'note';

/** Where something was found; `line` counts from 1 and is absent where the file as a whole is meant. */
export interface Position {
  readonly file: string;
  readonly line?: number;
}

interface FindingRow {
  readonly severity: Severity;
  /** What the front does at start: refuse to serve, mend it in memory, or serve as it is. */
  readonly atStart: 'refuse' | 'mend' | 'serve';
  /** The next step, when the place that found it knows none that fits better. */
  readonly fix: string;
}

function row(severity: Severity, atStart: FindingRow['atStart'], fix: string): FindingRow {
  return { severity, atStart, fix };
}

const MERGE = 'write a clean file with: tlsfront chain merge FILE… -o integrated.crt';
const CONVERT = 'convert it: tlsfront chain fix FILE -o integrated.crt';
const ISSUE_AUTHORITY = 'issue the certificate of that authority anew, or get another chain from its issuer';
const ASK_ISSUER = 'order a new certificate from its issuer';

/** Code → severity, what the front does at start, fix. Each code has a section in docs/chain.md. */
export const FINDINGS = {
  // The file as text.
  empty_file: row(
    'error',
    'refuse',
    'write the certificate into the file again; the download or copy failed',
  ),
  not_pem: row('error', 'refuse', 'give a file that has a -----BEGIN CERTIFICATE----- line'),
  no_certificate: row('error', 'refuse', 'give a file that has a -----BEGIN CERTIFICATE----- line'),
  encoded_twice: row('error', 'mend', 'decode it: base64 -d FILE'),
  uncommon_label: row(
    'note',
    'mend',
    'nothing needs to be done here; openssl x509 -in FILE writes it as others read it',
  ),
  der_encoded: row('error', 'mend', CONVERT),
  pkcs7_bundle: row('error', 'mend', CONVERT),
  pkcs12_bundle: row('error', 'mend', CONVERT),
  unreadable_bundle: row(
    'error',
    'refuse',
    'convert it: openssl pkcs12 -legacy -in FILE -nodes -out FILE.pem (or openssl pkcs7 -print_certs)',
  ),
  html_saved: row('error', 'refuse', 'download the certificate itself, not the page that offers it'),
  request_given: row('error', 'refuse', 'give the certificate that the authority sent back for this request'),
  key_given: row('error', 'refuse', 'give the certificate file here and the key file with --key'),
  public_key_given: row(
    'error',
    'refuse',
    'give the certificate; a bare public key has no names and no issuer',
  ),
  unreadable_certificate: row(
    'error',
    'refuse',
    'copy the certificate again; a part of it was changed or lost',
  ),
  damaged_base64: row('error', 'refuse', 'copy the certificate again; a part of it was changed or lost'),
  missing_end: row('error', 'refuse', 'copy the file again, to its last line; it was cut off'),
  missing_begin: row('error', 'refuse', 'copy the file again, from its first line; the beginning is missing'),
  utf16_encoded: row('error', 'mend', 'save the file as plain text (UTF-8 or ASCII)'),
  carriage_returns_only: row('error', 'mend', 'save the file with Unix line ends (LF)'),
  escaped_line_ends: row('error', 'mend', 'write real line ends in place of the two characters \\n'),
  glued_borders: row('error', 'mend', 'begin a new line between the two borders'),
  damaged_border: row(
    'error',
    'mend',
    'write the border alone on its line, with five plain hyphens on each side',
  ),
  missing_borders: row(
    'error',
    'mend',
    'put -----BEGIN CERTIFICATE----- before and -----END CERTIFICATE----- after it',
  ),
  blank_line_inside: row('error', 'mend', 'remove the empty line between the borders'),
  foreign_whitespace: row('error', 'mend', 'remove it, or copy the certificate again'),
  inner_byte_order_mark: row(
    'warning',
    'mend',
    'save the parts without a byte order mark before joining them',
  ),
  byte_order_mark: row('note', 'mend', 'save the file without a byte order mark'),
  windows_line_ends: row('note', 'mend', 'nothing needs to be done; dos2unix would remove them'),
  whitespace_inside: row('note', 'mend', 'nothing needs to be done'),
  other_text: row('note', 'mend', 'nothing needs to be done'),
  other_block: row('note', 'mend', 'nothing needs to be done'),
  key_in_certificate_file: row(
    'note',
    'serve',
    'keep the key in a file of its own that only the server can read',
  ),

  // The private key.
  key_mismatch: row('error', 'refuse', 'give the key that the certificate was requested with'),
  encrypted_key: row('error', 'refuse', 'give its passphrase with --key-passphrase-file'),
  wrong_passphrase: row('error', 'refuse', 'give the right passphrase with --key-passphrase-file'),
  unsupported_cipher: row(
    'error',
    'refuse',
    'encrypt it anew: openssl pkcs8 -topk8 -provider legacy -provider default -in FILE -out NEW.key',
  ),
  unreadable_key: row('error', 'refuse', 'give the key in PEM form: PKCS#8, PKCS#1 or SEC 1'),
  no_key_found: row('error', 'refuse', 'give the file with a -----BEGIN PRIVATE KEY----- line'),
  key_readable_by_others: row('note', 'serve', 'chmod 600 FILE'),

  // The chain.
  no_leaf: row('error', 'refuse', "give the server's own certificate as well; it names the host"),
  leaf_not_first: row('error', 'mend', MERGE),
  wrong_order: row('warning', 'mend', MERGE),
  duplicate_certificate: row('warning', 'mend', MERGE),
  unrelated_certificate: row('warning', 'mend', MERGE),
  longer_than_needed: row('note', 'mend', 'nothing needs to be done; leave it out to shorten each handshake'),
  superfluous_root: row(
    'note',
    'mend',
    'leave the root out; clients have their own copy and ignore this one',
  ),
  missing_intermediate: row(
    'warning',
    'serve',
    'add the issuer’s certificate (the CA bundle) after the leaf',
  ),
  intermediate_in_bundle: row('warning', 'mend', MERGE),
  signature_invalid: row('warning', 'serve', "get the issuer's present certificate from its web site"),
  issuer_not_authority: row('error', 'serve', ASK_ISSUER),
  issuer_key_usage: row('error', 'serve', ISSUE_AUTHORITY),
  issuer_purpose: row('error', 'serve', ISSUE_AUTHORITY),
  path_too_long: row('error', 'serve', ISSUE_AUTHORITY),
  long_chain: row('warning', 'serve', 'order from an authority with a shorter chain'),
  too_long_chain: row('error', 'serve', 'order from an authority with a shorter chain'),
  constraint_form: row('warning', 'serve', ISSUE_AUTHORITY),
  root_not_marked: row('warning', 'serve', 'make a new root with basicConstraints CA:TRUE'),
  name_not_permitted: row('error', 'serve', 'order it from an authority that may vouch for that name'),
  self_signed: row(
    'warning',
    'serve',
    'add it to the trust store of every client, or use one from an authority',
  ),
  private_authority: row('warning', 'serve', "add the authority's root to the trust store of every client"),
  local_authority: row(
    'warning',
    'serve',
    "fine for machines like this one; others need the authority's root in their trust store",
  ),
  given_authority: row('note', 'serve', 'nothing needs to be done where that root is trusted'),

  // Dates, names, strength.
  expired: row('error', 'refuse', ASK_ISSUER),
  not_yet_valid: row('error', 'serve', "check this machine's clock, or wait until then"),
  expires_soon: row('note', 'serve', 'renew it in time'),
  intermediate_expired: row('error', 'serve', "get the issuer's present certificate from its web site"),
  name_mismatch: row('error', 'serve', 'order a certificate that names this host'),
  no_alternative_names: row('warning', 'serve', ASK_ISSUER),
  authority_as_leaf: row(
    'warning',
    'serve',
    'issue a separate certificate for the server (basicConstraints CA:FALSE)',
  ),
  missing_server_purpose: row(
    'error',
    'serve',
    'order a certificate for TLS servers (extendedKeyUsage serverAuth)',
  ),
  leaf_key_usage: row('warning', 'serve', 'issue it with keyUsage digitalSignature'),
  unfit_key_usage: row('error', 'serve', 'issue it with keyUsage digitalSignature'),
  address_as_dns_name: row('warning', 'serve', 'issue it with the address as an iPAddress (IP:192.168.1.5)'),
  wildcard_too_wide: row(
    'warning',
    'serve',
    'name the hosts, or take a wildcard below a name of your own (*.app.test)',
  ),
  unknown_critical_extension: row(
    'error',
    'serve',
    'issue it without that extension, or with it not critical',
  ),
  repeated_extension: row('error', 'serve', ASK_ISSUER),
  explicit_curve: row(
    'error',
    'serve',
    'make a new key on the named curve (openssl ecparam -genkey -name prime256v1)',
  ),
  any_purpose: row('warning', 'serve', 'issue it with extendedKeyUsage serverAuth'),
  no_purpose: row('warning', 'serve', 'issue it with extendedKeyUsage serverAuth'),
  weak_key: row('error', 'serve', 'make a new key: ECDSA P-256, or RSA with 2048 bits'),
  uncommon_key: row('warning', 'serve', 'make a new key: ECDSA P-256, or RSA with 2048 bits'),
  weak_signature: row('error', 'serve', ASK_ISSUER),
  too_long_validity: row('warning', 'serve', 'issue it for 397 days or less'),
} as const satisfies Record<string, FindingRow>;

/** Every code a finding can carry. */
export type FindingCode = keyof typeof FINDINGS;

/** One thing that was found. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** One sentence in plain words. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
  readonly position: Position | undefined;
}

/** A finding with the table's severity and, unless another is given, the table's fix. */
export function finding(code: FindingCode, message: string, position?: Position, fix?: string): Finding {
  const { severity, fix: usual } = FINDINGS[code];
  const named = position === undefined ? usual : usual.replaceAll(/FILE(?!…)/g, shellWord(position.file));
  return { code, severity, message, fix: fix ?? named, position };
}

/** A file name as it must be typed into a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `file:line`, `file`, or nothing. */
export function positionText(position: Position | undefined): string {
  if (position === undefined) return '';
  return position.line === undefined ? position.file : `${position.file}:${position.line}`;
}
