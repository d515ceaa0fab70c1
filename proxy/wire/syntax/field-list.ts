/** Reading single fields of a flat header list. */

/** First value of a lower-case name; empty when the field is absent. */
export function fieldValue(headers: readonly string[], name: string): string {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === name) return headers[index + 1] ?? '';
  }
  return '';
}

/** All values of a lower-case name as one comma-separated list (RFC 9110 §5.3); empty when absent. */
export function fieldList(headers: readonly string[], name: string): string {
  let list = '';
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== name) continue;
    const value = headers[index + 1] ?? '';
    list = list === '' ? value : `${list}, ${value}`;
  }
  return list;
}

/** Whether a response is an event stream, which goes on until the client leaves. */
export function isEventStream(headers: readonly string[]): boolean {
  return fieldValue(headers, 'content-type').startsWith('text/event-stream');
}

/** A gRPC call, of whatever coding. */
export function isGrpc(headers: readonly string[]): boolean {
  return fieldValue(headers, 'content-type').startsWith('application/grpc');
}

/** Host of an authority without its port and in lower case; IPv6 keeps its brackets. */
export function hostOf(authority: string): string {
  const colon = authority.lastIndexOf(':');
  const host = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority;
  return host.toLowerCase();
}

/** Port of an authority as text; empty when it names none. */
export function portOf(authority: string): string {
  const colon = authority.lastIndexOf(':');
  return colon > authority.lastIndexOf(']') ? authority.slice(colon + 1) : '';
}
