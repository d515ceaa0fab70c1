/** From settings to the frozen configuration: what goes together, what each value becomes, what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT_KEYS } from '../../../src/options/groups/limits.js';
import type { SettingLayer } from '../../../src/options/settings.js';
import { optionOf } from '../../../src/options/table.js';
import type { Config } from '../../../src/shared/config/config.js';
import { DEFAULT_LIMITS } from '../../../src/shared/config/limits.js';
import { complaintOf, type Given, resolveGiven } from '../../support/settings.js';

function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep);
}

test('the configuration is frozen to its depth and survives a message between processes', () => {
  const config = resolveGiven({ flags: { https: [':443,a.crt,a.key,HIGH,!ca.crt'], host: ['app.test'] } });
  assert.ok(isFrozenDeep(config));
  assert.deepEqual(JSON.parse(JSON.stringify(config)), config);
});

test('without options everything has its default', () => {
  const config = resolveGiven({});
  assert.deepEqual(config.limits, DEFAULT_LIMITS);
  assert.deepEqual([config.mercyMs, config.apps[0]?.holdMs, config.routers], [60_000, 10_000, 1]);
  assert.deepEqual(
    [config.quiet, config.accessLog, config.changeHost, config.rewriteLocation],
    [false, false, false, true],
  );
  assert.deepEqual(
    [config.logFile, config.user, config.group, config.apps[0]?.worker],
    [null, null, null, null],
  );
});

test('every limit can be set and is refused below its least value', () => {
  for (const key of LIMIT_KEYS) {
    const { kind, least = 0, flag } = optionOf(key);
    const text = kind === 'duration' ? '1234ms' : '1234';
    assert.equal(resolveGiven({ flags: { [key]: [text] } }).limits[key], 1234, flag);
    if (least === 0) continue;
    assert.match(
      complaintOf(() => resolveGiven({ flags: { [key]: ['0'] } })),
      /: too small \/ the least is/,
      flag,
    );
  }
});

const VALUES: readonly (readonly [string, SettingLayer, (config: Config) => unknown, unknown])[] = [
  ['--http-processes 3', { httpProcesses: ['3'] }, ({ routers }) => routers, 3],
  ['--http-processes auto is the processors', { httpProcesses: ['auto'] }, ({ routers }) => routers, 4],
  ['--min-tls 1.3', { minTls: ['1.3'] }, ({ tls }) => tls.minVersion, 'TLSv1.3'],
  ['--ciphers HIGH', { ciphers: ['HIGH'] }, ({ tls }) => tls.ciphers, 'HIGH'],
  ['--engine direct', { engine: ['direct'] }, ({ engine }) => engine, 'direct'],
  ['--engine library', { engine: ['library'] }, ({ engine }) => engine, 'library'],
  ['--log-sample 1/4', { logSample: ['1/4'] }, ({ logSample }) => logSample, 0.25],
  ['--log-skip', { logSkip: ['/health/,/x'] }, ({ logSkip }) => logSkip, ['/health', '/x']],
  [
    "uWSGI's format string",
    { logFormat: ['%(addr) %(var.HTTP_X)'] },
    ({ logFormat, logTemplate }) => [logFormat, logTemplate],
    ['uwsgi', '%(addr) %(var.HTTP_X)'],
  ],
  ['--log-format uwsgi', { logFormat: ['uwsgi'] }, ({ logFormat }) => logFormat, 'uwsgi'],
  ['--logto', { logto: ['/var/log/front.log'] }, ({ logFile }) => logFile, '/var/log/front.log'],
  ['--mercy of uWSGI is in seconds', { mercy: ['8'] }, ({ mercyMs }) => mercyMs, 8000],
  ['--no-rewrite-location', { noRewriteLocation: ['true'] }, ({ rewriteLocation }) => rewriteLocation, false],
  ['--uid by name', { uid: ['www'] }, ({ user }) => user, 'www'],
  ['--uid by a number nobody has', { uid: ['4711'] }, ({ user }) => user, '4711'],
  ['--gid by name', { gid: ['web'] }, ({ group }) => group, 'web'],
  [
    '--host is lower case, without a last dot, in ASCII',
    { host: ['App.Test.', '*.app.test,[::1]', 'bücher.example'] },
    ({ hosts }) => hosts,
    ['app.test', '*.app.test', '::1', 'xn--bcher-kva.example'],
  ],
  [
    '--trusted-proxies gives single addresses their full length',
    { trustedProxies: ['10.0.0.0/8,192.168.1.5', 'fd00::/8', '::1'] },
    ({ trustedProxies }) => trustedProxies,
    ['10.0.0.0/8', '192.168.1.5/32', 'fd00::/8', '::1/128'],
  ],
  [
    'several upstreams',
    { upstream: ['8080', 'http://other:81'] },
    ({ apps }) => apps.flatMap(({ upstreams }) => upstreams).map(({ host, port }) => `${host}:${port}`),
    ['localhost:8080', 'other:81'],
  ],
];

for (const [name, flags, pick, expected] of VALUES) {
  test(`${name}`, () => assert.deepEqual(pick(resolveGiven({ flags })), expected));
}

test('a WSGI file becomes a worker', () => {
  const { worker } =
    resolveGiven({
      flags: { wsgiFile: ['index.py'], callable: ['app'], wsgiServer: ['wsgiref'], processes: ['2'] },
    }).apps[0] ?? assert.fail();
  assert.deepEqual(worker, {
    command: null,
    wsgi: { file: 'index.py', name: 'index.py', callable: 'app', server: 'wsgiref', options: [] },
    chroot: null,
    appPort: null,
    processes: 2,
    readyTimeoutMs: 60_000,
    harakiriMs: 0,
    maxRequests: 0,
    maxRssBytes: 0,
  });
});

test('an ASGI file becomes a worker whose callable is looked for unless it is named', () => {
  const wsgiOf = (flags: SettingLayer) => resolveGiven({ flags }).apps[0]?.worker?.wsgi;
  const plan = { file: 'main.py', name: 'main.py', callable: null, server: 'asgi', options: [] };
  assert.deepEqual(wsgiOf({ asgiFile: ['main.py'] }), plan);
  assert.deepEqual(wsgiOf({ asgiFile: ['main.py'], callable: ['site'] }), { ...plan, callable: 'site' });
  assert.equal(wsgiOf({ uwsgiOption: ['module=main'], wsgiServer: ['asgi'] })?.server, 'asgi');
  const complaints: readonly (readonly [SettingLayer, RegExp])[] = [
    [{ wsgiFile: ['a.py'] }, /^config_usage: --asgi-file and --wsgi-file both name an app/],
    [{ uwsgiOption: ['module=a:b'] }, /^config_usage: --asgi-file and --module both name an app/],
    [{ upstream: ['8080'] }, /^config_usage: --upstream and --asgi-file both name an app/],
    [{ wsgiServer: ['uwsgi'] }, /^config_usage: --asgi-file is served by no uwsgi/],
  ];
  for (const [flags, expected] of complaints)
    assert.match(
      complaintOf(() => resolveGiven({ flags: { asgiFile: ['main.py'], ...flags } })),
      expected,
    );
  assert.match(
    complaintOf(() => resolveGiven({ flags: { asgiFile: ['main.py'] }, command: ['x'] })),
    /both name an app/,
  );
  // Files that are served beside it are no second app.
  const files = { asgiFile: ['main.py'], uwsgiOption: ['static-map=/static=/srv'] };
  assert.equal(wsgiOf(files)?.server, 'asgi');
});

test('a command becomes a worker', () => {
  const { worker } =
    resolveGiven({ command: ['npm', 'run', 'dev'], flags: { readyTimeout: ['5'] } }).apps[0] ?? assert.fail();
  assert.deepEqual(worker, {
    command: ['npm', 'run', 'dev'],
    wsgi: null,
    chroot: null,
    appPort: null,
    processes: 1,
    readyTimeoutMs: 5000,
    harakiriMs: 0,
    maxRequests: 0,
    maxRssBytes: 0,
  });
});

test('--app-port and --upstream beside a command both say where that app listens', () => {
  for (const flags of [
    { appPort: ['5173'] },
    { upstream: ['5173'] },
    { upstream: ['http://localhost:5173'] },
    { upstream: ['[::1]:5173'] },
  ]) {
    const { apps } = resolveGiven({ flags, command: ['vite'] });
    assert.equal(apps.length, 1);
    assert.equal(apps[0]?.worker?.appPort, 5173);
    assert.deepEqual(apps[0]?.upstreams, []);
  }
  assert.equal(resolveGiven({ command: ['vite'] }).apps[0]?.worker?.appPort, null);
});

test('an app with a route stands beside one that we start, and one with several addresses is one', () => {
  const upstream = ['api.test=8080', '/img=9000', 'api.test=8081,weight=2'];
  const { apps } = resolveGiven({ flags: { upstream, sticky: ['true'] }, command: ['x'] });
  assert.deepEqual(
    apps.map(({ name, route, upstreams, worker, sticky }) => {
      return [name, route.host, route.prefix, upstreams.map(({ port }) => port), worker !== null, sticky];
    }),
    [
      ['app', '', '', [], true, true],
      ['api.test', 'api.test', '', [8080, 8081], false, true],
      ['/img', '', '/img', [9000], false, true],
    ],
  );
});

const APP: SettingLayer = { upstream: ['8080'] };
const user: Given['platform'] = { userId: 1000, groupId: 1000 };

const REFUSED: readonly (readonly [string, Given, RegExp])[] = [
  [
    'upstream and command',
    { flags: { upstream: ['127.0.0.1:8080', '/api=9000'] }, command: ['x'] },
    /^config_usage: --upstream and -- x both name an app \/ keep one of them, or give the --upstream a route/,
  ],
  [
    'several upstreams and a command',
    { flags: { upstream: ['8080', '8081'] }, command: ['x'] },
    /^config_usage: --upstream and -- x both name an app/,
  ],
  [
    'an upstream elsewhere and a command',
    { flags: { upstream: ['192.0.2.1:8080'] }, command: ['x'] },
    /^config_usage: --upstream and -- x both name an app/,
  ],
  [
    'several processes on one port',
    { flags: { appPort: ['5173'], processes: ['2'] }, command: ['x'] },
    /^config_usage: several processes of an app cannot listen on one port/,
  ],
  [
    'a port for an app that is not started',
    { flags: { ...APP, appPort: ['5173'] } },
    /^config_usage: --app-port has no effect without an app that we start/,
  ],
  ['upstream and WSGI file', { flags: { ...APP, wsgiFile: ['a.py'] } }, /both name an app/],
  ['an empty command', { command: [] }, /^config_usage: there is no command after --/],
  [
    '--callable without a WSGI file',
    { flags: { ...APP, callable: ['app'] } },
    /no effect without --wsgi-file/,
  ],
  ['--wsgi-server with a command', { command: ['x'], flags: { wsgiServer: ['uwsgi'] } }, /no effect without/],
  ['--processes with an upstream', { flags: { ...APP, processes: ['2'] } }, /--processes has no effect/],
  ['a missing WSGI file', { flags: { wsgiFile: ['missing.py'] } }, /--wsgi-file missing\.py: no such file/],
  ['--processes 0', { command: ['x'], flags: { processes: ['0'] } }, /--processes 0: too small/],
  ['--processes 5000', { command: ['x'], flags: { processes: ['5000'] } }, /--processes 5000: too large/],
  ['--http-processes many', { flags: { httpProcesses: ['many'] } }, /not a whole number/],
  ['--mercy with a unit we do not know', { flags: { mercy: ['5w'] } }, /--mercy 5w: not a time/],
  ['--mercy beyond a timer', { flags: { mercy: ['30d'] } }, /--mercy 30d: too large/],
  ['--max-header-bytes 5 things', { flags: { maxHeaderBytes: ['5t'] } }, /not a size/],
  ['--engine fast', { flags: { engine: ['fast'] } }, /--engine fast: unknown \/ choose direct, library/],
  [
    'a limit that only the direct engine keeps',
    { flags: { ...APP, engine: ['library'], maxControlFrames: ['100'] } },
    /^config_usage: the library engine has no --max-control-frames \/ leave --engine library out/,
  ],
  [
    'the same limit from the environment',
    { flags: { ...APP, engine: ['library'] }, environment: { TLSFRONT_MAX_WAITING_BYTES: '1m' } },
    /^config_usage: the library engine has no TLSFRONT_MAX_WAITING_BYTES/,
  ],
  ['--min-tls 1.1', { flags: { minTls: ['1.1'] } }, /choose 1\.2, 1\.3/],
  [
    'an unknown variable of a format string',
    { flags: { logFormat: ['%(addr) %(adr)'] } },
    /%\(adr\) is not known here \/ these are: addr/,
  ],
  [
    'an unknown form of log',
    { flags: { logFormat: ['apache'] } },
    /choose pretty, combined, json, uwsgi, or/,
  ],
  ['a share of nothing', { flags: { logSample: ['0%'] } }, /--log-sample 0%: no share/],
  ['a share of more than all', { flags: { logSample: ['3/2'] } }, /no share of the requests/],
  ['a share by zero', { flags: { logSample: ['1/0'] } }, /no share of the requests/],
  ['a path without its slash', { flags: { logSkip: ['health'] } }, /--log-skip health: no path/],
  [
    'rotation without a file',
    { flags: { logMaxsize: ['1m'] } },
    /--log-maxsize has no effect without --logto/,
  ],
  ["uWSGI's UDP log", { flags: { logto: ['127.0.0.1:1717'] } }, /not to a UDP address/],
  ['an empty value', { flags: { cert: [''], key: ['k'] } }, /--cert '': a value is empty/],
  [
    'two --cert with one --key',
    { flags: { cert: ['c', 'd'], key: ['k'] } },
    /^config_usage: --cert is given 2 times and --key 1 times/,
  ],
  ['--sni-strict alone', { flags: { sniStrict: ['true'] } }, /--sni-strict is given without a certificate/],
  ['--client-verify alone', { flags: { clientVerify: ['optional'] } }, /given without --client-ca/],
  ['--client-crl alone', { flags: { clientCrl: ['crl'] } }, /given without --client-ca/],
  [
    '--client-ca that is missing',
    { flags: { clientCa: ['missing.pem'] } },
    /--client-ca missing\.pem: no such file/,
  ],
  [
    '--client-verify never',
    { flags: { clientCa: ['c'], clientVerify: ['never'] } },
    /choose optional, require/,
  ],
  ['--cert-dir of a file', { flags: { certDir: ['file'] } }, /--cert-dir file: is a file, not a folder/],
  ['--key without --cert', { flags: { key: ['k'] } }, /^config_usage: --key is given without --cert/],
  ['--ca-bundle alone', { flags: { caBundle: ['ca'] } }, /--ca-bundle is given without a certificate/],
  ['--key-passphrase-file alone', { flags: { keyPassphraseFile: ['p'] } }, /without a certificate/],
  [
    'a missing certificate',
    { flags: { cert: ['missing.crt'], key: ['k'] } },
    /--cert missing\.crt: no such file/,
  ],
  ['--ciphers of nothing', { flags: { ciphers: ['NONE'] } }, /--ciphers NONE: OpenSSL knows no cipher/],
  ['--host with a space', { flags: { host: ['a b'] } }, /neither a host name nor an IP address/],
  ['--host with an inner star', { flags: { host: ['a.*.test'] } }, /neither a host name/],
  ['--host with an empty part', { flags: { host: ['a,,b'] } }, /a value is empty/],
  ['--trusted-proxies /33', { flags: { trustedProxies: ['10.0.0.0/33'] } }, /not an address block/],
  ['--trusted-proxies by name', { flags: { trustedProxies: ['proxy.local'] } }, /not an address block/],
  [
    '--trusted-proxies with two slashes',
    { flags: { trustedProxies: ['10.0.0.0/8/9'] } },
    /not an address block/,
  ],
  [
    '--trusted-proxies with an empty length',
    { flags: { trustedProxies: ['10.0.0.0/'] } },
    /not an address block/,
  ],
  ['--uid of nobody', { flags: { uid: ['nosuch'] } }, /--uid nosuch: there is no such user \/ .*passwd/],
  ['--gid of nobody', { flags: { gid: ['nosuch'] } }, /--gid nosuch: there is no such group/],
  [
    '--uid without root',
    { flags: { uid: ['www'] }, platform: user },
    /only root may change to another user \/ .*sudo/,
  ],
  [
    '--gid without root',
    { flags: { gid: ['web'] }, platform: user },
    /only root may change to another group/,
  ],
  [
    '--uid on Windows',
    { flags: { uid: ['www'] }, platform: { userId: null } },
    /does not work on this system/,
  ],
];

for (const [name, given, expected] of REFUSED) {
  test(`${name} is refused: ${expected.source}`, () => {
    assert.match(
      complaintOf(() => resolveGiven(given)),
      expected,
    );
  });
}

test('--uid of the user that one already is needs no root', () => {
  assert.equal(resolveGiven({ flags: { uid: ['www'] }, platform: { userId: 33, groupId: 34 } }).user, 'www');
});

test('options for an app that we start may stand in the environment of one that we do not', () => {
  const config = resolveGiven({ environment: { TLSFRONT_PROCESSES: '4', TLSFRONT_CALLABLE: 'app' } });
  assert.equal(config.apps[0]?.worker, null);
});

test('--log-rotate is a time, and none by default; --basic-auth-plain is what the gate is told of plain HTTP', () => {
  const daily = { logto: ['front.log'], logRotate: ['1d'] };
  assert.deepEqual(
    [resolveGiven({ flags: daily }).logRotateMs, resolveGiven({}).logRotateMs],
    [86_400_000, 0],
  );
  assert.match(
    complaintOf(() => resolveGiven({ flags: { logRotate: ['1d'] } })),
    /--log-rotate has no effect without --logto/,
  );
  const guarded = { basicAuth: ['users'] };
  const plain = { ...guarded, basicAuthPlain: ['true'] };
  assert.deepEqual(
    [
      resolveGiven({ flags: plain }).access.passwords[0]?.plain,
      resolveGiven({ flags: guarded }).access.passwords[0]?.plain,
    ],
    [true, false],
  );
  assert.match(
    complaintOf(() => resolveGiven({ flags: { basicAuthPlain: ['true'] } })),
    /--basic-auth-plain has no effect without --basic-auth/,
  );
});
