/** Reads options that take address blocks. */
import { parseBlock } from '../../shared/addresses/address-blocks.js';
import { invalid, readList } from '../read-setting.js';
import type { Settings } from '../settings.js';
import type { SettingKey } from '../table.js';

/** What an address block looks like, for people. */
export const BLOCK_HINT = 'write 10.0.0.0/8, 192.168.1.5 or fd00::/8';

/** @throws FrontError config_invalid for the first value that is no block */
export function readBlocks(settings: Settings, key: SettingKey): readonly string[] {
  const { label } = settings.get(key);
  return readList(settings, key).map((text) => {
    const block = parseBlock(text);
    if (block === null) throw invalid(label, text, 'not an address block', BLOCK_HINT);
    return block;
  });
}
