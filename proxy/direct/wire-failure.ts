/** What becomes of requests that a wire codec refused: their code in the error table, and their answer. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Exchange } from '../exchange/exchange.js';
import type { EndingLimit } from '../exchange/log/limit-reports.js';
import { buildErrorReply } from '../exchange/reply/local-reply.js';
import type { Http1Error } from '../wire/http1/error.js';
import type { ResponseWriter } from './downstream.js';

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'request_malformed',
  414: 'target_too_long',
  431: 'header_too_large',
  501: 'not_implemented',
  505: 'version_unsupported',
};

/** Code for a request that the codec refused. */
export function errorCodeOf(error: Http1Error): ErrorCode {
  if (error.code.startsWith('host_')) return 'host_invalid';
  if (error.code === 'target_invalid') return 'request_target_invalid';
  return BY_STATUS[error.status] ?? 'request_malformed';
}

/** The limit that a request was refused by; null: by none. */
export function limitOf(error: Http1Error): EndingLimit | null {
  if (error.code === 'too_many_headers') return 'maxHeaderCount';
  return error.status === 431 || error.status === 414 ? 'maxHeaderBytes' : null;
}

/** Answers a request that never becomes a forwarding; the whole of its exchange. */
export function answerUnread(exchange: Exchange, code: ErrorCode, response: ResponseWriter): void {
  exchange.failed(code);
  const own = buildErrorReply(code, null, exchange.requestId);
  exchange.answeredItself(own);
  response.sendOwn(own);
  exchange.end();
}
