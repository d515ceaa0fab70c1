/** What decides about names that nobody has given: which are asked about, how questions are bounded and remembered, and who is asked. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Allowance } from '../../../src/certificates/acme/on-demand/allowance.js';
import { askUrl, questionFor } from '../../../src/certificates/acme/on-demand/ask-url.js';
import { whyUnfit } from '../../../src/certificates/acme/on-demand/fit-names.js';
import {
  ALLOWED_MS,
  MAX_ANSWERS,
  MAX_QUESTIONS_AT_ONCE,
  QUESTION_EVERY_MS,
  QUESTIONS_AT_ONCE,
  Questions,
  REFUSED_MS,
  UNANSWERED_MS,
} from '../../../src/certificates/acme/on-demand/questions.js';
import { isPublicSuffix } from '../../../src/certificates/suffixes/public-suffix.js';
import { askedUpstream } from '../../../src/master/asked-app.js';
import { listenLocally } from '../../support/app-behind.js';
import { resolveGiven } from '../../support/settings.js';

test('names that can be somebody\u2019s are asked about', () => {
  for (const name of [
    'example.com',
    'shop.example.co.uk',
    'xn--bcher-kva.example.com',
    'a.b.c.d.e.f.g.h.example.com',
    '1.example.com',
    'github.io',
    'www.ck',
    'kobe.jp',
    'example.unheard-of',
  ])
    assert.equal(whyUnfit(name), null, name);
});

test('names that are nobody\u2019s, or no names, are not', () => {
  const names = {
    '': /no host name/,
    '192.0.2.7': /an address/,
    '2001:db8::7': /an address/,
    '1.2.3': /a number/,
    '*.example.com': /a wildcard/,
    shop: /without a dot/,
    'a..example.com': /no host name/,
    '.example.com': /no host name/,
    'example.com.': /no host name/,
    '-a.example.com': /no host name/,
    'a-.example.com': /no host name/,
    'x_y.example.com': /no host name/,
    'a b.example.com': /no host name/,
    'a/../b.example.com': /no host name/,
    'a?domain=b.example.com': /no host name/,
    'ab--c.example.com': /no host name/,
    'b\u00fccher.example.com': /no host name/,
    [`${'a'.repeat(64)}.example.com`]: /no host name/,
    [`${'a.'.repeat(126)}com`]: /no host name|labels/,
    'a.b.c.d.e.f.g.h.i.example.com': /more than 10 labels/,
    'app.localhost': /\.localhost/,
    'printer.local': /\.local/,
    'app.test': /\.test/,
    'db.internal': /\.internal/,
    'nas.lan': /\.lan/,
    '7.2.0.192.in-addr.arpa': /\.arpa/,
    'abc.onion': /\.onion/,
    'co.uk': /public suffix/,
    'xn--p1ai': /without a dot/,
    'foo.ck': /public suffix/,
    'x.kobe.jp': /public suffix/,
    'aisai.aichi.jp': /public suffix/,
  };
  for (const [name, why] of Object.entries(names)) assert.match(whyUnfit(name) ?? 'fit', why, name);
});

test('public suffixes are those of the list: exact rules, wildcards, exceptions, and top-level names', () => {
  const suffixes = {
    com: true,
    'co.uk': true,
    'example.co.uk': false,
    'abc.sch.uk': true,
    'sch.uk': false,
    'city.kobe.jp': false,
    'a.x.kobe.jp': false,
    'github.io': false,
    'unheard-of': true,
    'a.unheard-of': false,
    'xn--55qx5d.cn': true,
  };
  for (const [name, is] of Object.entries(suffixes)) assert.equal(isPublicSuffix(name), is, name);
});

/** Questions with a clock that stands still, and an operator whose word is a status or an error. */
function asking(say: (name: string) => number | Promise<number>) {
  const clock = { ms: 1_000_000 };
  const asked: string[] = [];
  const questions = new Questions(
    async (name) => {
      asked.push(name);
      return say(name);
    },
    () => clock.ms,
  );
  return { questions, asked, clock };
}

test('2xx is yes; all else is no, and 5xx is no answer', async () => {
  const words = { 200: 'yes', 204: 'yes', 299: 'yes', 301: 'denied', 403: 'denied', 404: 'denied' };
  for (const [status, kind] of Object.entries({ ...words, 500: 'unanswered', 503: 'unanswered' })) {
    const verdict = await asking(() => Number(status)).questions.ask('a.example.com');
    assert.equal(verdict === 'yes' ? verdict : verdict.kind, kind, status);
  }
});

for (const [what, word, lifeMs] of [
  ['a yes counts until the certificate is there, or for an hour', 200, ALLOWED_MS],
  ['a no counts for a minute', 404, REFUSED_MS],
  ['no answer counts for a moment', 502, UNANSWERED_MS],
] as const) {
  test(what, async () => {
    const { questions, asked, clock } = asking(() => word);
    const first = await questions.ask('a.example.com');
    clock.ms += lifeMs - 1;
    assert.deepEqual(await questions.ask('a.example.com'), first);
    assert.equal(asked.length, 1);
    clock.ms += 1;
    await questions.ask('a.example.com');
    assert.equal(asked.length, 2);
    questions.forget('a.example.com');
    await questions.ask('a.example.com');
    assert.equal(asked.length, 3);
  });
}

test('before a renewal the operator is asked whatever he has said before', async () => {
  const words = [200, 404];
  const { questions, asked } = asking(() => words.shift() ?? 500);
  assert.equal(await questions.ask('a.example.com'), 'yes');
  assert.equal(Reflect.get(Object(await questions.askAnew('a.example.com')), 'kind'), 'denied');
  assert.equal(asked.length, 2);
});

test('so many questions are put at once, and then at an even pace', async () => {
  const { questions, asked, clock } = asking(() => 404);
  for (let index = 0; index < 1000; index += 1) await questions.ask(`n${index}.example.com`);
  assert.equal(asked.length, QUESTIONS_AT_ONCE);
  clock.ms += 3 * QUESTION_EVERY_MS;
  for (let index = 0; index < 1000; index += 1) await questions.ask(`m${index}.example.com`);
  assert.equal(asked.length, QUESTIONS_AT_ONCE + 3);
});

test('so many questions are open at a time, and one that was left out is put later', async () => {
  const open: ((status: number) => void)[] = [];
  const { questions, asked } = asking(() => new Promise((resolve) => open.push(resolve)));
  const all = Array.from({ length: 40 }, (_one, index) => questions.ask(`n${index}.example.com`));
  assert.equal(asked.length, MAX_QUESTIONS_AT_ONCE);
  for (const end of open.splice(0)) end(200);
  const verdicts = await Promise.all(all);
  assert.equal(verdicts.filter((one) => one === 'yes').length, MAX_QUESTIONS_AT_ONCE);
  const again = questions.ask('n39.example.com');
  open[0]?.(200);
  assert.equal(await again, 'yes');
});

test('so many answers are remembered', async () => {
  const { questions, asked, clock } = asking(() => 200);
  for (let index = 0; index <= MAX_ANSWERS; index += 1) {
    clock.ms += QUESTION_EVERY_MS;
    await questions.ask(`n${index}.example.com`);
  }
  clock.ms = 1_000_000 + ALLOWED_MS / 2;
  const before = asked.length;
  await questions.ask(`n${MAX_ANSWERS}.example.com`);
  await questions.ask('n0.example.com');
  assert.deepEqual(asked.slice(before), ['n0.example.com']);
});

test('an allowance fills up evenly, to its measure, and by no clock that is set back', () => {
  const clock = { ms: 0 };
  const allowance = new Allowance(2, 1000, () => clock.ms);
  const take = (): readonly boolean[] => [allowance.take(), allowance.take(), allowance.take()];
  assert.deepEqual(take(), [true, true, false]);
  clock.ms = 1000;
  assert.deepEqual(take(), [true, false, false]);
  clock.ms = 500;
  assert.deepEqual(take(), [false, false, false]);
  clock.ms = 1_000_000;
  assert.deepEqual(take(), [true, true, false]);
});

async function operator(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${await listenLocally(server)}/may?token=1`;
}

const ask = (address: string, timeoutMs = 30_000): Promise<number> =>
  askUrl(questionFor(address, 'a.example.com'), timeoutMs, 'test', new AbortController().signal);

test('the operator\u2019s server is asked with GET, the name behind what his address has already', async (t) => {
  const seen: string[] = [];
  const address = await operator(t, ({ method, url }, response) => {
    seen.push(`${method} ${url}`);
    response.writeHead(204).end();
  });
  assert.equal(await ask(address), 204);
  assert.deepEqual(seen, ['GET /may?token=1&domain=a.example.com']);
  assert.equal(questionFor('/may', 'a.example.com'), '/may?domain=a.example.com');
});

test('redirects are not followed, and an endless answer is not read', async (t) => {
  let count = 0;
  const address = await operator(t, (_request, response) => {
    count += 1;
    response.writeHead(count === 1 ? 307 : 200, { location: '/elsewhere' }).write('x'.repeat(1000));
  });
  assert.equal(await ask(address), 307);
  assert.equal(await ask(address), 200);
  assert.equal(count, 2);
});

test('an operator who does not answer is given up in time, with a reason', async (t) => {
  const silent = await operator(t, () => undefined);
  await assert.rejects(ask(silent, 50), /^Error: no answer within 0\.05 s$/);
  const broken = await operator(t, ({ socket }) => socket.destroy());
  await assert.rejects(ask(broken), /^Error: the connection broke$/);
  const server = createServer();
  const gone = await listenLocally(server);
  server.close();
  await assert.rejects(ask(`http://127.0.0.1:${gone}/`), /^Error: nothing listens there$/);
});

test('a path is asked of the app that any host\u2019s request for it would reach', () => {
  const upstream = ['127.0.0.1:1', '/api=127.0.0.1:2', 'other.example.com/may=127.0.0.1:3'];
  const { apps } = resolveGiven({ flags: { upstream } });
  const states = apps.flatMap((app, index) =>
    app.upstreams.map((one) => ({
      ...{ ...one, id: index, app: index, hostName: null, key: '', needsLength: false, ready: true },
    })),
  );
  const portFor = (path: string, all = states): number | undefined => askedUpstream(path, apps, all)?.port;
  for (const [path, port] of Object.entries({
    '/may?domain=a': 1,
    '/api?domain=a': 2,
    '/api/may?domain=a': 2,
    '/apis?domain=a': 1,
  }))
    assert.equal(portFor(path), port, path);
  assert.equal(
    portFor(
      '/may',
      states.map((one) => ({ ...one, ready: false })),
    ),
    undefined,
  );
});
