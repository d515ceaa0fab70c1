/** The JSON Schema of a configuration file, made from the table of options: editors complete and check by it. */
import { describeDefault } from '../help/help.js';
import type { OptionKind, OptionRow } from '../option-row.js';
import { isSiteKey } from '../sites/site-keys.js';
import { optionOf, type SettingKey } from '../table.js';
import { COMMAND_KEY, FILE_KEYS, fileName, SITE_KEY } from './read.js';

/** A schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** What the values of each kind may be in TOML. */
const TYPES: Readonly<Record<OptionKind, string | readonly string[]>> = {
  switch: 'boolean',
  text: 'string',
  file: 'string',
  address: ['string', 'integer'],
  choice: 'string',
  count: ['integer', 'string'],
  size: ['integer', 'string'],
  duration: ['number', 'string'],
};

function schemaOf(option: OptionRow): Schema {
  const { kind, choices, repeatable, description } = option;
  const shown = describeDefault(option);
  const one = { type: TYPES[kind], ...(choices === undefined ? {} : { enum: choices }) };
  const value = repeatable === true ? { anyOf: [one, { type: 'array', items: one }] } : one;
  return { description: shown === '' ? description : `${description} (default: ${shown})`, ...value };
}

/** What a table may hold. */
function schemaOfTable(keys: readonly SettingKey[]): Record<string, Schema> {
  const words = { type: 'array', items: { type: 'string' }, minItems: 1 };
  const properties: Record<string, Schema> = {
    [COMMAND_KEY]: {
      description: 'Program and arguments that start the app, as behind -- on the command line',
      anyOf: [words, { type: 'string' }],
    },
  };
  for (const key of keys) properties[fileName(key)] = schemaOf(optionOf(key));
  return properties;
}

/** The whole schema (draft-07, which editors read everywhere). */
export function configSchema(): Schema {
  const site = {
    type: 'object',
    additionalProperties: false,
    required: [fileName('host')],
    properties: schemaOfTable(FILE_KEYS.filter(isSiteKey)),
  };
  const sites = {
    description: 'Sites by name: hosts with apps, certificates and rules of their own',
    type: 'object',
    additionalProperties: site,
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'tlsfront.toml',
    type: 'object',
    additionalProperties: false,
    properties: { ...schemaOfTable(FILE_KEYS), [SITE_KEY]: sites },
  };
}
