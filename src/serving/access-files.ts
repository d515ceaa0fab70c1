/** Reads the files that rules of access name: address blocks, one a line. */
import { readFile, stat } from 'node:fs/promises';
import { parseBlock } from '../shared/addresses/address-blocks.js';
import type { AccessConfig, AccessMaterial, UserHash } from '../shared/config/access.js';
import { FrontError } from '../shared/errors.js';
import { nameForeignHash, parsePasswordHash } from '../shared/password-hash.js';
import { systemCode } from '../shared/system-error.js';

/** The networks of a large country are half a MiB. */
const MAX_FILE_BYTES = 8 * 1024 ** 2;

/** Every file that rules of access name. */
export function accessFiles({ addresses, passwords }: AccessConfig): readonly string[] {
  return [...new Set([...addresses.flatMap(({ files }) => files), ...passwords.map(({ file }) => file)])];
}

/** @throws FrontError config_invalid with file and line */
export async function readAccessFiles(config: AccessConfig): Promise<AccessMaterial> {
  const addresses: Record<string, readonly string[]> = {};
  for (const { files } of config.addresses) {
    for (const file of files) addresses[file] ??= readBlockLines(file, await readText(file));
  }
  const passwords: Record<string, readonly UserHash[]> = {};
  for (const { file } of config.passwords) passwords[file] ??= readUsers(file, await readText(file));
  return { addresses, passwords };
}

/** The lines of a file that say something, with their numbers. `#` begins a comment. */
export function significantLines(text: string): readonly { readonly text: string; readonly line: number }[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((whole, index) => ({ text: whole.replace(/(?:^|\s)#.*$/, '').trim(), line: index + 1 }))
    .filter((one) => one.text !== '');
}

function readBlockLines(file: string, text: string): readonly string[] {
  return significantLines(text).map((one) => {
    const block = parseBlock(one.text);
    if (block === null) {
      throw new FrontError('config_invalid', `${file}:${one.line}: ${quoted(one.text)} is no address block`, {
        hint: 'write one a line: 10.0.0.0/8, 192.168.1.5 or fd00::/8; # begins a comment',
      });
    }
    return block;
  });
}

const PASSWORD_HINT = 'make the line anew: tlsfront password USER, or htpasswd -nB USER';

/** Lines `user:hash`, more behind a second colon is left out. Nothing of a hash is said in a message. */
function readUsers(file: string, text: string): readonly UserHash[] {
  const users = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const refuse = (reason: string): FrontError =>
      new FrontError('config_invalid', `${file}:${index + 1}: ${reason}`, { hint: PASSWORD_HINT });
    const colon = line.indexOf(':');
    if (colon < 1) throw refuse('this is no line of a user, which reads user:hash');
    const user = line.slice(0, colon);
    const [hash = ''] = line
      .slice(colon + 1)
      .trim()
      .split(':', 1);
    if (/\p{Cc}/u.test(user) || user.length > MAX_USER)
      throw refuse('the user name has control characters, or is too long');
    if (users.has(user)) throw refuse(`the user ${quoted(user)} stands there twice`);
    if (parsePasswordHash(hash) === null)
      throw refuse(
        `the password of ${quoted(user)} is kept as ${nameForeignHash(hash) ?? 'plain text'}, which is not taken`,
      );
    users.set(user, hash);
  }
  if (users.size === 0)
    throw new FrontError('config_invalid', `${file} has no user`, { hint: PASSWORD_HINT });
  return [...users];
}

const MAX_USER = 255;

/** What a stranger may have written into a file, for a line of the log. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** @throws FrontError config_invalid where it cannot be read, or is no such file */
export async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new FrontError('config_invalid', `${file} is larger than 8 MiB`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof FrontError) throw cause;
    const reason = systemCode(cause) ?? String(cause);
    throw new FrontError('config_invalid', `${file} cannot be read: ${reason}`, {
      hint: 'check the path and who may read it',
      cause,
    });
  }
}
