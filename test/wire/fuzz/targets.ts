/** The table of fuzz targets. */
import { CHUNKED } from './chunked.js';
import { HPACK } from './hpack.js';
import { HTTP1_REQUESTS } from './http1-requests.js';
import { HTTP1_RESPONSES } from './http1-responses.js';
import { HTTP2 } from './http2.js';
import { PROXY_PROTOCOL } from './proxy-protocol.js';
import type { FuzzTarget } from './target.js';
import { UWSGI } from './uwsgi.js';

export const TARGETS: readonly [FuzzTarget, ...FuzzTarget[]] = [
  HTTP1_REQUESTS,
  HTTP1_RESPONSES,
  CHUNKED,
  HTTP2,
  HPACK,
  UWSGI,
  PROXY_PROTOCOL,
];
