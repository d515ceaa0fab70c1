/** Which requests are logged and in which form: shares, paths that are left out, uWSGI's format string, the line for a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessLog } from '../../../proxy/exchange/log/access-lines.js';
import type { AccessRecord } from '../../../proxy/exchange/log/access-log.js';
import { BARE_LINES, type LineStyle } from '../../../src/shared/log-lines.js';
import { resolveGiven } from '../../support/settings.js';

interface Asked {
  readonly path?: string;
  readonly status?: number;
  readonly error?: string;
  readonly headers?: readonly string[];
  readonly addedFields?: readonly string[];
}

function recordOf({
  path = '/',
  status = 200,
  error = '',
  headers = [],
  addedFields = [],
}: Asked): AccessRecord {
  return {
    time: new Date('2026-11-29T18:37:04.500Z'),
    head: { method: 'GET', path, authority: 'app.test', headers, memo: null, httpVersion: '1.1' },
    facts: {
      remoteAddress: '192.0.2.1',
      remotePort: 4711,
      localAddress: '192.0.2.2',
      localPort: 443,
      tlsVersion: 'TLSv1.3',
      cipher: '',
      tlsGroup: '',
      serverName: '',
      trusted: false,
      listener: 0,
      certificate: null,
      clientFields: [],
    },
    requestId: 'id-1',
    status,
    bodyBytes: 1400,
    durationMs: 1500.4,
    upstreamMs: 3,
    upstream: '127.0.0.1:8080',
    user: '',
    error,
    addedFields,
  };
}

const TERMINAL: LineStyle = { form: 'bare', toJournal: false, onTerminal: true, coloured: false };

/** What is written of these requests. */
function linesOf(
  flags: Readonly<Record<string, readonly string[]>>,
  requests: readonly Asked[],
  style: LineStyle = BARE_LINES,
): string[] {
  const lines: string[] = [];
  const config = resolveGiven({ flags: { accessLog: ['true'], ...flags } });
  const log = new AccessLog(config, style, { write: (line) => lines.push(line) });
  for (const request of requests) log.write(recordOf(request));
  return lines;
}

test('--log-sample writes its share, the first among it, and all that fail', () => {
  const requests = Array.from({ length: 100 }, (_, index) => ({ path: `/${index}` }));
  const lines = linesOf({ logSample: ['10%'], logFormat: ['%(uri)'] }, requests);
  assert.deepEqual([lines.length, lines[0]], [10, '/0\n']);
  const failing = [{ status: 502 }, { status: 0, error: 'client_gone' }, { status: 500 }];
  assert.equal(linesOf({ logSample: ['1/1000'] }, [{}, ...failing]).length, 4);
});

test('--log-skip leaves a path out with all beneath it, but not what fails there', () => {
  const paths = ['/health', '/health?x=1', '/health/db', '/healthy', '/', '/a/health'];
  const lines = linesOf({ logSkip: ['/health'], logFormat: ['%(uri) %(status)'] }, [
    ...paths.map((path) => ({ path })),
    { path: '/health', status: 503 },
  ]);
  assert.deepEqual(lines, ['/healthy 200\n', '/ 200\n', '/a/health 200\n', '/health 503\n']);
});

test("uWSGI's format string is followed, with - for what is empty", () => {
  const template =
    '%(addr) %(user) [%(ltime)] "%(method) %(uri) %(proto)" %(status) %(size) %(msecs) %(micros) %(time) %(host) %(error) %(id) 100%';
  assert.deepEqual(linesOf({ logFormat: [template] }, [{ path: '/a"\n' }]), [
    '192.0.2.1 - [29/Nov/2026:18:37:02 +0000] "GET /a\\x22\\x0a HTTP/1.1" 200 1400 1500 1500400 1795977422 app.test - id-1 100%\n',
  ]);
});

test('variables of a request are those of CGI; the ones with credentials are never written', () => {
  const headers = ['x-app', 'one', 'cookie', 'sid=secret', 'authorization', 'Bearer secret'];
  const names = ['HTTP_X_APP', 'PATH_INFO', 'QUERY_STRING', 'SERVER_PORT', 'HTTPS', 'HTTP_COOKIE'];
  const template = [...names, 'HTTP_AUTHORIZATION', 'HTTP_NONE', 'NONE']
    .map((name) => `%(var.${name})`)
    .join(' ');
  assert.deepEqual(linesOf({ logFormat: [template] }, [{ path: '/p?q=1', headers }]), [
    'one /p q=1 443 on *** *** - -\n',
  ]);
});

test('on a terminal a line is short, its colour says how the request ended', () => {
  const [line] = linesOf({}, [{ path: '/a\u001b[2J?token=x' }], TERMINAL);
  assert.match(line ?? '', /^\d\d:\d\d:\d\d 200 GET \/a\\x1b\[2J\?token=\*\*\* 1500 ms 1\.4 kB\n$/);
  const requests = [
    { status: 201 },
    { status: 304 },
    { status: 404 },
    { status: 503, error: 'upstream_connect' },
  ];
  const coloured = linesOf({}, requests, { ...TERMINAL, coloured: true });
  const colours = coloured.map((text) => /\[(3\d)m\d{3}/.exec(text)?.[1]);
  assert.deepEqual(colours, ['32', '36', '33', '31']);
  assert.match(coloured[3] ?? '', /\[31mupstream_connect.\[0m\n$/);
});

test('a file gets the whole line, and so does a terminal with --verbose or a form by name', () => {
  for (const [flags, style] of [
    [{}, BARE_LINES],
    [{ verbose: ['true'] }, TERMINAL],
    [{ logFormat: ['combined'] }, TERMINAL],
  ] as const) {
    assert.match(linesOf(flags, [{}], style)[0] ?? '', /^192\.0\.2\.1 - - \[29\/Nov\/2026:18:37:04 \+0000\]/);
  }
});

test("JSON names the trace, the client's or ours", () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = ['traceparent', `00-${id}-00f067aa0ba902b7-01`];
  const lines = linesOf({ logFormat: ['json'] }, [
    { headers: traceparent },
    { addedFields: traceparent },
    {},
  ]);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).trace_id),
    [id, id, undefined],
  );
});
