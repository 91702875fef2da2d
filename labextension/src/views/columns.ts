/**
 * The table's columns: trial, state and score, one for each hyperparameter in the space's order, then how it went.
 */
import { VALUE_PREFIX } from '../arrange';
import { formatTrialId, formatValue } from '../format';
import type { IObjective, Json } from '../protocol';
import type { SearchStore } from '../store';
import type { Strings } from '../strings';
import { isObject, text } from '../wire';
import { SPARK_PX } from './spark';

export interface IColumn {
  key: string;
  label: string;
  title: string;
  /** Room for so many digits, and so many pixels more. */
  chars: number;
  px: number;
  /** Takes a share of what is left over. */
  grows: boolean;
  /** Searched on a log scale. */
  isLog: boolean;
  /** Text is set left, numbers right. */
  isText: boolean;
}

/** A letter of a label or word, in widths of a digit. */
const LETTER = 0.88;
const SORT_MARK = 1.4;
/** A longer label is cut short; the title tells it. */
const MAX_LABEL = 10;
const DOT_PX = 14;
/** The least and the most digits that a column has room for. */
const VALUE_CHARS = [4, 26] as const;
const SCORE_CHARS = [8, 14] as const;
/** The first column stands a little farther from the edge. */
const FIRST_PX = 6;
const N_SAMPLES = 200;

/** Return the names of the hyperparameters: those of the space in its order, then those met in trials. */
export function valueNames(store: SearchStore): string[] {
  const names = new Set<string>();
  for (const entry of store.search.space) {
    const config = isObject(entry.config) ? entry.config : entry;
    const name = text(config.name);
    if (name !== '') {
      names.add(name);
    }
  }
  for (const trial of samples(store)) {
    Object.keys(trial.values).forEach(name => names.add(name));
  }
  return [...names].filter(isHyperparameter);
}

/** Whether this is no note of the tuner's own, as Hyperband leaves them among a trial's values. */
export function isHyperparameter(name: string): boolean {
  return !name.startsWith('tuner/');
}

/** The first and the latest trials. */
function samples(store: SearchStore) {
  const { trials } = store;
  return trials.length <= N_SAMPLES
    ? trials
    : [...trials.slice(0, N_SAMPLES / 2), ...trials.slice(-N_SAMPLES / 2)];
}

function labelChars(label: string): number {
  return Math.min(MAX_LABEL, label.length * LETTER) + SORT_MARK;
}

function clip(chars: number, [min, max]: readonly [number, number]): number {
  return Math.min(max, Math.max(min, chars));
}

function isLog(store: SearchStore, name: string): boolean {
  return store.search.space.some(
    ({ config }) =>
      isObject(config) && config.name === name && text(config.sampling).endsWith('log')
  );
}

function valueColumn(store: SearchStore, name: string): IColumn {
  let longest = 1;
  let isText = false;
  const onLog = isLog(store, name);
  for (const trial of samples(store)) {
    const value: Json | undefined = trial.values[name];
    if (value !== undefined && value !== null) {
      longest = Math.max(longest, formatValue(value, onLog).length);
      isText ||= typeof value !== 'number';
    }
  }
  return {
    key: VALUE_PREFIX + name,
    label: name,
    title: name,
    chars: clip(Math.max(labelChars(name), longest * (isText ? LETTER : 1)), VALUE_CHARS),
    px: 0,
    grows: true,
    isLog: onLog,
    isText
  };
}

/** What a number that a trial simply returned is called by KerasTuner. */
const UNNAMED = 'default_objective';

/** Return what the score is called: the metric's name where there is one. */
export function metricLabel(objectives: readonly IObjective[] | null, strings: Strings): string {
  const only = objectives?.length === 1 ? objectives[0].name : UNNAMED;
  return only === UNNAMED ? strings.head.score : only;
}

/** Letters of `ValueError, line 6`, which stands where a failed trial has no score; set smaller. */
function errorChars(store: SearchStore, strings: Strings): number {
  const errors = samples(store).map(({ error, status }) =>
    error === null || status === 'INVALID' ? '' : strings.table.errorAt(error.type, error.line)
  );
  return Math.max(0, ...errors.map(text => text.length * LETTER * LETTER));
}

function scoreColumn(store: SearchStore, strings: Strings): IColumn {
  const metric = metricLabel(store.search.objective, strings);
  return {
    key: 'score',
    label: metric,
    title: metric,
    chars: clip(
      Math.max(metric.length * LETTER + SORT_MARK, errorChars(store, strings)),
      SCORE_CHARS
    ),
    px: 0,
    grows: true,
    isLog: false,
    isText: false
  };
}

function fixed(column: Partial<IColumn> & Pick<IColumn, 'key' | 'label'>): IColumn {
  return {
    title: column.label,
    chars: 0,
    px: 0,
    grows: false,
    isLog: false,
    isText: false,
    ...column
  };
}

/** Return the columns; those of curves and epochs only where trials have some. */
export function columnsOf(store: SearchStore, strings: Strings, hasCurves: boolean): IColumn[] {
  const t = strings.table;
  const metric = metricLabel(store.search.objective, strings);
  const longestId = Math.max(2, ...samples(store).map(trial => formatTrialId(trial.id).length));
  const states = samples(store).map(trial => strings.states.trial[trial.shown].length);
  const columns = [
    fixed({
      key: 'id',
      label: t.id,
      title: t.idTitle,
      chars: Math.min(16, longestId),
      px: FIRST_PX,
      isText: true
    }),
    fixed({
      key: 'state',
      label: t.state,
      chars: Math.max(labelChars(t.state), ...states),
      px: DOT_PX,
      isText: true
    }),
    scoreColumn(store, strings),
    ...valueNames(store).map(name => valueColumn(store, name))
  ];
  if (hasCurves) {
    columns.push(
      fixed({
        key: 'curve',
        label: t.curve,
        title: t.curveTitle(metric),
        px: SPARK_PX + 4,
        isText: true
      }),
      fixed({ key: 'epochs', label: t.epochs, chars: labelChars(t.epochs) })
    );
  }
  columns.push(fixed({ key: 'time', label: t.time, chars: Math.max(6, labelChars(t.time)) }));
  return columns;
}
