/**
 * How numbers, values and durations read.
 */
import { expect, test } from 'vitest';
import {
  formatChange,
  formatClock,
  formatCount,
  formatDuration,
  formatLiteral,
  formatLog,
  formatNumber,
  formatScore,
  formatTrialId,
  formatValue
} from '../src/format';

test.each([
  [0.98061, '0.9806'],
  [0.98, '0.9800'],
  [12.345, '12.35'],
  [12345.6, '12346'],
  [0.000231, '2.310e-4'],
  [0, '0.000'],
  [NaN, 'NaN'],
  [-Infinity, '−∞'],
  [null, '–']
])('a score of %s reads %s', (value, text) => expect(formatScore(value)).toBe(text));

test.each([
  [96, '96'],
  [0.2, '0.2'],
  [0.1 + 0.2, '0.3'],
  [1e-4, '1e-4'],
  [0.00231, '2.31e-3'],
  [1500000, '1500000'],
  [0, '0'],
  [-0.5, '-0.5']
])('a parameter of %s reads %s', (value, text) => expect(formatNumber(value)).toBe(text));

test('on a log scale all numbers have an exponent', () => {
  expect([0.1, 0.00231].map(formatLog)).toEqual(['1.00e-1', '2.31e-3']);
});

test.each([
  [true, 'True', 'True'],
  [null, 'None', 'None'],
  ['relu', 'relu', '"relu"'],
  [{ __tuple__: [3, 3] }, '(3, 3)', '(3, 3)'],
  [{ __tuple__: ['a'] }, '("a",)', '("a",)'],
  [[1, null], '[1, None]', '[1, None]'],
  [0.1234567, '0.1235', '0.1234567']
])('%j reads as Python does', (value, shown, literal) => {
  expect(formatValue(value)).toBe(shown);
  expect(formatLiteral(value)).toBe(literal);
});

test.each([
  [0.0042, '+0.0042'],
  [-0.01, '−0.01'],
  [5e-6, '+5e-6'],
  [0, '+0']
])('a change of %s reads %s', (value, text) => expect(formatChange(value)).toBe(text));

test('times read as clocks or seconds', () => {
  expect([0, 102, 3723].map(formatClock)).toEqual(['0:00', '1:42', '1:02:03']);
  expect([0.02, 5.84, 42.2, 102].map(formatDuration)).toEqual(['20 ms', '5.8 s', '42 s', '1:42']);
});

test('counts are grouped and ids lose their leading zeros', () => {
  expect(formatCount(10000)).toBe('10,000');
  expect(['0012', '0', 'a01'].map(formatTrialId)).toEqual(['12', '0', 'a01']);
});
