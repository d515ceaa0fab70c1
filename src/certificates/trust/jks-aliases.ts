/** Reads which names a Java keystore of the form JKS keeps a certificate under; they stand in it unencrypted. */

const MAGIC = 0xfeedfeed;
const KEY_ENTRY = 1;
const CERTIFICATE_ENTRY = 2;

/**
 * @param keystore the bytes of the file, if there is one
 * @param certificate as DER
 * @returns undefined where it is of another form, or not whole
 */
export function readJksAliases(
  keystore: Buffer | undefined,
  certificate: Uint8Array,
): readonly string[] | undefined {
  if (keystore === undefined || keystore.length < 12 || keystore.readUInt32BE(0) !== MAGIC) return undefined;
  try {
    return aliasesOf(keystore, certificate);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RangeError where it ends too early */
function aliasesOf(keystore: Buffer, certificate: Uint8Array): readonly string[] | undefined {
  const version = keystore.readUInt32BE(4);
  let at = 12;
  const take = (length: number): Buffer => {
    if (at + length > keystore.length) throw new RangeError('the keystore ends too early');
    at += length;
    return keystore.subarray(at - length, at);
  };
  const takeText = (): string => take(take(2).readUInt16BE()).toString();
  const takeBlock = (): Buffer => take(take(4).readUInt32BE());
  const takeCertificate = (): Buffer => {
    // Since version 2 the kind of certificate stands before it.
    if (version > 1) takeText();
    return takeBlock();
  };
  const aliases: string[] = [];
  for (let left = keystore.readUInt32BE(8); left > 0; left -= 1) {
    const kind = take(4).readUInt32BE();
    const alias = takeText();
    // When it was put in.
    take(8);
    if (kind === CERTIFICATE_ENTRY) {
      if (takeCertificate().equals(certificate)) aliases.push(alias);
    } else if (kind === KEY_ENTRY) {
      takeBlock();
      for (let chain = take(4).readUInt32BE(); chain > 0; chain -= 1) takeCertificate();
    } else return undefined;
  }
  return aliases;
}
