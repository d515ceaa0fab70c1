/** Every problem of an ACME authority has a sentence and a next step, and its own text does no harm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProblem, readRetryAfter } from '../../../src/certificates/acme/protocol/problem.js';
import {
  explainProblem,
  KNOWN_PROBLEMS,
  type ProblemContext,
} from '../../../src/certificates/acme/protocol/problem-words.js';

/** RFC 8555 §6.7, RFC 8739 §8.2, RFC 9115 §7.1, RFC 9773 §7.4. */
const REGISTERED = [
  'accountDoesNotExist',
  'alreadyReplaced',
  'alreadyRevoked',
  'autoRenewalCanceled',
  'autoRenewalCancellationInvalid',
  'autoRenewalExpired',
  'autoRenewalRevocationNotSupported',
  'badCSR',
  'badNonce',
  'badPublicKey',
  'badRevocationReason',
  'badSignatureAlgorithm',
  'caa',
  'compound',
  'connection',
  'dns',
  'externalAccountRequired',
  'incorrectResponse',
  'invalidContact',
  'malformed',
  'orderNotReady',
  'rateLimited',
  'rejectedIdentifier',
  'serverInternal',
  'tls',
  'unauthorized',
  'unknownDelegation',
  'unsupportedContact',
  'unsupportedIdentifier',
  'userActionRequired',
];

const CONTEXT: ProblemContext = {
  name: 'www.example.com',
  kind: 'http-01',
  email: 'me@example.com',
  caaIdentities: ['letsencrypt.org'],
};

function told(type: string, more: object = {}, context: Partial<ProblemContext> = {}): string {
  const document = { type: `urn:ietf:params:acme:error:${type}`, detail: 'its words', ...more };
  const problem = readProblem(document, 403);
  assert.ok(problem !== null);
  const { message, hint } = explainProblem(problem, { ...CONTEXT, ...context });
  return `${message} / ${hint ?? ''}`;
}

test('every registered problem has words of its own', () => {
  assert.deepEqual([...KNOWN_PROBLEMS].sort(), REGISTERED);
  for (const type of REGISTERED) {
    assert.match(
      told(type),
      /^www\.example\.com: (the|CAA|certificates) [^:]+ \(it says: its words\) \/ /,
      type,
    );
  }
});

const CASES: readonly (readonly [string, object, Partial<ProblemContext>, RegExp])[] = [
  ['caa', {}, {}, /add the record: www\.example\.com\. CAA 0 issue "letsencrypt\.org"/],
  ['caa', {}, { name: '*.example.com' }, /example\.com\. CAA 0 issuewild "letsencrypt\.org"/],
  ['connection', {}, {}, /port 80 of www\.example\.com must be reachable/],
  ['connection', {}, { kind: 'tls-alpn-01' }, /port 443 of www\.example\.com must be reachable/],
  ['connection', {}, { kind: 'dns-01' }, /dig NS www\.example\.com/],
  ['dns', {}, {}, /give www\.example\.com an A or AAAA record/],
  ['dns', {}, { kind: 'dns-01', name: '*.example.com' }, /dig TXT _acme-challenge\.example\.com/],
  ['unauthorized', {}, {}, /another server answers http:\/\/www\.example\.com\//],
  ['unauthorized', {}, { kind: 'tls-alpn-01' }, /whether something before it ends TLS/],
  ['unauthorized', {}, { kind: 'dns-01' }, /give --acme-dns-wait more time/],
  ['unauthorized', {}, { kind: null }, /does not allow this account/],
  ['externalAccountRequired', {}, {}, /--acme-eab-kid and --acme-eab-key-file/],
  ['invalidContact', {}, {}, /does not take the e-mail address me@example\.com/],
  ['userActionRequired', { instance: 'https://ca.example/terms' }, {}, /open https:\/\/ca\.example\/terms/],
  ['rateLimited', {}, {}, /--acme-directory staging/],
];

for (const [type, more, context, expected] of CASES) {
  test(`${type} ${JSON.stringify(context)} names the next step`, () => {
    assert.match(told(type, more, context), expected);
  });
}

test('a compound problem is told by its parts', () => {
  const subproblems = [
    {
      type: 'urn:ietf:params:acme:error:caa',
      detail: 'forbidden',
      identifier: { type: 'dns', value: 'a.example' },
    },
    {
      type: 'urn:ietf:params:acme:error:dns',
      detail: 'SERVFAIL',
      identifier: { type: 'dns', value: 'b.example' },
    },
  ];
  const text = told('compound', { subproblems });
  assert.match(text, /CAA records .*a\.example: forbidden; b\.example: SERVFAIL/);
});

test('a problem of an unknown type is told with its text and status', () => {
  const problem = readProblem({ type: 'about:blank', detail: 'odd' }, 418);
  assert.ok(problem !== null);
  assert.equal(
    explainProblem(problem, CONTEXT).message,
    'www.example.com: the authority refused with status 418 (it says: odd)',
  );
});

test('text of the authority stays on one line, without commands to a terminal, and short', () => {
  const text = told('malformed', { detail: `a\r\nerror: false alarm\u001b[31m\u202e${'x'.repeat(1000)}` });
  assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
  assert.ok(text.length < 700);
});

test('a link of the authority is shown when it is one', () => {
  assert.doesNotMatch(told('userActionRequired', { instance: 'javascript:alert(1)' }), /javascript/);
});

test('what is no problem document is none', () => {
  for (const value of [null, 1, 'text', [], {}, { type: 1 }]) assert.equal(readProblem(value, 500), null);
});

test('Retry-After is read as seconds and as a date, and ignored when it is neither', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(readRetryAfter('120', now), 120_000);
  assert.equal(
    readRetryAfter('99999999999', now),
    99_999_999_999_000,
    'the longest pause is for the schedule to say',
  );
  assert.equal(readRetryAfter('Thu, 01 Jan 2026 01:00:00 GMT', now), 3_600_000);
  for (const field of [undefined, '', 'soon', '0', '-5', 'Thu, 01 Jan 2015 01:00:00 GMT', 7]) {
    assert.equal(readRetryAfter(field, now), undefined, String(field));
  }
});
