/**
 * Filter and order of the table.
 */
import { describe, expect, test } from 'vitest';
import { readFilter, sortTrials } from '../src/arrange';
import { Script } from './helpers';

function trials() {
  const script = new Script().start();
  script.trial('0', { lr: 0.1, act: 'relu' }).end('0', 0.5, { values: { lr: 0.1, act: 'relu' } });
  script.trial('1', { lr: 0.01, act: 'tanh' });
  script.end('1', null, {
    status: 'FAILED',
    values: { lr: 0.01, act: 'tanh' },
    error: { type: 'ValueError', message: 'odd units', traceback: '', line: 3 }
  });
  script.trial('2', { lr: 0.001 }).end('2', 0.2, { values: { lr: 0.001 } });
  script.trial('3', { lr: 0.5, act: 'relu' }).epoch('3', 0, 0.3);
  return script.store().trials;
}

const ids = (found: { id: string }[]) => found.map(({ id }) => id).join('');

describe('order', () => {
  test('without a wish the best come first, running ones by their best so far, failed ones last', () => {
    expect(ids(sortTrials(trials(), null, 1))).toBe('2301');
    expect(ids(sortTrials(trials(), null, -1))).toBe('0321');
  });

  test('what has no value comes last in both directions', () => {
    expect(ids(sortTrials(trials(), { key: 'value:act', descending: false }, 1))).toBe('0312');
    expect(ids(sortTrials(trials(), { key: 'value:act', descending: true }, 1))).toBe('1032');
  });

  test('numbers are compared as numbers', () => {
    expect(ids(sortTrials(trials(), { key: 'value:lr', descending: true }, 1))).toBe('3012');
  });
});

describe('filter', () => {
  const found = (text: string) => ids(trials().filter(readFilter(text, 1, shown => shown)));

  test.each([
    ['', '0123'],
    ['lr<0.05', '12'],
    ['lr >= 0.1', '03'],
    ['act=relu', '03'],
    ['act!=relu', '1'],
    ['relu', '03'],
    ['failed', '1'],
    ['odd', '1'],
    ['relu lr<0.2', '0'],
    ['2', '2'],
    ['score<0.4', '23'],
    ['nothing', '']
  ])('%s', (text, expected) => expect(found(text)).toBe(expected));
});
