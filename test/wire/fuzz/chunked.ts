/** Fuzz target: the chunked transfer coding, against a second reading of RFC 9112 §7.1 that takes the text as a whole. */
import { DEFAULT_HTTP1_LIMITS, type RequestHead } from '../../../proxy/wire/http1/events.js';
import { chunkedStream } from './http1-grammar.js';
import { checkRequests, readRequests } from './http1-requests.js';
import { type FuzzTarget, holds, type Outcome, same } from './target.js';

const HEAD = 'POST /upload HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
/** A chunk's size and whatever visible text may stand for extensions; nothing else ends in a line end of its own. */
const SIZE_LINE = /([0-9A-Fa-f]+)([ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n/y;
const TRAILER_LINE = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n/y;

interface Content {
  readonly body: string;
  readonly trailerLines: number;
  /** Where the content ends in the text. */
  readonly end: number;
}

/** The content at the start of `text`; undefined when it is not one, or not whole. */
function contentOf(text: string): Content | undefined {
  let body = '';
  let at = 0;
  for (;;) {
    SIZE_LINE.lastIndex = at;
    const line = SIZE_LINE.exec(text);
    if (line === null) return undefined;
    const size = Number.parseInt(line[1] ?? '', 16);
    at = SIZE_LINE.lastIndex;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size;
    if (text.slice(at, at + 2) !== '\r\n') return undefined;
    at += 2;
  }
  for (let trailerLines = 0; ; trailerLines += 1) {
    if (text.startsWith('\r\n', at)) return { body, trailerLines, end: at + 2 };
    TRAILER_LINE.lastIndex = at;
    if (!TRAILER_LINE.test(text)) return undefined;
    at = TRAILER_LINE.lastIndex;
  }
}

/** What both readings say of the first message, and of what follows it. */
function checkChunked(input: Buffer): Outcome {
  const outcome = checkRequests(input);
  const text = input.toString('latin1');
  if (!text.startsWith(HEAD)) return outcome;
  const account = readRequests([input], DEFAULT_HTTP1_LIMITS);
  const first = account.messages[0];
  holds(first !== undefined, 'a head that is always the same was refused');
  if (first?.complete !== true) return outcome;
  const content = contentOf(text.slice(HEAD.length));
  holds(content !== undefined, 'content that the grammar does not know');
  if (content === undefined) return outcome;
  same(first.body, content.body, 'content');
  same(first.trailers.length, content.trailerLines * 2, 'trailers');
  const rest = Buffer.from(text.slice(HEAD.length + content.end), 'latin1');
  const following = readRequests([rest], DEFAULT_HTTP1_LIMITS);
  same(headsOf(account.messages.slice(1)), headsOf(following.messages), 'requests that follow');
  same(account.error, following.error, 'error that follows');
  return outcome;
}

function headsOf(messages: readonly { readonly head: RequestHead; readonly body: string }[]): unknown[] {
  return messages.map(({ head, body }) => [head.method, head.target, head.headers, body]);
}

export const CHUNKED: FuzzTarget = {
  name: 'chunked',
  generate: (random) => Buffer.from(HEAD + chunkedStream(random), 'latin1'),
  check: checkChunked,
};
