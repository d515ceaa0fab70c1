/** The variables about a verified client certificate, under the names and in the forms of uWSGI's https router. */
import { X509Certificate } from 'node:crypto';
import type { ConnectionFacts } from '../../exchange/types.js';

const NONE: readonly string[] = [];

/** A connection keeps its list of fields, so a certificate is read once a connection. */
const known = new WeakMap<readonly string[], readonly string[]>();

/** HTTPS_CLIENT_CERTIFICATE (DER, a byte a character) and HTTPS_DN (`/O=Org/CN=Name`); empty without a certificate. */
export function certificateVariables({ clientFields }: ConnectionFacts): readonly string[] {
  if (clientFields.length === 0) return NONE;
  let variables = known.get(clientFields);
  if (variables === undefined) {
    variables = readVariables(clientFields[1] ?? '');
    known.set(clientFields, variables);
  }
  return variables;
}

/** @param field Client-Cert's value: base64 between colons (RFC 9440 §2.2) */
function readVariables(field: string): readonly string[] {
  const der = Buffer.from(field.slice(1, -1), 'base64');
  const { subject } = new X509Certificate(der);
  // A certificate may name nobody: then Node gives undefined.
  const name = subject ? `/${subject.split('\n').join('/')}` : '';
  return [
    ...['HTTPS_CLIENT_CERTIFICATE', der.toString('latin1')],
    ...['HTTPS_DN', Buffer.from(name).toString('latin1')],
  ];
}
