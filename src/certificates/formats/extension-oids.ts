/** Object identifiers of the extensions that are read or written here (RFC 5280 §4.2). */

export const SUBJECT_KEY_ID = '2.5.29.14';
export const KEY_USAGE = '2.5.29.15';
export const ALTERNATIVE_NAMES = '2.5.29.17';
export const BASIC_CONSTRAINTS = '2.5.29.19';
export const NAME_CONSTRAINTS = '2.5.29.30';
export const REVOCATION_POINTS = '2.5.29.31';
export const AUTHORITY_KEY_ID = '2.5.29.35';
export const EXTENDED_KEY_USAGE = '2.5.29.37';
export const AUTHORITY_ACCESS = '1.3.6.1.5.5.7.1.1';
/** An access method of the one above (RFC 5280 §4.2.2.1). */
export const ISSUER_ACCESS = '1.3.6.1.5.5.7.48.2';
/** RFC 8737 §6.1. */
export const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
