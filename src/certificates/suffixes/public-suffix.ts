/** Whether a name is one beneath which anybody may register (`com`, `co.uk`): nobody's own, so that it gets no certificate and no wildcard. */
import { REGISTRY_SUFFIXES } from './registry-suffixes.js';

/**
 * By the algorithm of the Public Suffix List, with the rules of registries alone: a company's suffix (`github.io`) is its own.
 * A top-level name that the list does not know is a suffix too.
 * @param name in lower case and ASCII form, without a dot at the end
 */
export function isPublicSuffix(name: string): boolean {
  const labels = name.split('.');
  const top = labels.pop() ?? '';
  const [first] = labels;
  if (first === undefined) return true;
  // Nothing is made of the text beforehand: few ask, and they ask once in a handshake or a certificate.
  const start = REGISTRY_SUFFIXES.indexOf(`\n${top} `);
  if (start === -1) return false;
  const rules = REGISTRY_SUFFIXES.slice(start + 1 + top.length, REGISTRY_SUFFIXES.indexOf('\n', start + 1));
  const rest = labels.join('.');
  if (rules.includes(` !${rest} `)) return false;
  return rules.includes(` ${rest} `) || rules.includes(` ${['*', ...labels.slice(1)].join('.')} `);
}
