/** Reads the files that rules of access name: address blocks, one a line. */
import { readFile, stat } from 'node:fs/promises';
import type { AccessConfig, AccessMaterial } from '../shared/access.js';
import { parseBlock } from '../shared/address-blocks.js';
import { FrontError } from '../shared/errors.js';
import { systemCode } from '../shared/system-error.js';

/** The networks of a large country are half a MiB. */
const MAX_FILE_BYTES = 8 * 1024 ** 2;

/** Every file that rules of access name. */
export function accessFiles({ addresses }: AccessConfig): readonly string[] {
  return [...new Set(addresses.flatMap(({ files }) => files))];
}

/** @throws FrontError config_invalid with file and line */
export async function readAccessFiles(config: AccessConfig): Promise<AccessMaterial> {
  const addresses: Record<string, readonly string[]> = {};
  for (const { files } of config.addresses) {
    for (const file of files) addresses[file] ??= readBlockLines(file, await readText(file));
  }
  return { addresses };
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
