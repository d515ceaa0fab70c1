/** What the parts of the control socket's description have in common. */

/** Why something was not done. */
export const FAILURE = { $ref: '#/components/schemas/Failure' };

/** An answer of JSON. */
export function answer(description: string, schema: object) {
  return { description, content: { 'application/json': { schema } } };
}

/** An answer of lines of JSON that tell how far a work is. */
export function progress(description: string) {
  const schema = { $ref: '#/components/schemas/Progress' };
  return { description, content: { 'application/x-ndjson': { schema } } };
}

export const REFUSAL = answer('Why not', FAILURE);
/** Of a work that ends. */
export const OUTCOME = progress('Lines of JSON; the last one is `done` or `failed`');
