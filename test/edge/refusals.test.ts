/** What development servers say to a host they do not know, and what the log then says, once. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { appBehind } from '../support/app-behind.js';

const STYLES = `<style>${'body { color: black; } '.repeat(300)}</style>`;

/** Status and body as the real servers write them. */
const PAGES: Readonly<Record<string, readonly [status: number, page: string]>> = {
  '/vite': [
    403,
    'Blocked request. This host ("app.test") is not allowed.\nTo allow this host, add "app.test" to …',
  ],
  '/webpack5': [403, 'Invalid Host header'],
  '/_next/static/chunk.js': [403, 'Unauthorized'],
  '/django': [
    400,
    '<!DOCTYPE html>\n<html lang="en">\n<head><title>DisallowedHost at /django</title></head></html>',
  ],
  '/django-origin': [
    403,
    `<html>${STYLES.slice(0, 2000)}<pre>Origin checking failed - https://app.test does not match any trusted origins.</pre>`,
  ],
  '/rails': [
    403,
    `<html><head>${STYLES}</head><body><header><h1>Blocked hosts: app.test</h1></header></body></html>`,
  ],
  '/svelte?/add': [403, 'Cross-site POST form submissions are forbidden'],
  '/react-router?index': [400, 'Unexpected Server Error'],
  '/forbidden': [403, 'Unauthorized'],
  '/storybook': [403, 'Invalid host'],
  '/other': [200, 'Blocked request. This host ("app.test") is not allowed.'],
};

function app(request: IncomingMessage, response: ServerResponse): void {
  const [status, page] = PAGES[request.url ?? ''] ?? [404, ''];
  response.writeHead(status, { 'Content-Type': 'text/html', 'Content-Length': Buffer.byteLength(page) });
  response.end(page);
}

const ADVICE: readonly (readonly [path: string, app: string, setting: string])[] = [
  ['/vite', 'Vite', 'server.allowedHosts'],
  ['/webpack5', 'webpack-dev-server', 'devServer.allowedHosts'],
  ['/_next/static/chunk.js', 'Next.js', 'allowedDevOrigins'],
  ['/django', 'Django', 'ALLOWED_HOSTS'],
  ['/django-origin', 'Django', 'CSRF_TRUSTED_ORIGINS'],
  ['/svelte?/add', 'SvelteKit', 'kit.csrf.trustedOrigins'],
  ['/react-router?index', 'React Router', 'allowedActionOrigins'],
  ['/storybook', 'Storybook', 'core.allowedHosts'],
  ['/rails', 'Rails', 'config.hosts << "app.test"'],
];

appBehind('refusals of development servers', { arguments: ['--access-log'], app }, (running) => {
  for (const [path, name, setting] of ADVICE) {
    test(`${path}: the log names ${setting}, once, and the page passes as it is`, async () => {
      const { client, front } = running();
      for (const _ of [1, 2]) {
        const reply = await client.request(path, { headers: { host: 'app.test' } });
        assert.deepEqual([reply.status, reply.text], PAGES[path]);
      }
      await front.logged(/warning: .* refuses requests for app\.test\nhint: /);
      const hints = (): string[] =>
        front.log.split('\n').filter((line) => line.startsWith('hint:') && line.includes(setting));
      await front.logged(
        new RegExp(`warning: ${name} refuses[^\\n]*\\nhint: [^\\n]*${setting.split(' ')[0]}`),
      );
      assert.equal(hints().length, 1);
    });
  }

  test('what only looks like one is not explained', async () => {
    const { client, front } = running();
    for (const path of ['/forbidden', '/other']) {
      await client.request(path, { headers: { host: 'other.test' } });
    }
    // Written when the exchange is over, behind any advice.
    await front.logged(/GET \/other HTTP[^\n]*host=other\.test/);
    assert.doesNotMatch(front.log, /refuses requests for other\.test/);
  });
});

appBehind(
  'a bare refusal with status 200',
  {
    app: (_request, response) => response.end('Invalid Host header'),
  },
  (running) => {
    test('is that of webpack-dev-server 3 and 4', async () => {
      const { client, front } = running();
      await client.request('/', { headers: { host: 'app.test' } });
      await front.logged(/warning: webpack-dev-server refuses requests for app\.test/);
    });
  },
);
