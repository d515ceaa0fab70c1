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
  { start: "7z\xbc\xaf'\x1c", what: 'a 7z archive', fix: UNPACK },
  { start: '\xfe\xed\xfe\xed', what: 'a Java keystore (JKS)', fix: KEYSTORE },
  { start: '\xce\xce\xce\xce', what: 'a Java keystore (JCEKS)', fix: KEYSTORE },
  { start: '%PDF', what: 'a PDF document', fix: 'give the certificate itself' },
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
  return ROWS.find((row) => start.startsWith(row.start));
}
