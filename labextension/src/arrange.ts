/**
 * Which trials the table shows and in which order: filter and sort, over plain trials.
 */
import { formatTrialId, formatValue } from './format';
import type { Json } from './protocol';
import { SHOWN_STATES, type Shown, type Trial } from './trial';

/** `null` as a sort means: the best first. */
export interface ISort {
  key: string;
  descending: boolean;
}

export const VALUE_PREFIX = 'value:';

type Key = number | string | null;

function valueKey(value: Json | undefined): Key {
  if (value === undefined || value === null) {
    return null;
  }
  return typeof value === 'number'
    ? value
    : typeof value === 'boolean'
      ? Number(value)
      : formatValue(value);
}

/** The score, or for a trial that runs the best value so far. */
export function scoreOf(trial: Trial, sign: 1 | -1): number | null {
  return trial.score ?? (trial.hasEnded ? null : trial.bestSoFar(sign));
}

function sortKey(trial: Trial, key: string, sign: 1 | -1): Key {
  switch (key) {
    case 'id':
      return trial.index;
    case 'state':
      return SHOWN_STATES.indexOf(trial.shown);
    case 'score':
      return scoreOf(trial, sign);
    case 'curve':
      return trial.latest;
    case 'epochs':
      return trial.epochs;
    case 'time':
      return trial.duration ?? (trial.status === 'RUNNING' ? Infinity : null);
    default:
      return valueKey(trial.values[key.slice(VALUE_PREFIX.length)]);
  }
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b ? 0 : a < b ? -1 : 1;
  }
  return collator.compare(String(a), String(b));
}

const isMissing = (key: Key): key is null => key === null || Number.isNaN(key);

export function sortTrials(trials: readonly Trial[], sort: ISort | null, sign: 1 | -1): Trial[] {
  const { key, descending } = sort ?? { key: 'score', descending: sign === -1 };
  const keyed = trials.map(trial => ({ trial, key: sortKey(trial, key, sign) }));
  const direction = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (isMissing(a.key) || isMissing(b.key)) {
      // What has no value comes last whatever the direction; there, running trials before failed ones.
      return (
        Number(isMissing(a.key)) - Number(isMissing(b.key)) ||
        Number(a.trial.hasEnded) - Number(b.trial.hasEnded) ||
        a.trial.index - b.trial.index
      );
    }
    return direction * compare(a.key, b.key) || a.trial.index - b.trial.index;
  });
  return keyed.map(({ trial }) => trial);
}

const TERM = /^(.+?)(<=|>=|!=|==|=|<|>|:)(.+)$/;

type Test = (trial: Trial) => boolean;

function compareTest(name: string, operator: string, wanted: string, sign: 1 | -1): Test {
  const limit = Number(wanted);
  const low = name.toLowerCase();
  return trial => {
    const field = Object.keys(trial.values).find(key => key.toLowerCase() === low);
    const special = { score: scoreOf(trial, sign), epochs: trial.epochs, time: trial.duration }[
      low
    ];
    const value = field !== undefined ? trial.values[field] : special;
    if (value === undefined || value === null) {
      return false;
    }
    if (typeof value === 'number' && !Number.isNaN(limit)) {
      switch (operator) {
        case '<':
          return value < limit;
        case '>':
          return value > limit;
        case '<=':
          return value <= limit;
        case '>=':
          return value >= limit;
        case '!=':
          return value !== limit;
        default:
          return value === limit;
      }
    }
    const same = formatValue(value).toLowerCase() === wanted.toLowerCase();
    return operator === '!='
      ? !same
      : operator.startsWith('<') || operator.startsWith('>')
        ? false
        : same;
  };
}

function wordTest(word: string, label: (shown: Shown) => string): Test {
  return trial =>
    formatTrialId(trial.id) === word ||
    label(trial.shown).toLowerCase().includes(word) ||
    (trial.error !== null &&
      `${trial.error.type} ${trial.error.message}`.toLowerCase().includes(word)) ||
    Object.values(trial.values).some(
      value => typeof value !== 'number' && formatValue(value).toLowerCase().includes(word)
    );
}

/**
 * Read a filter: words that must all be found, and conditions such as `lr<0.01` or `act=relu`.
 *
 * @param label - what a state is called, so that it can be searched for
 */
export function readFilter(text: string, sign: 1 | -1, label: (shown: Shown) => string): Test {
  const spaced = text.trim().replace(/\s*(<=|>=|!=|==|=|<|>)\s*/g, '$1');
  const tests = spaced
    .split(/\s+/)
    .filter(term => term !== '')
    .map(term => {
      const match = TERM.exec(term);
      return match === null
        ? wordTest(term.toLowerCase(), label)
        : compareTest(match[1], match[2], match[3], sign);
    });
  return trial => tests.every(test => test(trial));
}
