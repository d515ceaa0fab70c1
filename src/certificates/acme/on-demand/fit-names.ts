/** Which names may get a certificate at their first handshake at all: decided before anybody is asked. */
import { ipFamily } from '../../../shared/addresses/ip-family.js';
import { isWithin, UNISSUED_DOMAINS } from '../../../shared/addresses/private-names.js';
import { isPublicSuffix } from '../../suffixes/public-suffix.js';

const MAX_NAME_LENGTH = 253;
/** More are refused by public authorities, and are nobody's shop. */
const MAX_LABELS = 10;
/** RFC 1123 §2.1: letters, digits, and hyphens that are neither first nor last. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Why the name, in lower case, gets none whatever the question would say; null: it is asked for. */
export function whyUnfit(name: string): string | null {
  if (ipFamily(name) !== 0) return 'an address is no name';
  if (name.startsWith('*.')) return 'a wildcard is no name that a client asks for';
  const labels = name.split('.');
  if (name.length > MAX_NAME_LENGTH || !labels.every((label) => LABEL.test(label)))
    return 'it is no host name';
  if (labels.length === 1) return 'a name without a dot is in no public DNS';
  if (labels.length > MAX_LABELS) return `it has more than ${MAX_LABELS} labels`;
  if (/^\d+$/.test(labels.at(-1) ?? '')) return 'its last label is a number, as an address has it';
  // Reserved by RFC 5891 §4.2.3.1 for encodings that are not invented yet.
  if (labels.some((label) => label.startsWith('--', 2) && !label.startsWith('xn')))
    return 'it is no host name';
  const local = UNISSUED_DOMAINS.find((domain) => isWithin(name, domain));
  if (local !== undefined) return `names beneath .${local} are in no public DNS`;
  if (isPublicSuffix(name)) return 'it is a public suffix, beneath which anybody registers';
  return null;
}
