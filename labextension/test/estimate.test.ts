/**
 * How long is left.
 */
import { expect, test } from 'vitest';
import { estimateLeft, totalTrials } from '../src/estimate';
import { Script } from './helpers';

/** Trials of one second each. */
function script(n: number, fields = {}) {
  const made = new Script().start(fields);
  for (let i = 0; i < n; i++) {
    made.trial(String(i)).end(String(i), 1);
  }
  return made;
}

test('without an ended trial nothing is said', () => {
  expect(estimateLeft(script(0).store(), 0)).toBeNull();
});

test('the trials to come last as the ended ones did', () => {
  expect(estimateLeft(script(4).store(), 0)).toEqual({ seconds: 6, spread: 0 });
});

test('workers share what is left', () => {
  expect(estimateLeft(script(4, { workers: 3 }).store(), 0)?.seconds).toBe(2);
});

test('a space smaller than the limit ends the search sooner', () => {
  const store = script(4, { n_combinations: 6 }).store();
  expect(totalTrials(store)).toBe(6);
  expect(estimateLeft(store, 0)?.seconds).toBe(2);
});

test('trials by hand beyond a space that is used up count', () => {
  const all = new Script().start({ n_combinations: 2, max_trials: null }).trial('0').trial('1');
  expect(totalTrials(all.store())).toBe(2);
  expect(totalTrials(all.trial('2', {}, { number: 1, values: {} }).store())).toBe(3);
});

test('the time limit cuts the estimate', () => {
  const store = script(4, { timeout_s: 10 }).store();
  const now = 1009; // 8 s after the start
  expect(estimateLeft(store, now)?.seconds).toBe(2);
});

test('an ended search has nothing left', () => {
  const store = script(4).add('search_ended', { reason: 'stopped', error: null }).store();
  expect(estimateLeft(store, 0)).toBeNull();
});
