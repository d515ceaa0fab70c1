/** Request cases: heads beyond any bound, over both protocols. */
import {
  atMost,
  CANARY,
  get,
  h1,
  h2,
  h2Get,
  passed,
  post,
  type RequestCase,
  refused,
} from '../request-case.js';

const BOUND = 'RFC 9110 §5.4, RFC 9112 §3: bounds on a head';

export const oversizeCases: readonly RequestCase[] = [
  h1('oversize-target', `${BOUND}; 414`, refused, get().replace('/{t}', `/{t}/${'p'.repeat(300_000)}`)),
  h1('oversize-target-no-end', `${BOUND}; a line that never ends`, refused, `GET /{t}${'p'.repeat(300_000)}`),
  h1('oversize-value', `${BOUND}; 431`, refused, get(`X-Name: ${'v'.repeat(300_000)}`)),
  h1(
    'oversize-value-then-request',
    `${BOUND}; the rest is no request`,
    refused,
    get(`X-Name: ${'v'.repeat(300_000)}`) + CANARY,
  ),
  h1('oversize-name', BOUND, refused, get(`${'n'.repeat(300_000)}: v`)),
  h1(
    'oversize-many-fields',
    BOUND,
    refused,
    get(...Array.from({ length: 20_000 }, (_, index) => `X-${index}: vvvvvvvvvv`)),
  ),
  h1('oversize-folds', BOUND, refused, get('X-Name: v', ...Array.from({ length: 50_000 }, () => ' v'))),
  h1('oversize-spaces', `${BOUND}; spaces count`, refused, get(`X-Name:${' '.repeat(300_000)}v`)),
  h1('oversize-cookie-common', 'a head of 7 KB is common', passed(1), get(`Cookie: ${'c'.repeat(7000)}`)),
  h1(
    'oversize-body',
    'RFC 9110 §8.6: a large body is no large head',
    passed(1, { body: 'x'.repeat(400_000) }),
    post(['Content-Length: 400000'], ''),
    'x'.repeat(400_000),
  ),
  h2('h2-oversize-target', BOUND, refused, {
    headers: h2Get().map((text) => (text === '/{t}' ? `/{t}/${'p'.repeat(300_000)}` : text)),
    split: 16_000,
  }),
  h2('h2-oversize-value', BOUND, refused, { headers: h2Get('x-name', 'v'.repeat(300_000)), split: 16_000 }),
  h2('h2-oversize-many-fields', BOUND, refused, {
    headers: h2Get(...Array.from({ length: 20_000 }, (_, index) => [`x-${index}`, 'vvvvvvvvvv']).flat()),
    split: 16_000,
  }),
  h2('h2-oversize-continuations', 'CONTINUATION flood (CVE-2024-27316, CVE-2024-27983)', refused, {
    headers: h2Get('x-name', 'v'.repeat(20_000)),
    split: 4,
  }),
  h2('h2-oversize-cookie-common', 'a head of 7 KB is common', passed(1), {
    headers: h2Get('cookie', 'c'.repeat(7000)),
  }),
  h2('h2-oversize-frame', 'RFC 9113 §4.2: a frame beyond SETTINGS_MAX_FRAME_SIZE', atMost(0), {
    type: 0,
    flags: 0,
    on: 1,
    payload: 'x'.repeat(40_000),
  }),
];
