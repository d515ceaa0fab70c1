/** What the call that replaces a version of an app may be asked, up to the bounds of each number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDeploy } from '../../../src/control/deploy-call.js';
import { complaintOf } from '../../support/settings.js';

function read(query: string) {
  return readDeploy(new URLSearchParams(query));
}

const USUAL = {
  app: null,
  upstreams: [],
  command: null,
  folder: null,
  path: null,
  checks: 3,
  timeoutMs: 30_000,
  drainMs: 30_000,
};

for (const [query, changed] of [
  ['', {}],
  ['app=a&upstream=1&upstream=2', { app: 'a', upstreams: ['1', '2'] }],
  ['command=npm&command=start', { command: ['npm', 'start'] }],
  ['command=npm&folder=/srv/a', { command: ['npm'], folder: '/srv/a' }],
  ['path=/', { path: '/' }],
  ['path=/up?a=1', { path: '/up?a=1' }],
  ['checks=1', { checks: 1 }],
  ['checks=100', { checks: 100 }],
  ['timeout=0.001&drain=0', { timeoutMs: 1, drainMs: 0 }],
  ['timeout=1', { timeoutMs: 1000 }],
  ['timeout=86400&drain=86400', { timeoutMs: 86_400_000, drainMs: 86_400_000 }],
] as const) {
  test(`a deploy with ${JSON.stringify(query)}`, () => {
    assert.deepEqual(read(query), { ...USUAL, ...changed });
  });
}

for (const [query, expected] of [
  ['command=a&upstream=1', /named or started, not both/],
  ['command=', /the command is empty/],
  ['folder=/srv/a', /folder "\/srv\/a" is of no use/],
  ['upstream=1&folder=/srv/a', /is of no use/],
  ['command=a&folder=srv', /folder "srv" is of no use/],
  ['command=a&folder=', /is of no use/],
  ['path=up', /"up" is not a path/],
  ['path=', /is not a path/],
  ['path=/a b', /is not a path/],
  ['path=/a%23b', /is not a path/],
  ['checks=0', /no number of checks/],
  ['checks=101', /no number of checks/],
  ['checks=1.5', /no number of checks/],
  ['timeout=0', /no time for a deploy/],
  ['timeout=86401', /no time for a deploy/],
  ['drain=86400.001', /no time for a deploy/],
  ['drain=-1', /"-1" is no number of seconds/],
  ['timeout=x', /"x" is no number of seconds/],
] as const) {
  test(`no deploy with ${JSON.stringify(query)}`, () => {
    const complaint = complaintOf(() => read(query));
    assert.match(complaint, /^config_usage: /);
    assert.match(complaint, expected);
  });
}
