/** An own response as the bytes of a final HTTP/1.1 message, for connections that end with it. */
import type { LocalReply } from './local-reply.js';
import { statusText } from './status-text.js';

/** The whole message with `Connection: close`. */
export function encodeClosingReply(own: LocalReply): string {
  let text = `HTTP/1.1 ${own.status} ${statusText(own.status)}\r\n`;
  for (let index = 0; index < own.headers.length; index += 2) {
    text += `${own.headers[index]}: ${own.headers[index + 1]}\r\n`;
  }
  return `${text}connection: close\r\n\r\n${own.body}`;
}
