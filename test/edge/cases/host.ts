/** Request cases: Host, the authority of the request target, and what happens where they disagree. */
import { type Arrival, atMost, get, h1, passed, type RequestCase, refused } from '../request-case.js';

const HOST = 'RFC 9112 §3.2: exactly one valid Host';
const ABSOLUTE = 'RFC 9112 §3.2.2: absolute-form';

function request(target: string, ...lines: readonly string[]): string {
  return [`GET ${target} HTTP/1.1`, 'X-Case: {t}', ...lines, '', ''].join('\r\n');
}

function badHost(id: string, value: string, reference = HOST): RequestCase {
  return h1(`host-${id}`, reference, refused, request('/{t}', `Host: ${value}`));
}

/** The app sees this host and none other. */
function host(value: string): Arrival {
  return { headers: { host: value }, lacks: ['evil.test'] };
}

export const hostCases: readonly RequestCase[] = [
  h1('host-missing', HOST, refused, request('/{t}')),
  h1('host-twice', HOST, refused, request('/{t}', 'Host: {host}', 'Host: {host}')),
  h1('host-twice-differing', HOST, refused, request('/{t}', 'Host: {host}', 'Host: evil.test')),
  h1('host-twice-mixed-case', HOST, refused, request('/{t}', 'Host: {host}', 'hOsT: evil.test')),
  h1('host-twice-apart', HOST, refused, request('/{t}', 'Host: evil.test', 'X: y', 'Host: {host}')),
  h1('host-space-before-colon', 'RFC 9112 §5.1', refused, request('/{t}', 'Host : {host}')),
  h1('host-second-folded', 'RFC 9112 §5.2', atMost(1), request('/{t}', 'Host: {host}', ' evil.test')),
  h1('host-second-spaced', 'RFC 9112 §5.1', refused, request('/{t}', 'Host: {host}', 'Host : evil.test')),
  badHost('space', '{host} evil.test'),
  badHost('tab', '{host}\tevil.test'),
  badHost('comma', '{host},evil.test'),
  badHost('comma-space', '{host}, evil.test'),
  badHost('userinfo', 'user@{host}', 'RFC 9110 §4.2.4: userinfo'),
  badHost('userinfo-port', 'evil.test:80@{host}', 'RFC 9110 §4.2.4: userinfo'),
  badHost('path', '{host}/evil.test'),
  badHost('query', '{host}?evil.test'),
  badHost('fragment', '{host}#evil.test'),
  badHost('backslash', '{host}\\evil.test'),
  badHost('port-letters', '{host}:abc'),
  badHost('port-minus', '{host}:-1'),
  badHost('port-twice', '{host}:80:443'),
  badHost('port-userinfo', '{host}:@evil.test'),
  badHost('bracket-open', '[::1'),
  badHost('bracket-close', '::1]'),
  badHost('bracket-text', '[evil.test]'),
  badHost('bracket-suffix', '[::1]evil.test'),
  badHost('ipv6-bare', '::1'),
  badHost('scheme', 'https://{host}'),
  badHost('nul', '{host}\x00evil.test'),
  badHost('control', '{host}\x01'),
  badHost('high-octet', '\xe9{host}'),
  badHost('quote', '"{host}"'),
  badHost('angle', '<script>', `${HOST}; a host is put into links`),
  h1(
    'host-empty',
    'RFC 9110 §7.2: an empty Host needs a URI without authority',
    atMost(1),
    request('/{t}', 'Host:'),
  ),
  h1('host-port-empty', 'RFC 3986 §3.2.3: port = *DIGIT', atMost(1), request('/{t}', 'Host: {host}:')),
  h1(
    'host-port-out-of-range',
    'RFC 3986 §3.2.3: a port beyond 65535',
    atMost(1),
    request('/{t}', 'Host: {host}:443443'),
  ),
  h1('host-port', HOST, passed(1, host('localhost:8443')), request('/{t}', 'Host: {host}:8443')),
  h1('host-upper-case', HOST, passed(1), request('/{t}', 'Host: LOCALHOST')),
  h1('host-ipv4', HOST, passed(1, host('127.0.0.1')), request('/{t}', 'Host: 127.0.0.1')),
  h1('host-spaces-around', HOST, passed(1, host('localhost')), request('/{t}', 'Host:  \t{host} \t')),
  h1('host-last-field', HOST, passed(1, host('localhost')), request('/{t}', 'X: y', 'Host: {host}')),
  h1('absolute-same', ABSOLUTE, passed(1, host('localhost')), request('https://{host}/{t}', 'Host: {host}')),
  h1(
    'absolute-http-scheme',
    `${ABSOLUTE}, scheme of another listener`,
    atMost(1, host('localhost')),
    request('http://{host}/{t}', 'Host: {host}'),
  ),
  h1(
    'absolute-wins',
    `${ABSOLUTE}: the target's authority replaces Host`,
    atMost(1, host('localhost')),
    request('https://{host}/{t}', 'Host: evil.test'),
  ),
  h1('absolute-without-host', ABSOLUTE, refused, request('https://{host}/{t}')),
  h1(
    'absolute-upper-case',
    'RFC 3986 §3.1: schemes in any case',
    atMost(1, host('localhost')),
    request('HTTPS://{host}/{t}', 'Host: {host}'),
  ),
  h1(
    'absolute-no-path',
    `${ABSOLUTE}: an empty path is /`,
    atMost(1, { target: '/' }),
    request('https://{host}', 'Host: {host}'),
  ),
  h1(
    'absolute-query-only',
    `${ABSOLUTE}: an empty path is /`,
    atMost(1, { target: '/?{t}' }),
    request('https://{host}?{t}', 'Host: {host}'),
  ),
  h1(
    'absolute-userinfo',
    'RFC 9110 §4.2.4: userinfo',
    refused,
    request('https://{host}@evil.test/{t}', 'Host: {host}'),
  ),
  h1(
    'absolute-empty-authority',
    'RFC 9110 §4.2.2: an empty host is invalid',
    refused,
    request('https:///{t}', 'Host: {host}'),
  ),
  h1('absolute-other-scheme', ABSOLUTE, refused, request('ftp://{host}/{t}', 'Host: {host}')),
  h1('absolute-file-scheme', ABSOLUTE, refused, request('file:///etc/passwd?{t}', 'Host: {host}')),
  h1('absolute-javascript', ABSOLUTE, refused, request('javascript:alert({t})', 'Host: {host}')),
  h1('absolute-one-slash', ABSOLUTE, refused, request('https:/{host}/{t}', 'Host: {host}')),
  h1('absolute-bracket', 'GET http://[ ended http-proxy-3', refused, request('http://[', 'Host: {host}')),
  h1('absolute-bracket-open', ABSOLUTE, refused, request('http://[::1/{t}', 'Host: {host}')),
  h1('absolute-bad-port', ABSOLUTE, refused, request('https://{host}:abc/{t}', 'Host: {host}')),
  h1('absolute-backslash', ABSOLUTE, refused, request('https://{host}\\@evil.test/{t}', 'Host: {host}')),
  h1(
    'double-slash-target',
    'RFC 9112 §3.2.1: //name is a path, no authority',
    passed(1, { target: '//evil.test/{t}', headers: { host: 'localhost' } }),
    request('//evil.test/{t}', 'Host: {host}'),
  ),
  h1(
    'double-slash-bracket',
    'RFC 9112 §3.2.1: //[ must not end a URL parser',
    atMost(1, { target: '//[/{t}' }),
    request('//[/{t}', 'Host: {host}'),
  ),
  h1(
    'authority-form-get',
    'RFC 9112 §3.2.3: authority-form is for CONNECT',
    refused,
    request('{host}:443', 'Host: {host}'),
  ),
  h1(
    'connect',
    'RFC 9110 §9.3.6: a gateway is no tunnel',
    { ...refused, methods: ['CONNECT'] },
    request('{host}:443', 'Host: {host}:443').replace('GET', 'CONNECT'),
  ),
  h1(
    'connect-origin-form',
    'RFC 9112 §3.2.3',
    { ...refused, methods: ['CONNECT'] },
    request('/{t}', 'Host: {host}').replace('GET', 'CONNECT'),
  ),
  h1(
    'connect-with-canary',
    'Envoy CVE-2025-64763: data right after CONNECT',
    { ...refused, methods: ['CONNECT'] },
    `${request('evil.test:80', 'Host: evil.test:80').replace('GET', 'CONNECT')}GET /canary-{t} HTTP/1.1\r\nHost: {host}\r\n\r\n`,
  ),
  h1(
    'asterisk-options',
    'RFC 9112 §3.2.4',
    passed(1, { target: '*' }),
    request('*', 'Host: {host}').replace('GET', 'OPTIONS'),
  ),
  h1('asterisk-get', 'RFC 9112 §3.2.4: asterisk-form is for OPTIONS', refused, request('*', 'Host: {host}')),
  h1(
    'host-header-of-connection',
    'RFC 9110 §7.6.1: Connection must not take Host away',
    atMost(1, host('localhost')),
    get('Connection: host'),
  ),
];
