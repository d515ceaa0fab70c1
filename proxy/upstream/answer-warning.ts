/** Tells the operator by which rule an app's answer was refused: a client only gets a status, or a cut answer. */
import type { Notices } from '../exchange/log/notices.js';
import type { Upstream } from '../routing/upstream.js';

/** What is worth more words than the codec has for it. */
const RULES: Readonly<Record<string, string>> = {
  line_end_invalid: 'a line ends with LF alone (RFC 9112 §2.2)',
  status_line_malformed:
    'its status line has a bare LF, or no status between 100 and 599 (RFC 9112 §4, RFC 9110 §15)',
  length_and_chunked: 'it has both Content-Length and Transfer-Encoding (RFC 9112 §6.1)',
  content_length_repeated: 'its Content-Length fields differ (RFC 9110 §8.6)',
  content_length_invalid: 'its Content-Length is no number (RFC 9110 §8.6)',
  too_many_informational: 'it has interim responses without end (RFC 9110 §15.2)',
  head_too_large: 'its head is longer than --max-header-bytes',
  too_many_headers: 'its head has more fields than --max-header-count',
  truncated: 'it ended before it was whole',
};

/** @param fault a word of the codec; empty: the answer broke no rule */
export function warnOfAnswer(notices: Notices, upstream: Upstream, fault: string): void {
  if (fault === '') return;
  const rule = RULES[fault] ?? fault.replaceAll('_', ' ');
  notices.warn(`answer ${upstream.name} ${fault}`, `${upstream.name}: an answer is refused: ${rule}`);
}
