/** Addresses of listeners and upstreams as users write them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readListenAddress } from '../../../src/options/values/addresses.js';
import { readUpstreamAddress } from '../../../src/options/values/upstream-addresses.js';
import { formatUpstream } from '../../../src/shared/addresses/upstream-text.js';
import { complaintOf } from '../../support/settings.js';

const LOOPBACK = ['127.0.0.1', '::1'];

function listenTo(text: string): string {
  return readListenAddress('--listen', text, LOOPBACK)
    .map(({ host, port }) => `${host}|${port}`)
    .join(' ');
}

const LISTENED: readonly (readonly [string, string])[] = [
  ['9443', '127.0.0.1|9443 ::1|9443'],
  ['localhost:9443', '127.0.0.1|9443 ::1|9443'],
  ['LOCALHOST:9443', '127.0.0.1|9443 ::1|9443'],
  ['0', '127.0.0.1|0'],
  [':443', '|443'],
  ['*:443', '|443'],
  ['0.0.0.0:443', '0.0.0.0|443'],
  ['192.168.1.5:65535', '192.168.1.5|65535'],
  ['[::1]:443', '::1|443'],
  ['[::]:443', '::|443'],
  ['[FE80::1%eth0]:443', 'fe80::1%eth0|443'],
  ['App.Test:443', 'app.test|443'],
];

for (const [text, expected] of LISTENED) {
  test(`--listen ${text} listens on ${expected}`, () => assert.equal(listenTo(text), expected));
}

const NOT_LISTENED: readonly (readonly [string, RegExp])[] = [
  ['', /the port is missing/],
  ['localhost', /'localhost' is not a port/],
  ['localhost:', /the port is missing/],
  ['65536', /out of range/],
  ['999999', /out of range/],
  ['-1', /'-1' is not a port/],
  ['80a', /'80a' is not a port/],
  ['::1:443', /not an address/],
  ['[::1]', /not an address/],
  ['[::1]443', /not an address/],
  ['[127.0.0.1]:443', /not an address/],
  ['256.0.0.1:443', /'256\.0\.0\.1' is neither a name nor an IP address/],
  ['a b:443', /neither a name nor an IP address/],
  ['https://localhost:443', /neither URLs nor socket files/],
  ['/run/app.sock', /neither URLs nor socket files/],
  ['=0', /shared sockets are not supported/],
];

for (const [text, expected] of NOT_LISTENED) {
  test(`--listen '${text}' is refused: ${expected.source}`, () => {
    const complaint = complaintOf(() => listenTo(text));
    assert.match(complaint, expected);
    assert.match(complaint, /^config_invalid: --listen .* \/ .*port/);
  });
}

const UPSTREAMS: readonly (readonly [string, string])[] = [
  ['8080', 'localhost|8080'],
  [':8080', 'localhost|8080'],
  ['*:8080', 'localhost|8080'],
  ['localhost:8080', 'localhost|8080'],
  ['127.0.0.1:8080', '127.0.0.1|8080'],
  ['0.0.0.0:8080', '127.0.0.1|8080'],
  ['[::]:8080', '::1|8080'],
  ['[::1]:8080', '::1|8080'],
  ['app.internal:8080', 'app.internal|8080'],
  ['my_app:8080', 'my_app|8080'],
  ['http://app', 'app|80'],
  ['http://app/', 'app|80'],
  ['http://app:8080', 'app|8080'],
  ['http://app:8080/', 'app|8080'],
  ['HTTP://App:8080', 'app|8080'],
  ['http://[::1]', '::1|80'],
  ['http://[::1]:3000', '::1|3000'],
];

for (const [text, expected] of UPSTREAMS) {
  test(`--upstream ${text} is ${expected}`, () => {
    const { scheme, host, port } = readUpstreamAddress('--upstream', text);
    assert.equal(`${scheme} ${host}|${port}`, `http ${expected}`);
  });
}

const OTHER_UPSTREAMS: readonly (readonly [string, string])[] = [
  ['unix:/run/app.sock', 'unix:/run/app.sock'],
  ['UNIX:/run/App.sock', 'unix:/run/App.sock'],
  ['unix:///run/app.sock', 'unix:/run/app.sock'],
  ['http+unix:/run/app.sock', 'unix:/run/app.sock'],
  ['uwsgi://127.0.0.1:3031', 'uwsgi://127.0.0.1:3031'],
  ['uwsgi://[::1]:3031/', 'uwsgi://[::1]:3031'],
  ['uwsgi+unix:/run/app.sock', 'uwsgi+unix:/run/app.sock'],
  ['https://app', 'https://app:443'],
  ['https://App:8443/', 'https://app:8443'],
  ['h2c://localhost:8080', 'h2c://localhost:8080'],
  ['unix+h2c:/run/app.sock', 'unix+h2c:/run/app.sock'],
  ['h2c+unix:/run/app.sock', 'unix+h2c:/run/app.sock'],
];

for (const [text, expected] of OTHER_UPSTREAMS) {
  test(`--upstream ${text} is ${expected}`, () => {
    assert.equal(formatUpstream(readUpstreamAddress('--upstream', text)), expected);
  });
}

const NOT_UPSTREAMS: readonly (readonly [string, RegExp])[] = [
  ['localhost', /the port is missing \/ write localhost:8080/],
  ['0', /nothing can be reached on port 0/],
  ['http://app:0', /nothing can be reached on port 0/],
  ['70000', /port 70000 is out of range/],
  ['http://app:99999', /out of range/],
  ['http://app/path', /a path or query cannot be given/],
  ['http://app?x', /a path or query cannot be given/],
  ['http://app#x', /a path or query cannot be given/],
  ['http://user:pass@app:80', /a user name cannot be given/],
  ['http://', /the host is missing/],
  ['::1:8080', /IPv6 goes in brackets/],
  ['http://::1:8080', /IPv6 goes in brackets/],
  ['h2://app:8080', /h2 upstreams are not supported/],
  ['unix+https:/run/app.sock', /unix\+https upstreams are not supported/],
  ['fastcgi://127.0.0.1:9000', /fastcgi upstreams are not supported/],
  ['/run/app.sock', /write unix:\/run\/app.sock or uwsgi\+unix/],
  ['unix:app.sock', /not the path of a socket \/ write the whole path/],
  ['unix:/run/', /not the path of a socket/],
  [`unix:/${'long/'.repeat(30)}app.sock`, /too long for a socket/],
  ['uwsgi://127.0.0.1', /the port is missing/],
  ['ws://app:8080', /WebSockets need no upstream/],
  ['gopher://app', /gopher: is not a scheme/],
  ['', /the port is missing/],
];

for (const [text, expected] of NOT_UPSTREAMS) {
  test(`--upstream '${text}' is refused: ${expected.source}`, () => {
    assert.match(
      complaintOf(() => readUpstreamAddress('--upstream', text)),
      expected,
    );
  });
}
