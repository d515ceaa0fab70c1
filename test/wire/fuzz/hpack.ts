/**
 * Fuzz target: header compression. An input is a mode byte (table size) and blocks, each after a byte of orders
 * (a size setting before it) and two octets of length.
 */
import { HpackDecoder } from '../../../proxy/wire/hpack/decoder.js';
import { HpackEncoder } from '../../../proxy/wire/hpack/encoder.js';
import { HpackError } from '../../../proxy/wire/hpack/hpack-error.js';
import type { SeededRandom } from '../../support/random.js';
import { decodeBlock, encodeBlock, encodeListBlock } from '../hpack/blocks.js';
import { randomBlock } from './hpack-grammar.js';
import { ReferenceError7541, type ReferenceField, ReferenceHpack } from './hpack-reference.js';
import { mutateBytes } from './mutate.js';
import { type FuzzTarget, hashOf, holds, type Outcome, same } from './target.js';

const TABLE_BYTES: readonly [number, ...number[]] = [4096, 4096, 4096, 0, 64, 128, 1000, 16384];
const NO_LIMIT = Number.MAX_SAFE_INTEGER;
/** The most octets after an integer's prefix that a decoder must take. */
const TAIL_OCTETS = 4;
const NEVER_INDEXED = new Set(['authorization', 'proxy-authorization', 'set-cookie']);

interface Step {
  /** Another table size comes into force before the block; -1 for none. */
  readonly maxBytes: number;
  readonly block: Buffer;
}

function stepsOf(input: Buffer): Step[] {
  const steps: Step[] = [];
  for (let at = 1; at + 3 <= input.length; ) {
    const order = input[at] ?? 0;
    const length = input.readUInt16BE(at + 1);
    const maxBytes = order < 0xe0 ? -1 : (TABLE_BYTES[order & 7] ?? 0);
    steps.push({ maxBytes, block: input.subarray(at + 3, at + 3 + length) });
    at += 3 + length;
  }
  return steps;
}

function decoded(
  decoder: HpackDecoder,
  block: Buffer,
  limitBytes: number,
  maxFields: number,
): string[] | undefined {
  const fields: string[] = [];
  try {
    const isWhole = decoder.decode(block, 0, block.length, fields, limitBytes, maxFields);
    if (limitBytes === NO_LIMIT) holds(isWhole, 'over no limit');
    return isWhole ? fields : [...fields, 'over'];
  } catch (error) {
    if (!(error instanceof HpackError)) throw error;
    same(error.code, 'compression', 'code');
    return undefined;
  }
}

/** The reference's fields; undefined when it refuses the block. */
function referenced(reference: ReferenceHpack, block: Buffer): ReferenceField[] | undefined {
  try {
    return reference.decode(block);
  } catch (error) {
    if (error instanceof ReferenceError7541) return undefined;
    throw error;
  }
}

/** RFC 9113 §10.5.1: the fields that fit, and a mark when some did not. */
function within(fields: readonly string[], limitBytes: number, maxFields: number): string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (let at = 0; at < fields.length; at += 2) {
    const [name = '', value = ''] = fields.slice(at, at + 2);
    bytes += name.length + value.length + 32;
    if (bytes > limitBytes || kept.length === maxFields * 2) return [...kept, 'over'];
    kept.push(name, value);
  }
  return kept;
}

/** Our encoder's block read by the reference: the same list, secrets never indexed. */
function rewrites(
  encoder: HpackEncoder,
  decoder: HpackDecoder,
  reference: ReferenceHpack,
  fields: string[],
): void {
  const block = encodeBlock(encoder, fields);
  same(decodeBlock(decoder, block), fields, 'fields after encoding');
  const read = reference.decode(block);
  same(
    read.flatMap(({ name, value }) => [name, value]),
    fields,
    'fields that the reference reads',
  );
  for (const { name, value, representation } of read) {
    const isSecret = NEVER_INDEXED.has(name) || (name === 'cookie' && value.length < 20);
    if (isSecret && value !== '') same(representation, 'never', name);
  }
}

/** Lists that come again as the same objects, in another order: an encoder that never keeps one writes the same octets. */
function repeatsLists(
  keeping: HpackEncoder,
  plain: HpackEncoder,
  lists: readonly (readonly string[])[],
): void {
  for (const list of [...lists.slice(-2), ...lists.slice(-2).reverse()]) {
    for (let times = 0; times < 3; times += 1) {
      same(
        encodeListBlock(keeping, list).toString('hex'),
        encodeBlock(plain, list).toString('hex'),
        'list again',
      );
    }
  }
}

function checkBlocks(input: Buffer): Outcome {
  const steps = stepsOf(input);
  const maxBytes = TABLE_BYTES[(input[0] ?? 0) & 7] ?? 0;
  const hash = hashOf(input);
  const limitBytes = hash % 400;
  const maxFields = (hash >>> 16) % 8;
  const decoder = new HpackDecoder(maxBytes);
  const limited = new HpackDecoder(maxBytes);
  const reference = new ReferenceHpack(maxBytes);
  const encoder = new HpackEncoder(maxBytes);
  // The peer allows as much as we use, so that the encoder may use all of it.
  const keeping = new HpackEncoder(maxBytes);
  const plain = new HpackEncoder(maxBytes);
  for (const each of [encoder, keeping, plain]) each.setMaxTableBytes(maxBytes);
  const lists: string[][] = [];
  const mirror = new HpackDecoder(maxBytes);
  const mirrorReference = new ReferenceHpack(maxBytes);
  let bound = maxBytes;
  for (const [index, step] of steps.entries()) {
    if (step.maxBytes >= 0) {
      for (const each of [decoder, limited, mirror]) each.setMaxTableBytes(step.maxBytes);
      for (const each of [reference, mirrorReference]) each.setMaxBytes(step.maxBytes);
      for (const each of [encoder, keeping, plain]) each.setMaxTableBytes(step.maxBytes);
      bound = Math.max(bound, step.maxBytes);
    }
    const fields = decoded(decoder, step.block, NO_LIMIT, NO_LIMIT);
    const expected = referenced(reference, step.block)?.flatMap(({ name, value }) => [name, value]);
    if (fields === undefined && expected !== undefined) {
      holds(reference.longestTail > TAIL_OCTETS, `refused ${JSON.stringify(expected)}`);
    } else {
      same(fields, expected, 'fields');
    }
    const kept = decoded(limited, step.block, limitBytes, maxFields);
    same(
      kept,
      fields === undefined ? undefined : within(fields, limitBytes, maxFields),
      'fields within limits',
    );
    holds(decoder.tableBytes <= bound && limited.tableBytes === decoder.tableBytes, 'table size');
    if (fields === undefined) return index > 0 ? 'partial' : 'refused';
    rewrites(encoder, mirror, mirrorReference, fields);
    holds(encoder.tableBytes <= bound, 'encoder table size');
    lists.push(fields);
    repeatsLists(keeping, plain, lists);
  }
  return steps.length > 0 ? 'accepted' : 'refused';
}

function generateBlocks(random: SeededRandom): Buffer {
  const parts: Buffer[] = [Buffer.from([random.below(8)])];
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const block = random.oneIn(6) ? mutateBytes(random, randomBlock(random)) : randomBlock(random);
    parts.push(Buffer.from([random.below(256), block.length >> 8, block.length & 0xff]), block);
  }
  const input = Buffer.concat(parts);
  return random.oneIn(20) ? mutateBytes(random, input) : input;
}

export const HPACK: FuzzTarget = { name: 'hpack', generate: generateBlocks, check: checkBlocks };
