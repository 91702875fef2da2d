/**
 * How numbers, values, durations and trial ids are written.
 */
import type { Json } from './protocol';

const SIGNIFICANT = 4;

function formatSpecial(value: number): string | null {
  if (Number.isNaN(value)) {
    return 'NaN';
  }
  return Number.isFinite(value) ? null : value > 0 ? '∞' : '−∞';
}

/** `1.50e-7` → `1.5e-7`, `2.310` → `2.31`. */
function stripZeros(digits: string): string {
  return digits.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

function exponential(value: number, decimals: number): string {
  return value.toExponential(decimals).replace('e+', 'e');
}

/** A score or metric: 4 significant digits, an exponent for the very small and the very large. */
export function formatScore(value: number | null): string {
  if (value === null) {
    return '–';
  }
  const special = formatSpecial(value);
  if (special !== null) {
    return special;
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    return exponential(value, SIGNIFICANT - 1);
  }
  return size >= 1000 ? value.toFixed(0) : value.toPrecision(SIGNIFICANT);
}

/** A difference of two scores, with its sign, as short as it can be. */
export function formatChange(value: number): string {
  const special = formatSpecial(value);
  const size = Math.abs(value);
  const digits =
    special ??
    (size !== 0 && (size < 1e-3 || size >= 1e7)
      ? exponential(size, 0)
      : stripZeros(size.toPrecision(2)));
  return `${value < 0 ? '−' : '+'}${special === null ? digits : special.replace('−', '')}`;
}

/** A hyperparameter's number: integers in full, others with at most `digits` significant ones. */
export function formatNumber(value: number, digits = SIGNIFICANT): string {
  const special = formatSpecial(value);
  if (special !== null) {
    return special;
  }
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) {
    return String(value);
  }
  if (size < 1e-2 || size >= 1e7) {
    return stripZeros(exponential(value, digits - 2));
  }
  const short = stripZeros(value.toPrecision(digits));
  return short.includes('e') ? String(Math.round(value)) : short;
}

function isTuple(value: Json): value is { __tuple__: Json[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    '__tuple__' in value &&
    Array.isArray(value.__tuple__)
  );
}

function format(
  value: Json,
  ofNumber: (n: number) => string,
  ofText: (s: string) => string
): string {
  const inner = (item: Json) => format(item, ofNumber, JSON.stringify);
  if (value === null) {
    return 'None';
  }
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return ofNumber(value);
    case 'string':
      return ofText(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(inner).join(', ')}]`;
  }
  if (isTuple(value)) {
    const items = value.__tuple__.map(inner);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
  }
  const items = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${inner(item)}`
  );
  return `{${items.join(', ')}}`;
}

/** A number of a parameter searched on a log scale: always with an exponent, so that a column reads evenly. */
export function formatLog(value: number): string {
  return formatSpecial(value) ?? exponential(value, 2);
}

/** A hyperparameter's value as the table shows it. */
export function formatValue(value: Json, isLog = false): string {
  return format(
    value,
    item => (isLog && !Number.isInteger(item) ? formatLog(item) : formatNumber(item)),
    item => item
  );
}

/** A hyperparameter's value as Python writes it, in full. */
export function formatLiteral(value: Json): string {
  return format(value, String, JSON.stringify);
}

/** A hyperparameter's value as Python writes it, its numbers kept readable. */
export function formatShortLiteral(value: Json): string {
  return format(value, item => formatNumber(item, 6), JSON.stringify);
}

const two = (n: number) => String(n).padStart(2, '0');

/** `1:42`, `2:03:09`. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `0.1 s`, `42 s`, then as a clock. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) {
    return '–';
  }
  const clipped = Math.max(0, seconds);
  if (clipped < 0.0995) {
    return `${Math.round(clipped * 1000)} ms`;
  }
  if (clipped < 9.95) {
    return `${clipped.toFixed(1)} s`;
  }
  return clipped < 59.5 ? `${clipped.toFixed(0)} s` : formatClock(clipped);
}

/** `10,000`. */
export function formatCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Trials numbered with leading zeros are shown without them. */
export function formatTrialId(id: string): string {
  return /^\d+$/.test(id) ? id.replace(/^0+(?=\d)/, '') : id;
}
