/** What cut requests cost a client: when it waits, what answers pay back, what time forgives, and whom an address stands for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResetBudget } from '../../../proxy/exchange/access/reset-budget.js';

const CLIENT = '192.0.2.1';

/** Begins requests and cuts each, until one has to wait; says how many were begun. */
function attack(budget: ResetBudget, nowMs: number, most = 10_000): number {
  for (let begun = 0; begun < most; begun += 1) {
    const admission = budget.begin(CLIENT, nowMs);
    if (admission === 'wait') return begun;
    budget.cut(CLIENT, admission, nowMs);
  }
  return most;
}

test('a client that cuts all it begins waits from the limit on', () => {
  const budget = new ResetBudget(100);
  assert.equal(attack(budget, 0), 100);
  assert.equal(budget.begin('192.0.2.2', 0), 'free');
});

test('it is held to what time forgives, however many connections it has', () => {
  const budget = new ResetBudget(100);
  attack(budget, 0);
  let begun = 0;
  for (let nowMs = 250; nowMs <= 10_000; nowMs += 250) begun += attack(budget, nowMs);
  assert.ok(begun <= 100, `${begun} begun in ten seconds`);
  assert.ok(begun >= 75, `${begun} begun in ten seconds`);
});

test('requests that are under way count while the client is watched', () => {
  const budget = new ResetBudget(100);
  for (let count = 0; count < 60; count += 1) budget.cut(CLIENT, 'free', 0);
  let begun = 0;
  while (budget.begin(CLIENT, 0) === 'watched') begun += 1;
  assert.equal(begun, 40);
});

test('a page that is loaded again and again is never slowed while it gets answers', () => {
  const budget = new ResetBudget(100);
  for (let reload = 0; reload < 50; reload += 1) {
    for (let count = 0; count < 64; count += 1) {
      const admission = budget.begin(CLIENT, 0);
      assert.notEqual(admission, 'wait', `reload ${reload}, request ${count}`);
      if (count % 2 === 0) budget.cut(CLIENT, admission, 0);
      else budget.answered(CLIENT, admission);
    }
  }
});

test('what was owed is forgiven in the end', () => {
  const budget = new ResetBudget(100);
  attack(budget, 0);
  budget.sweep(30_000);
  assert.equal(attack(budget, 30_000), 100);
});

test('the end of a watched request that is answered pays for itself and for another', () => {
  const budget = new ResetBudget(10);
  for (let count = 0; count < 9; count += 1) budget.cut(CLIENT, 'free', 0);
  assert.equal(budget.begin(CLIENT, 0), 'watched');
  assert.equal(budget.begin(CLIENT, 0), 'wait');
  budget.answered(CLIENT, 'watched');
  assert.equal(budget.begin(CLIENT, 0), 'watched');
});
