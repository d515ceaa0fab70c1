/** Reads address blocks in CIDR notation. */
import { BlockList, isIP } from 'node:net';
import { invalid, readList } from './read-setting.js';
import type { Settings } from './settings.js';
import type { SettingKey } from './table.js';

/** One block in full form: a single address becomes /32 or /128; null for what is none. */
export function parseBlock(text: string): string | null {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || more.length > 0) return null;
  try {
    new BlockList().addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
  return `${address}/${length}`;
}

/** @throws FrontError config_invalid for the first value that is no block */
export function readBlocks(settings: Settings, key: SettingKey): readonly string[] {
  const { label } = settings.get(key);
  return readList(settings, key).map((text) => {
    const block = parseBlock(text);
    if (block === null)
      throw invalid(label, text, 'not an address block', 'write 10.0.0.0/8, 192.168.1.5 or fd00::/8');
    return block;
  });
}
