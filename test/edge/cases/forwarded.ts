/** Request cases: fields that tell an app where a request came from, forged by the client. */
import { atMost, get, h1, h2, h2Get, passed, type RequestCase } from '../request-case.js';

const FORGED = 'a client outside the trusted proxies says where it comes from';
const truth = {
  headers: { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'localhost' },
  lacks: ['6.6.6.6', 'evil.test'],
};

/** The forged text arrives nowhere, over both protocols. */
function forged(id: string, name: string, value: string, reference = FORGED): RequestCase[] {
  return [
    h1(`forged-${id}`, reference, passed(1, truth), get(`${name}: ${value}`)),
    h2(`h2-forged-${id}`, reference, passed(1, truth), { headers: h2Get(name.toLowerCase(), value) }),
  ];
}

export const forwardedCases: readonly RequestCase[] = [
  ...forged('for', 'X-Forwarded-For', '6.6.6.6'),
  ...forged('for-list', 'X-Forwarded-For', '6.6.6.6, 127.0.0.1'),
  ...forged('host', 'X-Forwarded-Host', 'evil.test'),
  ...forged('proto', 'X-Forwarded-Proto', 'http, evil.test'),
  ...forged('port', 'X-Forwarded-Port', '6.6.6.6'),
  ...forged(
    'forwarded',
    'Forwarded',
    'for=6.6.6.6;host=evil.test;proto=http',
    'RFC 7239 §8.1: Forwarded cannot be trusted',
  ),
  ...forged('real-ip', 'X-Real-IP', '6.6.6.6'),
  ...forged('server', 'X-Forwarded-Server', 'evil.test', `${FORGED} (Traefik CVE-2024-45410)`),
  ...forged('prefix', 'X-Forwarded-Prefix', '/evil.test', `${FORGED} (Traefik CVE-2020-15129)`),
  ...forged(
    'underscore-for',
    'X_Forwarded_For',
    '6.6.6.6',
    `${FORGED}; WSGI and CGI read _ as - (Puma CVE-2024-45614)`,
  ),
  ...forged(
    'underscore-mixed',
    'X-Forwarded_For',
    '6.6.6.6',
    `${FORGED}; WSGI and CGI read _ as - (Puma CVE-2024-45614)`,
  ),
  ...forged(
    'underscore-host',
    'X_Forwarded-Host',
    'evil.test',
    `${FORGED}; WSGI and CGI read _ as - (Puma CVE-2024-45614)`,
  ),
  ...forged(
    'underscore-proto',
    'X-Forwarded_Proto',
    'evil.test',
    `${FORGED}; WSGI and CGI read _ as - (Puma CVE-2024-45614)`,
  ),
  h1(
    'forged-for-twice',
    FORGED,
    passed(1, truth),
    get('X-Forwarded-For: 6.6.6.6', 'X-FORWARDED-FOR: 6.6.6.6'),
  ),
  h1('forged-for-empty', FORGED, passed(1, truth), get('X-Forwarded-For:')),
  h1('forged-for-malformed', FORGED, passed(1, truth), get('X-Forwarded-For: 6.6.6.6 "\'<script>')),
  h1('forged-proto-http', FORGED, passed(1, truth), get('X-Forwarded-Proto: http')),
  h1(
    'forged-all',
    FORGED,
    passed(1, truth),
    get(
      'X-Forwarded-For: 6.6.6.6',
      'X-Forwarded-Host: evil.test',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Port: 80',
      'Forwarded: for=6.6.6.6',
    ),
  ),
  h1(
    'forged-for-connection-listed',
    `${FORGED} and lists it in Connection`,
    passed(1, truth),
    get('Connection: x-forwarded-for', 'X-Forwarded-For: 6.6.6.6'),
  ),
  h1(
    'forged-forwarded-connection-listed',
    `${FORGED} and lists it in Connection`,
    passed(1, truth),
    get('Connection: forwarded', 'Forwarded: for=6.6.6.6'),
  ),
  h1(
    'forwarded-host-keeps-port',
    'X-Forwarded-Host keeps the port of Host',
    passed(1, { headers: { 'x-forwarded-host': 'localhost:8443', host: 'localhost:8443' } }),
    get().replace('{host}', '{host}:8443'),
  ),
  h1(
    'request-id-forged-long',
    'a request id of the client is bounded',
    atMost(1),
    get(`X-Request-Id: ${'i'.repeat(4000)}`),
  ),
  h1('request-id-twice', 'one request id', atMost(1), get('X-Request-Id: a', 'X-Request-Id: b')),
];
