/**
 * Writes message heads and chunk framing as latin1 strings. Nothing is checked here: values of other origin than the
 * decoders must pass isToken and isFieldValue before, and the caller gives the framing headers itself.
 */

/** What ends the data of each chunk. */
export const CHUNK_END = '\r\n';
/** The end of a chunked content without trailers. */
export const LAST_CHUNK = '0\r\n\r\n';

const REASONS =
  '100 Continue|101 Switching Protocols|102 Processing|103 Early Hints|200 OK|201 Created|202 Accepted|' +
  '203 Non-Authoritative Information|204 No Content|205 Reset Content|206 Partial Content|207 Multi-Status|' +
  '208 Already Reported|226 IM Used|300 Multiple Choices|301 Moved Permanently|302 Found|303 See Other|' +
  '304 Not Modified|305 Use Proxy|307 Temporary Redirect|308 Permanent Redirect|400 Bad Request|401 Unauthorized|' +
  '402 Payment Required|403 Forbidden|404 Not Found|405 Method Not Allowed|406 Not Acceptable|' +
  '407 Proxy Authentication Required|408 Request Timeout|409 Conflict|410 Gone|411 Length Required|' +
  '412 Precondition Failed|413 Content Too Large|414 URI Too Long|415 Unsupported Media Type|' +
  "416 Range Not Satisfiable|417 Expectation Failed|418 I'm a Teapot|421 Misdirected Request|" +
  '422 Unprocessable Content|423 Locked|424 Failed Dependency|425 Too Early|426 Upgrade Required|' +
  '428 Precondition Required|429 Too Many Requests|431 Request Header Fields Too Large|' +
  '451 Unavailable For Legal Reasons|500 Internal Server Error|501 Not Implemented|502 Bad Gateway|' +
  '503 Service Unavailable|504 Gateway Timeout|505 HTTP Version Not Supported|506 Variant Also Negotiates|' +
  '507 Insufficient Storage|508 Loop Detected|511 Network Authentication Required';

/** Status lines by status, with the usual reason phrase. */
const statusLines: (string | undefined)[] = new Array(600);
for (const entry of REASONS.split('|')) statusLines[Number(entry.slice(0, 3))] = `HTTP/1.1 ${entry}\r\n`;

/**
 * A request's head, empty line included.
 * @param target path and query, `*`, or `host:port` for CONNECT
 * @param headers flat `[name, value, …]`, complete with Host and framing but for what is in `lines`
 * @param lines fields that are encoded already
 */
export function encodeRequestHead(
  method: string,
  target: string,
  headers: readonly string[],
  lines = '',
): string {
  return `${method} ${target} HTTP/1.1\r\n${lines}${encodeFields(headers)}\r\n`;
}

/**
 * A final response's head, empty line included.
 * @param lines fields beside `headers` that are encoded already
 */
export function encodeResponseHead(status: number, headers: readonly string[], lines = ''): string {
  const line = statusLines[status] ?? `HTTP/1.1 ${status} \r\n`;
  return `${line}${lines}${encodeFields(headers)}\r\n`;
}

/** An interim response (1xx), empty line included. */
export function encodeInformational(status: number, headers: readonly string[]): string {
  return encodeResponseHead(status, headers);
}

/** What precedes a chunk's data; CHUNK_END follows it. `lengthBytes` must not be 0: that would end the content. */
export function chunkPrefix(lengthBytes: number): string {
  return `${lengthBytes.toString(16)}\r\n`;
}

/** The end of a chunked content with a flat list of trailers, possibly empty. */
export function encodeTrailers(trailers: readonly string[]): string {
  return `0\r\n${encodeFields(trailers)}\r\n`;
}

/** A flat list as lines, each with its line end. */
export function encodeFields(headers: readonly string[]): string {
  let lines = '';
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines += `${headers[index]}: ${headers[index + 1]}\r\n`;
  }
  return lines;
}
