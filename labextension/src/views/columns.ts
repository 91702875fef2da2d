/**
 * The table's columns: the fixed ones, then one for each hyperparameter in the space's order.
 */
import { VALUE_PREFIX } from '../arrange';
import { formatTrialId, formatValue } from '../format';
import type { IObjective, Json } from '../protocol';
import type { SearchStore } from '../store';
import type { Strings } from '../strings';
import { isObject, text } from '../wire';

export interface IColumn {
  key: string;
  label: string;
  title: string;
  width: number;
  /** Searched on a log scale. */
  isLog: boolean;
  /** Text is set left, numbers right. */
  isText: boolean;
}

const CHAR_PX = 7.8;
const LABEL_CHAR_PX = 7;
const PADDING_PX = 18;
const SORT_MARK_PX = 13;
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
  return [...names].filter(name => !name.startsWith('tuner/'));
}

/** The first and the latest trials. */
function samples(store: SearchStore) {
  const { trials } = store;
  return trials.length <= N_SAMPLES
    ? trials
    : [...trials.slice(0, N_SAMPLES / 2), ...trials.slice(-N_SAMPLES / 2)];
}

function width(label: string, longest: number, min: number, max: number): number {
  const needed =
    Math.max(label.length * LABEL_CHAR_PX + SORT_MARK_PX, longest * CHAR_PX) + PADDING_PX;
  return Math.round(Math.min(max, Math.max(min, needed)));
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
    width: width(name, longest, 54, 220),
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

/** Return the columns; those of curves and epochs only where trials have some. */
export function columnsOf(store: SearchStore, strings: Strings, hasCurves: boolean): IColumn[] {
  const t = strings.table;
  const metric = metricLabel(store.search.objective, strings);
  const longestId = Math.max(1, ...samples(store).map(trial => formatTrialId(trial.id).length));
  const plain = { isLog: false };
  const columns: IColumn[] = [
    {
      ...plain,
      key: 'id',
      label: t.id,
      title: t.idTitle,
      width: width(t.id, longestId, 38, 140) + 12,
      isText: true
    },
    { ...plain, key: 'state', label: t.state, title: t.state, width: 96, isText: true },
    {
      ...plain,
      key: 'score',
      label: metric,
      title: metric,
      width: width(metric, 9, 96, 190),
      isText: false
    }
  ];
  if (hasCurves) {
    columns.push(
      {
        ...plain,
        key: 'curve',
        label: t.curve,
        title: t.curveTitle(metric),
        width: 74,
        isText: true
      },
      { ...plain, key: 'epochs', label: t.epochs, title: t.epochs, width: 66, isText: false }
    );
  }
  columns.push({ ...plain, key: 'time', label: t.time, title: t.time, width: 62, isText: false });
  return columns.concat(valueNames(store).map(name => valueColumn(store, name)));
}
