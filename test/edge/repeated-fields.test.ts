/**
 * Fields that repeat on a connection are judged and written once. Whatever came before on the connection, at the app and in
 * its answers, a message becomes what it became when it was the first of its kind.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { appBehind } from '../support/app-behind.js';
import { until } from '../support/deadline.js';
import { Client, type ClientRequest, type ReplyHeaders } from '../support/https-client.js';
import { SeededRandom } from '../support/random.js';

const DATED = { Date: 'Mon, 21 Oct 2013 20:13:21 GMT', Server: 'app/1', 'X-Kept': 'kept' };

/** Answers by path; the body tells what was received. */
const ANSWERS: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> = {
  '/': DATED,
  '/more': { ...DATED, 'X-More': 'more' },
  '/undated': { Server: 'app/1' },
  '/cookie': { ...DATED, 'Set-Cookie': ['a=b; Path=/', 'c=d'] },
  '/listed': { ...DATED, Connection: 'X-Kept', 'X-Other': 'other' },
  '/redirect': { ...DATED, Location: 'http://one.test/next' },
  '/text': { ...DATED, 'Content-Type': 'text/plain' },
};

function app(request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const fields = ANSWERS[String(request.url)] ?? {};
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
  response.end(JSON.stringify({ method: request.method, raw: request.rawHeaders }).padEnd(3000));
}

const BROWSER = { accept: 'text/html', 'accept-language': 'en', 'user-agent': 'browser/1' };

/** Requests that differ in one thing each. */
const REQUESTS: readonly ClientRequest[] = [
  { headers: BROWSER },
  { headers: BROWSER, method: 'HEAD' },
  { headers: BROWSER, method: 'POST', body: 'four' },
  { headers: BROWSER, method: 'POST', body: 'fives' },
  { headers: { ...BROWSER, host: 'one.test' } },
  { headers: { ...BROWSER, host: 'two.test' } },
  { headers: { ...BROWSER, cookie: 'a=b' } },
  { headers: { ...BROWSER, cookie: 'a=c' } },
  { headers: { ...BROWSER, 'user-agent': 'browser/2' } },
  { headers: { ...BROWSER, 'x-request-id': 'mine-42' } },
  { headers: { ...BROWSER, 'x-forwarded-for': '203.0.113.7', 'x-forwarded-host': 'evil.test' } },
  { headers: { ...BROWSER, te: 'trailers' } },
  { headers: { ...BROWSER, 'accept-encoding': 'gzip' } },
];

interface Outcome {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly text: string;
  readonly requestId: string;
}

/** What came of it, without what differs from request to request by right. */
async function outcomeOf(client: Client, path: string, request: ClientRequest): Promise<Outcome> {
  const reply = await client.request(path, request);
  const { date, ...headers } = reply.headers;
  assert.ok(!Number.isNaN(Date.parse(String(date))), `${path} has a date: ${String(date)}`);
  const isFromApp = ANSWERS[path]?.Date !== undefined;
  assert.equal(date === DATED.Date, isFromApp, `${path}: ${String(date)}`);
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(reply.body) : reply.body;
  const text = body.toString().trimEnd();
  const requestId = /"x-request-id","([^"]*)"/i.exec(text)?.[1] ?? '';
  return { status: reply.status, headers, text: text.replace(requestId, ''), requestId };
}

const RULES = ['--header-up', '+X-Added more', '--header-down', 'Server front', '--via', '--hsts', '180d'];

for (const [name, args] of [
  ['as it is', []],
  ['with --change-host', ['--change-host']],
  ['with header rules', RULES],
  ['with --compress', ['--compress']],
  ['with --trusted-proxies', ['--trusted-proxies', '127.0.0.0/8']],
] as const) {
  appBehind(`fields that repeat ${name}`, { arguments: args, app, engines: ['direct'] }, (running) => {
    test('become what they became the first time', async () => {
      const { client } = running();
      const kinds = Object.keys(ANSWERS).flatMap((path) => REQUESTS.map((request) => ({ path, request })));
      const first: Outcome[] = [];
      for (const { path, request } of kinds) {
        const alone = new Client(client.target, client.protocol);
        first.push(await outcomeOf(alone, path, request));
        alone.close();
      }
      const random = new SeededRandom(20);
      const ids = new Set<string>();
      for (let times = 0; times < 150; times += 1) {
        // Often the same again, and often a neighbour of it.
        const at = random.below(kinds.length);
        for (let again = random.below(3); again >= 0; again -= 1) {
          const { path, request } = kinds[at] ?? assert.fail();
          const { requestId, ...outcome } = await outcomeOf(client, path, request);
          const { requestId: _, ...expected } = first[at] ?? assert.fail();
          assert.deepEqual(outcome, expected, `${path} ${JSON.stringify(request)}`);
          if (requestId === 'mine-42' || request.method === 'HEAD') continue;
          assert.ok(!ids.has(requestId), `${requestId} came twice`);
          ids.add(requestId);
        }
      }
      assert.ok(ids.size > 60);
    });
  });
}

appBehind('fields that repeat', { app, engines: ['direct'] }, (running) => {
  test('keep no date that the app did not send', async () => {
    const { client } = running();
    const dateOf = async (): Promise<unknown> => (await client.request('/undated')).headers.date;
    const first = await dateOf();
    await until(async () => (await dateOf()) !== first || undefined, 30_000, 'a later date');
  });
});
