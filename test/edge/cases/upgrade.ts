/** Request cases: Upgrade that the upstream does not take, and h2c smuggling. */
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

const H2C = 'h2c smuggling (Bishop Fox 2020; RFC 9113 §3.1 took the upgrade out)';
const UPGRADE = 'RFC 9110 §7.8: Upgrade';
const withoutH2c = { headers: { 'http2-settings': null }, lacks: ['h2c'] };
const SETTINGS = 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA';
const WEBSOCKET = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

export const upgradeCases: readonly RequestCase[] = [
  h1(
    'upgrade-h2c',
    H2C,
    passed(1, withoutH2c),
    get('Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', SETTINGS),
  ),
  h1(
    'upgrade-h2c-upgrade-only',
    H2C,
    passed(1, withoutH2c),
    get('Upgrade: h2c', 'Connection: Upgrade', SETTINGS),
  ),
  h1(
    'upgrade-h2c-unlisted',
    `${H2C}; Connection does not list it`,
    passed(1, withoutH2c),
    get('Upgrade: h2c', SETTINGS),
  ),
  h1(
    'upgrade-h2c-upper-case',
    H2C,
    passed(1, withoutH2c),
    get('Upgrade: H2C', 'Connection: upgrade, http2-settings', SETTINGS),
  ),
  h1(
    'upgrade-h2c-list',
    `${H2C}; beside websocket`,
    passed(1, withoutH2c),
    get('Upgrade: websocket, h2c', 'Connection: Upgrade, HTTP2-Settings', SETTINGS, ...WEBSOCKET.slice(2)),
  ),
  h1(
    'upgrade-h2c-post',
    `${H2C} with a body`,
    passed(1, { ...withoutH2c, body: 'hello' }),
    post(['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', SETTINGS, 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'upgrade-h2c-then-frames',
    `${H2C}; frames right behind`,
    { ...passed(1, withoutH2c), answers: 2, statuses: [200, 400, 505] },
    `${get('Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', SETTINGS)}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  ),
  h1(
    'upgrade-tls',
    `${UPGRADE}; RFC 2817 is not spoken`,
    passed(1, { headers: { upgrade: null } }),
    get('Upgrade: TLS/1.0', 'Connection: Upgrade'),
  ),
  h1(
    'upgrade-unlisted',
    `${UPGRADE}; without Connection it is no upgrade`,
    passed(1, { headers: { upgrade: null } }),
    get('Upgrade: websocket'),
  ),
  h1(
    'upgrade-http10',
    `${UPGRADE}; ignored in HTTP/1.0`,
    passed(1, { headers: { upgrade: null } }),
    get(...WEBSOCKET).replace('HTTP/1.1', 'HTTP/1.0'),
  ),
  h1(
    'upgrade-websocket-refused',
    'the upstream answers 200: an ordinary exchange',
    passed(1),
    get(...WEBSOCKET),
  ),
  h1(
    'upgrade-websocket-refused-next',
    'WebSocket smuggling: after an answer other than 101 the connection is no tunnel (Apache CVE-2019-17567, Pingora CVE-2026-2833)',
    { ...atMost(2), min: 1 },
    get(...WEBSOCKET),
    get().replace('{t}', '{t}-2'),
  ),
  h1(
    'upgrade-websocket-pipelined',
    'WebSocket smuggling: bytes before the 101 belong to nobody yet (Pingora CVE-2026-2833)',
    { ...atMost(2), min: 1 },
    get(...WEBSOCKET) + get().replace('{t}', '{t}-2'),
  ),
  h1(
    'upgrade-websocket-bad-version',
    'WebSocket smuggling (0ang3el): a wrong version is answered, not tunnelled',
    { ...atMost(2), min: 1 },
    get(...WEBSOCKET.slice(0, 2), 'Sec-WebSocket-Version: 777', 'Sec-WebSocket-Key: x'),
    get().replace('{t}', '{t}-2'),
  ),
  h1(
    'upgrade-websocket-body',
    `${UPGRADE} with a body`,
    atMost(1, { body: 'hello' }),
    post([...WEBSOCKET, 'Content-Length: 5'], 'hello'),
  ),
  h1(
    'upgrade-websocket-chunked',
    `${UPGRADE} with a chunked body`,
    atMost(1, { body: 'hello' }),
    post([...WEBSOCKET, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
  ),
  h1(
    'upgrade-and-close',
    `${UPGRADE} and close`,
    atMost(1),
    get('Upgrade: websocket', 'Connection: close, Upgrade', ...WEBSOCKET.slice(2)) + CANARY,
  ),
  h2('h2-upgrade', 'RFC 9113 §8.2.2: Upgrade is connection-specific', refused, {
    headers: h2Get('upgrade', 'h2c'),
  }),
  h2('h2-http2-settings', `${H2C} over HTTP/2`, atMost(1, withoutH2c), {
    headers: h2Get('http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'),
  }),
];
