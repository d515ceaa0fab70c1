/** The one error the HTTP/1.1 codec throws, and the table from its code to the status a client is owed. */

/** Code → status for a malformed request; a malformed response is always 502. */
export const HTTP1_ERROR_STATUS = {
  empty_lines: 400,
  method_invalid: 400,
  method_too_long: 501,
  request_line_malformed: 400,
  request_line_too_long: 414,
  target_invalid: 400,
  version_malformed: 400,
  version_unsupported: 505,
  http2_preface: 505,
  status_line_malformed: 502,
  line_end_invalid: 400,
  obs_fold: 400,
  name_invalid: 400,
  name_whitespace: 400,
  value_invalid: 400,
  head_too_large: 431,
  too_many_headers: 431,
  host_missing: 400,
  host_repeated: 400,
  host_invalid: 400,
  content_length_invalid: 400,
  content_length_repeated: 400,
  length_and_chunked: 400,
  transfer_encoding_invalid: 400,
  transfer_encoding_unsupported: 501,
  transfer_encoding_version: 400,
  connect_content: 400,
  chunk_size_invalid: 400,
  chunk_extension_invalid: 400,
  chunk_extensions_too_large: 400,
  chunk_end_missing: 400,
  trailer_forbidden: 400,
  trailers_too_large: 431,
  too_many_informational: 502,
  upgrade_missing: 502,
  surplus: 502,
  truncated: 400,
} as const;

/** Why a message was refused. */
export type Http1ErrorCode = keyof typeof HTTP1_ERROR_STATUS;

/** A message that must not be read any further: after it the connection can only be answered and closed. */
export class Http1Error extends Error {
  readonly code: Http1ErrorCode;
  /** What to answer: the table's status for a request, 502 for a response. */
  readonly status: number;

  constructor(code: Http1ErrorCode, status: number = HTTP1_ERROR_STATUS[code]) {
    super(code);
    this.name = 'Http1Error';
    this.code = code;
    this.status = status;
  }
}
