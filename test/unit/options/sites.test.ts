/** Sites of the configuration file: what they have of their own, what holds for all, and what is refused, with its line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigFile } from '../../../src/options/config-file/read.js';
import { configSchema } from '../../../src/options/config-file/schema.js';
import { writeConfigFile } from '../../../src/options/config-file/write.js';
import { resolveConfig } from '../../../src/options/resolve.js';
import { type SettingLayer, Settings } from '../../../src/options/settings.js';
import type { Config } from '../../../src/shared/config/config.js';
import { FrontError } from '../../../src/shared/errors.js';
import { TEST_PLATFORM } from '../../support/settings.js';

const SHOP = `
[site.shop]
host = ["shop.test", "www.shop.test"]
upstream = ["3000", "/api=9000"]
`;
const BLOG = `
[site.blog]
host = "*.blog.test"
command = "node blog.js"
`;

async function settingsOf(text: string, flags: SettingLayer = {}, environment = {}): Promise<Settings> {
  const file = await readConfigFile({ path: 'tlsfront.toml', form: 'toml', text });
  return new Settings(flags, environment, null, file);
}

async function configOf(text: string, flags: SettingLayer = {}, environment = {}): Promise<Config> {
  return resolveConfig(await settingsOf(text, flags, environment), TEST_PLATFORM);
}

async function complaintOf(text: string, flags: SettingLayer = {}): Promise<string> {
  try {
    await configOf(text, flags);
  } catch (error) {
    if (error instanceof FrontError) return `${error.message} / ${error.hint}`;
    throw error;
  }
  return 'no complaint';
}

test('sites have apps by their routes, and no app need stand above them', async () => {
  const { apps, sites, hosts } = await configOf(SHOP + BLOG);
  assert.deepEqual(
    apps.map(({ name, site, route, upstreams, worker }) => [
      name,
      site,
      route.prefix,
      upstreams[0]?.port,
      worker?.command,
    ]),
    [
      ['shop', 0, '', 3000, undefined],
      ['shop/api', 0, '/api', 9000, undefined],
      ['blog', 1, '', undefined, ['node', 'blog.js']],
    ],
  );
  assert.deepEqual(
    sites.map(({ name, listeners }) => [name, listeners]),
    [
      ['shop', null],
      ['blog', null],
    ],
  );
  assert.deepEqual(
    hosts,
    ['shop.test', 'www.shop.test', '*.blog.test'],
    'the certificate of all covers them',
  );
});

test('what stands above the sites holds for them unless they say otherwise; the command line is stronger', async () => {
  const text = `hsts = "1d"\nvia = true\n${SHOP}${BLOG}hsts = "2d"\nvia = false\nsticky = true\n`;
  const of = (config: Config): unknown => config.sites.map(({ rules }) => [rules.hsts, rules.via]);
  const config = await configOf(text);
  assert.deepEqual(of(config), [
    ['max-age=86400', true],
    ['max-age=172800', false],
  ]);
  assert.deepEqual(
    config.apps.map(({ sticky }) => sticky),
    [false, false, true],
  );
  assert.equal(config.hsts, 'max-age=86400');
  assert.deepEqual(of(await configOf(text, { hsts: ['3d'] }, { TLSFRONT_VIA: '0' })), [
    ['max-age=259200', false],
    ['max-age=259200', false],
  ]);
});

test('rules of access and redirects of a site are for its hosts alone', async () => {
  const { access, redirects } = await configOf(
    `deny = "10.0.0.1"\n${SHOP}allow = "/admin=10.0.0.0/8"\nrate-limit = "5/m"\nredirect = ["/a=/b", "old.test=shop.test"]\n`,
  );
  assert.deepEqual(
    access.addresses.map(({ action, scope }) => `${action} ${scope.site} ${scope.prefix}`),
    ['deny null ', 'allow 0 /admin'],
  );
  assert.deepEqual(
    access.rateLimits.map(({ scope }) => scope.site),
    [0],
    'one rate for all of its names',
  );
  assert.deepEqual(
    redirects.map(({ site, host, path }) => `${site} ${host}${path}`),
    ['0 /a', 'null old.test'],
  );
});

test('a certificate of a site is served by the common listeners, listeners of a site are its own', async () => {
  const text = `listen = 8443\ncert = "all.crt"\n${SHOP}cert = "shop.crt"\nkey = "shop.key"\n${BLOG}listen = "127.0.0.1:9443"\n`;
  const { listeners, certificates, sites, hosts } = await configOf(text);
  assert.deepEqual(
    certificates.map(({ cert }) => cert),
    ['all.crt', 'shop.crt'],
  );
  assert.deepEqual(
    listeners.map((one) => [one.port, one.kind === 'https' && one.certificates]),
    [
      [8443, [0, 1]],
      [8443, [0, 1]],
      [9443, [0]],
    ],
  );
  assert.deepEqual(
    sites.map((site) => site.listeners),
    [null, [2]],
  );
  assert.deepEqual(hosts, ['*.blog.test'], 'the names of a given certificate are not ours to issue for');
});

test('sites that all have listeners of their own need no other', async () => {
  const { listeners } = await configOf(
    `${SHOP}listen = "127.0.0.1:1443"\n${BLOG}listen = "127.0.0.1:2443"\n`,
  );
  assert.deepEqual(
    listeners.map(({ port }) => port),
    [1443, 2443],
  );
});

test('an app that is named beside the file replaces those of its sites, with a warning', async () => {
  const settings = await settingsOf(SHOP, { upstream: ['8080'] });
  assert.deepEqual(settings.warnings, [
    'the sites of tlsfront.toml are left out: an app is named beside the file',
  ]);
  const { apps, sites } = resolveConfig(settings, TEST_PLATFORM);
  assert.deepEqual([apps.map(({ name }) => name), sites.length], [['app'], 0]);
});

const REFUSED: readonly (readonly [text: string, complaint: RegExp])[] = [
  [`${SHOP}hots = "x"`, /^tlsfront\.toml:5:1: hots is not an option \/ did you mean host\?$/],
  [
    `${SHOP}sni-strict = true`,
    /^tlsfront\.toml:5:1: sni-strict is not for one site \/ write it above the sites/,
  ],
  [
    `${SHOP}command = "node x"`,
    /^tlsfront\.toml:2: \[site\.shop\]: tlsfront\.toml:4: upstream and -- node both name an app/,
  ],
  [
    '[site.shop]\nupstream = 1',
    /^tlsfront\.toml:1: \[site\.shop\] has no host \/ write host = "shop\.example\.com"/,
  ],
  ['[site.shop]\nhost = "a.test"', /^tlsfront\.toml:1: \[site\.shop\] has no app \/ write upstream = 3000/],
  ['[site.shop]\nhost = "a.test"\nupstream = "b.test=1"', /the route b\.test has a host/],
  [
    '[site.shop]\nhost = "a b"\nupstream = 1',
    /^tlsfront\.toml:2: host a b: neither a host name nor an IP address/,
  ],
  ['[site.shop]\nhost = "a.test"\nupstream = 1\nheader-up = "Connection x"', /^tlsfront\.toml:4: header-up/],
  [
    `${SHOP}[site.other]\nhost = "shop.test"\nupstream = 1`,
    /\[site\.shop\] and tlsfront\.toml:5: \[site\.other\] both have the host shop\.test/,
  ],
  [
    `${SHOP}cert = "shop.crt"\n${BLOG}`,
    /^tlsfront\.toml:7: \[site\.blog\] has no certificate, and others of its listeners have one/,
  ],
  ['[site."a b"]\nhost = "a.test"', /^tlsfront\.toml:1:1: 'a b' is no name of a site/],
  ['site = 1', /^tlsfront\.toml:1:1: site is a table of sites/],
  ['[site]\nshop = 1', /^tlsfront\.toml:2:1: shop is not the table of a site/],
  ['stie = 1', /^tlsfront\.toml:1:1: stie is not an option \/ did you mean site\?/],
  [`${SHOP}deny = "blog.test=10.0.0.1"`, /a rule of access is for blog\.test/],
  [`engine = "library"\n${SHOP}sticky = true`, /the library engine has no --sticky/],
  [
    `engine = "library"\n${SHOP}stream-requests = "/"`,
    /the library engine has no tlsfront\.toml:6: stream-requests/,
  ],
];

for (const [text, complaint] of REFUSED) {
  test(`${JSON.stringify(text.replace(SHOP, '…'))} is refused: ${complaint.source}`, async () => {
    assert.match(await complaintOf(text), complaint);
  });
}

test('the file that export writes says the same, sites included, and what holds for all once', async () => {
  const text = `hsts = "1d"\n${SHOP}header-up = ["X-A b"]\n${BLOG}hsts = "2d"\n`;
  const written = writeConfigFile(await settingsOf(text));
  assert.deepEqual(await configOf(written), await configOf(text));
  assert.equal(written.match(/hsts = /g)?.length, 2);
});

test('the schema knows the keys of a site, and that it has hosts', () => {
  const { properties } = JSON.parse(JSON.stringify(configSchema()));
  const site = properties.site.additionalProperties;
  assert.deepEqual(site.required, ['host']);
  assert.equal(site.additionalProperties, false);
  assert.ok('header-up' in site.properties && 'command' in site.properties);
  assert.ok(!('sni-strict' in site.properties) && 'sni-strict' in properties);
});
