/**
 * The fold agrees with the golden files, which Python's fold is held to as well.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SearchStore } from '../src/store';
import { readRecord, readSnapshot } from '../src/wire';

const folder = new URL('../../tests/golden/', import.meta.url);
const names = readdirSync(folder)
  .filter(file => file.endsWith('.jsonl'))
  .map(file => file.slice(0, -'.jsonl'.length));

function records(name: string) {
  return readFileSync(new URL(`${name}.jsonl`, folder), 'utf8')
    .trim()
    .split('\n')
    .map(line => readRecord(JSON.parse(line)))
    .filter(record => record !== null);
}

function snapshot(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`${name}.snapshot.json`, folder), 'utf8'));
}

describe.each(names)('%s', name => {
  test('folds to its snapshot', () => {
    const store = new SearchStore();
    expect(store.apply(records(name))).toBe(true);
    expect(store.snapshot()).toEqual(snapshot(name));
  });

  test('folds to the same from any snapshot on the way', () => {
    const all = records(name);
    for (let i = 1; i < all.length; i++) {
      const first = new SearchStore();
      first.apply(all.slice(0, i));
      const wire = readSnapshot(JSON.parse(JSON.stringify(first.snapshot())));
      expect(wire).not.toBeNull();
      const second = new SearchStore();
      if (wire !== null) {
        second.load(wire);
      }
      second.apply(all);
      expect(second.snapshot()).toEqual(snapshot(name));
    }
  });
});

test('details of trials that began before our eyes are as in Python', () => {
  const details: unknown = JSON.parse(readFileSync(new URL('fits.details.json', folder), 'utf8'));
  const store = new SearchStore();
  store.apply(records('fits'));
  expect(Object.fromEntries(store.trials.map(t => [t.id, store.details.get(t.id)]))).toEqual(
    details
  );
});

test('there are golden files', () => {
  expect(names.length).toBeGreaterThanOrEqual(4);
});
