/** What the method of a request says about repeating it (RFC 9110 §9.2). */

/** Methods that change nothing at the app (§9.2.1): these may wait for it and be sent again. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** Methods that may be repeated without asking (§9.2.2). */
export function isIdempotentMethod(method: string): boolean {
  return isSafeMethod(method) || method === 'PUT' || method === 'DELETE';
}

/** Longest method that is read: longer ones are answered with 501 over any protocol (RFC 9110 §9.1). */
export const MAX_METHOD_BYTES = 32;
