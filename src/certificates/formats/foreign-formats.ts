/** Knows files that are no certificate by how they begin, so that they can be called by their names, each with its cure. */

/** What a file is, as it reads in `FILE is …`, and the next step. */
export interface ForeignFormat {
  readonly what: string;
  readonly fix: string;
}

interface Row extends ForeignFormat {
  /** The first bytes, as latin1 text. */
  readonly start: string;
}

const UNPACK = 'unpack it, and give the certificate that is inside';
const KEYSTORE =
  'export it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12';

/** By the formats' own signatures. */
const ROWS: readonly Row[] = [
  { start: 'PK\x03\x04', what: 'a ZIP archive, as authorities send it', fix: UNPACK },
  { start: '\x1f\x8b', what: 'compressed by gzip', fix: 'unpack it: gunzip, or tar -xzf for a .tar.gz' },
  { start: 'BZh', what: 'compressed by bzip2', fix: UNPACK },
  { start: '\xfd7zXZ', what: 'compressed by xz', fix: UNPACK },
  { start: '\x28\xb5\x2f\xfd', what: 'compressed by zstd', fix: UNPACK },
  { start: 'Rar!', what: 'a RAR archive', fix: UNPACK },
  { start: "7z\xbc\xaf'\x1c", what: 'a 7z archive', fix: UNPACK },
  { start: '\xfe\xed\xfe\xed', what: 'a Java keystore (JKS)', fix: KEYSTORE },
  { start: '\xce\xce\xce\xce', what: 'a Java keystore (JCEKS)', fix: KEYSTORE },
  { start: '%PDF', what: 'a PDF document', fix: 'give the certificate itself' },
  {
    start: 'PuTTY-User-Key-File-',
    what: 'a key of PuTTY',
    fix: 'make the key of a certificate: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256',
  },
  { start: '$ANSIBLE_VAULT;', what: 'an Ansible vault', fix: 'decrypt it: ansible-vault decrypt FILE' },
  {
    start: 'version https://git-lfs.github.com/',
    what: 'a pointer of Git LFS in place of the file',
    fix: 'fetch the file: git lfs pull',
  },
  { start: 'age-encryption.org/', what: 'encrypted by age', fix: 'decrypt it: age -d FILE' },
  { start: '-----BEGIN AGE ENCRYPTED FILE', what: 'encrypted by age', fix: 'decrypt it: age -d FILE' },
  { start: '-----BEGIN PGP MESSAGE', what: 'encrypted by PGP', fix: 'decrypt it: gpg -d FILE' },
  {
    start: '-----BEGIN PGP ',
    what: 'of PGP, which has certificates of another kind',
    fix: 'give an X.509 certificate',
  },
];

/** undefined: it may be a certificate. */
export function foreignFormat(bytes: Buffer): ForeignFormat | undefined {
  const start = bytes.toString('latin1', 0, 64);
  if (bytes.toString('latin1', TAR_MARK_AT, TAR_MARK_AT + 5) === 'ustar') {
    return { what: 'a tar archive', fix: 'unpack it: tar -xf FILE' };
  }
  return ROWS.find((row) => start.startsWith(row.start));
}

/** Where the header of a tar archive says that it is one (POSIX.1, ustar). */
const TAR_MARK_AT = 257;

/** What text without any border is, by what stands somewhere in it; undefined: nothing that is known. */
export function foreignText(text: string): ForeignFormat | undefined {
  if (text.includes('ENC[AES256_GCM,')) {
    return { what: 'encrypted by SOPS', fix: 'decrypt it: sops -d FILE' };
  }
  // PEM text in base64, beside a name.
  if (/[:=]\s*["']?LS0tLS1CRUdJTi/.test(text)) {
    return {
      what: 'a Kubernetes secret, whose values are base64',
      fix: "take the value out: kubectl get secret NAME -o 'jsonpath={.data.tls\\.crt}' | base64 -d",
    };
  }
  if (/^(?:ssh-|ecdsa-)/.test(text)) {
    return { what: 'an SSH public key', fix: 'give a file that has a -----BEGIN CERTIFICATE----- line' };
  }
  return undefined;
}
