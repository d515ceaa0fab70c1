/** The placeholders of header rules: what may stand in braces in a value, and is filled in for each request. */

/** `{env.NAME}` beside these is filled in once, when the configuration is read. */
export const PLACEHOLDERS = ['host', 'path', 'client.ip', 'tls.version', 'request.id'] as const;

export type Placeholder = (typeof PLACEHOLDERS)[number];

/** True for the name of a placeholder. */
export function isPlaceholder(name: string): name is Placeholder {
  return PLACEHOLDERS.some((known) => known === name);
}
