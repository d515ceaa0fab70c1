/** The page for phones: what each device is shown and given, what is told of its visitors, and that no key is in it. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { issueCertificate } from '../../../src/certificates/development/x509-issuer.js';
import { deviceOf } from '../../../src/lan/page/devices.js';
import { PhonePage } from '../../../src/lan/page/server.js';
import { within } from '../../support/deadline.js';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1';
const PIXEL =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36';
const FENIX = 'Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15';
const NETWORK = { interfaceName: 'lo', family: 4, address: '127.0.0.1', netmask: '255.0.0.0' } as const;

let authorityPem = '';
let page: PhonePage;
let port = 0;
const events: string[] = [];

before(async () => {
  const now = new Date();
  const authority = await issueCertificate({
    commonName: 'an authority',
    notBefore: now,
    notAfter: new Date(now.getTime() + 86_400_000),
    authority: { pathLength: 0 },
  });
  authorityPem = authority.certPem;
  page = new PhonePage('shop.local', [{ network: NETWORK, url: 'https://127.0.0.1:8443' }], authorityPem, {
    onVisited: (address, device) => events.push(`${address} visited: ${device}`),
    onTrusted: (address, device) => events.push(`${address} trusts: ${device}`),
  });
  port = await page.open(0);
});
after(() => page.close());

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

function ask(path: string, userAgent = MAC, method = 'GET'): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const asked = request(
      { port, path, method, headers: { 'user-agent': userAgent }, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    asked.once('error', reject).end();
  });
  return within(answer, 30_000, `an answer to ${method} ${path}`);
}

const DEVICES = [
  { userAgent: IPHONE, device: 'ios', shows: /Certificate Trust Settings/, gives: 'tlsfront.mobileconfig' },
  { userAgent: PIXEL, device: 'android', shows: /Install anyway/, gives: 'tlsfront.crt' },
  {
    userAgent: FENIX,
    device: 'androidFirefox',
    shows: /Use third party CA certificates/,
    gives: 'tlsfront.crt',
  },
  { userAgent: MAC, device: 'other', shows: /Keychain Access/, gives: 'tlsfront.crt' },
  { userAgent: '', device: 'other', shows: /Keychain Access/, gives: 'tlsfront.crt' },
] as const;

for (const { userAgent, device, shows, gives } of DEVICES) {
  test(`${device} by ${userAgent.slice(0, 40) || 'nothing'} gets its own steps and file, and the fingerprint`, async () => {
    assert.equal(deviceOf(userAgent), device);
    const { status, body, headers } = await ask('/', userAgent);
    const text = body.toString();
    assert.equal(status, 200);
    assert.match(text, shows);
    assert.ok(text.includes(`href="/${gives}"`));
    assert.ok(text.includes(new X509Certificate(authorityPem).fingerprint256));
    assert.ok(text.includes('href="https://127.0.0.1:8443"'));
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  });
}

test('another device may be chosen, and an unknown one is none', async () => {
  assert.match((await ask('/?device=ios')).body.toString(), /Certificate Trust Settings/);
  assert.match((await ask('/?device=constructor', PIXEL)).body.toString(), /Install anyway/);
});

test('the certificate comes in DER, as a file', async () => {
  const { headers, body } = await ask('/tlsfront.crt', PIXEL);
  assert.equal(headers['content-type'], 'application/x-x509-ca-cert');
  assert.match(String(headers['content-disposition']), /attachment; filename="tlsfront\.crt"/);
  assert.equal(body.equals(new X509Certificate(authorityPem).raw), true);
});

test('the profile holds the same certificate as a root, and always the same identifiers', async () => {
  const { headers, body } = await ask('/tlsfront.mobileconfig', IPHONE);
  const text = body.toString();
  assert.equal(headers['content-type'], 'application/x-apple-aspen-config');
  assert.equal(headers['content-disposition'], undefined);
  assert.match(text, /<string>com\.apple\.security\.root<\/string>/);
  const data = /<data>(.*)<\/data>/.exec(text)?.[1] ?? '';
  assert.equal(Buffer.from(data, 'base64').equals(new X509Certificate(authorityPem).raw), true);
  const identifiers = [
    ...text.matchAll(/<key>PayloadUUID<\/key><string>([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})</g),
  ];
  assert.equal(new Set(identifiers.map(([, one]) => one)).size, 2);
  assert.equal((await ask('/tlsfront.mobileconfig')).body.toString(), text);
});

const OTHERS = [
  { method: 'GET', path: '/authority.key', status: 404 },
  { method: 'GET', path: '/../development/authority.key', status: 404 },
  { method: 'GET', path: '//tlsfront.crt', status: 404 },
  { method: 'PUT', path: '/', status: 405 },
  { method: 'POST', path: '/', status: 405 },
  { method: 'HEAD', path: '/', status: 200 },
  { method: 'GET', path: '/page.js', status: 200 },
] as const;

for (const { method, path, status } of OTHERS) {
  test(`${method} ${path} is answered with ${status}, and never with a key`, async () => {
    const answer = await ask(path, MAC, method);
    assert.equal(answer.status, status);
    assert.doesNotMatch(answer.body.toString(), /PRIVATE KEY/);
  });
}

test('a visit and trust are told once an address', async () => {
  await ask('/trusted', PIXEL, 'POST');
  await ask('/trusted', PIXEL, 'POST');
  await ask('/', PIXEL);
  assert.deepEqual(events, ['127.0.0.1 visited: iPhone or iPad', '127.0.0.1 trusts: Android']);
});

test('where another has the port, any free one is taken', async (t) => {
  const second = new PhonePage('blog.local', [{ network: NETWORK, url: 'https://127.0.0.1' }], authorityPem, {
    onVisited: () => undefined,
    onTrusted: () => undefined,
  });
  t.after(() => second.close());
  const other = await second.open(port);
  assert.notEqual(other, port);
  assert.notEqual(other, 0);
});
