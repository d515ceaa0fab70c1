/** Generated and damaged frames through our HTTP/2 codec and through nghttp2: what we accept it must read in the same way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../support/deadline.js';

const PROGRAM = fileURLToPath(new URL('fuzz/compare-http2.js', import.meta.url));
const SEED = 9_113;
const SESSIONS = 5_000;
const AT_A_TIME = 1_000;
const LIMIT_MS = 60_000;
const MAX_ATTEMPTS = 3;

/**
 * Sessions that broken frames have ended make node:http2 abort the process now and then, when they are collected
 * (nodejs/node#39844): that ends a process of its own, whose cases are compared again. A difference is none of that.
 */
const NODE_DEFECT = /Http2Session::~Http2Session\(\)[\s\S]*current_nghttp2_memory_/;

interface Run {
  readonly compared: number;
  readonly complaint: string;
}

async function runOnce(from: number): Promise<Run> {
  const range = [SEED, from, from + AT_A_TIME].map(String);
  const child = spawn(process.execPath, [PROGRAM, ...range], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = within(once(child, 'close'), LIMIT_MS, `the comparison from case ${from} on`);
  const [code] = await ended.finally(() => child.kill('SIGKILL'));
  return { compared: Number(out), complaint: code === 0 ? '' : complaint || 'it ended without a word' };
}

async function compare(t: TestContext, from: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const { compared, complaint } = await runOnce(from);
    if (complaint === '') return compared;
    if (attempt === MAX_ATTEMPTS || !NODE_DEFECT.test(complaint)) throw new Error(complaint);
    t.diagnostic(`node:http2 aborted beneath the cases from ${from} on: once more`);
  }
}

test('nghttp2 reads every request that we accept as we do', async (t) => {
  let compared = 0;
  for (let from = 0; from < SESSIONS; from += AT_A_TIME) compared += await compare(t, from);
  t.diagnostic(`${compared} requests compared`);
  assert.ok(compared > SESSIONS, `only ${compared} requests compared`);
});
