/**
 * The message boundary: what arrives is `unknown`, and is narrowed here, once.
 */
import { FIT_PATHS } from './protocol';
import type {
  IBundle,
  IDetail,
  IEnqueued,
  IEpoch,
  IError,
  IFit,
  IFitRecord,
  INote,
  IObjective,
  IOutput,
  IPruned,
  IRecord,
  ISavings,
  ISearch,
  ISettings,
  IShortError,
  ISnapshot,
  ITrialColumns,
  InMessage,
  Json,
  JsonObject,
  SearchState,
  WireNumber
} from './protocol';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Read a number from the wire; what is no number is null. */
export function numberOrNull(value: unknown): number | null {
  if (typeof value === 'number') {
    return value;
  }
  switch (value) {
    case 'NaN':
      return NaN;
    case 'Infinity':
      return Infinity;
    case '-Infinity':
      return -Infinity;
    default:
      return null;
  }
}

export function number(value: unknown, otherwise = 0): number {
  return numberOrNull(value) ?? otherwise;
}

/** Write a number as JSON can hold it. */
export function wireNumber(value: number | null): WireNumber {
  return value === null || Number.isFinite(value) ? value : String(value);
}

export function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function objects(value: unknown): JsonObject[] {
  return list(value).filter(isObject);
}

export function numbers(value: unknown): Record<string, number> {
  const read: Record<string, number> = {};
  if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      const found = numberOrNull(item);
      if (found !== null) {
        read[name] = found;
      }
    }
  }
  return read;
}

export function readObjective(value: unknown): IObjective[] | null {
  if (!Array.isArray(value)) {
    return null;
  }
  return objects(value).map(item => ({
    name: text(item.name),
    direction: item.direction === 'max' ? 'max' : 'min'
  }));
}

export function readShortError(value: unknown): IShortError | null {
  if (!isObject(value)) {
    return null;
  }
  return {
    type: text(value.type, 'Error'),
    message: text(value.message),
    line: numberOrNull(value.line)
  };
}

export function readError(value: unknown): IError | null {
  const short = readShortError(value);
  if (short === null || !isObject(value)) {
    return null;
  }
  return {
    type: short.type,
    message: short.message,
    traceback: text(value.traceback),
    line: short.line
  };
}

export function readPruned(value: unknown): IPruned | null {
  return isObject(value) ? { epoch: number(value.epoch), reason: text(value.reason) } : null;
}

/** Read how a fit ran, null where this version knows no such path. */
export function readFit(value: unknown): IFit | null {
  if (!isObject(value)) {
    return null;
  }
  const path = FIT_PATHS.find(known => known === value.path);
  return path === undefined ? null : { path, reason: textOrNull(value.reason) };
}

/** Read a fit of a trial's detail, null where this version knows no such path. */
export function readFitRecord(value: JsonObject): IFitRecord | null {
  const fit = readFit(value);
  const { execution, stage } = value;
  return fit === null ? null : { execution: number(execution), stage: number(stage), ...fit };
}

/** Read a trial by hand, null where the value is none. */
export function readEnqueued(value: unknown): IEnqueued | null {
  if (!isObject(value) || typeof value.number !== 'number') {
    return null;
  }
  return { number: value.number, values: isObject(value.values) ? value.values : {} };
}

export function readNote(value: JsonObject): INote {
  const level = value.level === 'error' || value.level === 'warning' ? value.level : 'advice';
  return { level, code: text(value.code), text: text(value.text), line: numberOrNull(value.line) };
}

export function readOutput(value: JsonObject): IOutput {
  return {
    stream: text(value.stream, 'stdout'),
    text: textOrNull(value.text),
    data: isObject(value.data) ? value.data : null
  };
}

export function readEpoch(value: JsonObject): IEpoch {
  return {
    execution: number(value.execution),
    epoch: number(value.epoch),
    stage: number(value.stage),
    metrics: numbers(value.metrics)
  };
}

export function readSettings(value: JsonObject): ISettings {
  return {
    search_id: text(value.search_id),
    name: text(value.name),
    tuner: text(value.tuner),
    objective: readObjective(value.objective),
    max_trials: numberOrNull(value.max_trials),
    executions_per_trial: number(value.executions_per_trial, 1),
    max_epochs: numberOrNull(value.max_epochs),
    seed: number(value.seed),
    workers: number(value.workers, 1),
    where: text(value.where),
    timeout_s: numberOrNull(value.timeout_s),
    space: objects(value.space),
    directory: textOrNull(value.directory),
    n_combinations: numberOrNull(value.n_combinations)
  };
}

const STATES: readonly SearchState[] = [
  'running',
  'paused',
  'stopping',
  'finished',
  'stopped',
  'timed_out',
  'failed'
];

export function readState(value: unknown): SearchState {
  return STATES.find(state => state === value) ?? 'failed';
}

function readSavings(value: unknown): ISavings {
  const { done, planned, cut } = isObject(value) ? value : {};
  return {
    done: number(done),
    planned: number(planned),
    cut: list(cut).map(item => {
      const [ran, of, n] = list(item);
      return [number(ran), number(of), number(n)];
    })
  };
}

function readSearch(value: JsonObject): ISearch {
  return {
    ...readSettings(value),
    state: readState(value.state),
    reason: textOrNull(value.reason),
    error: readError(value.error),
    started_at: numberOrNull(value.started_at),
    active_since: numberOrNull(value.active_since),
    elapsed_s: number(value.elapsed_s),
    epochs_saved: number(value.epochs_saved),
    savings: readSavings(value.savings),
    enqueued: list(value.enqueued)
      .map(readEnqueued)
      .filter(item => item !== null),
    notes: objects(value.notes).map(readNote)
  };
}

/** Return the column's entries, padded to the number of trials. */
function column<T>(value: unknown, length: number, read: (item: unknown) => T): T[] {
  const items = list(value);
  return Array.from({ length }, (_, i) => read(items[i] ?? null));
}

function readColumns(value: JsonObject): ITrialColumns {
  const ids = list(value.trial_id).map(id => text(id));
  const n = ids.length;
  const values: Record<string, Json[]> = {};
  if (isObject(value.values)) {
    for (const [name, items] of Object.entries(value.values)) {
      values[name] = column(items, n, item => item as Json);
    }
  }
  return {
    trial_id: ids,
    status: column(value.status, n, item => text(item, 'IDLE')),
    score: column(value.score, n, numberOrNull),
    best_step: column(value.best_step, n, numberOrNull),
    started_at: column(value.started_at, n, item => number(item)),
    ended_at: column(value.ended_at, n, numberOrNull),
    seed: column(value.seed, n, item => number(item)),
    n_epochs: column(value.n_epochs, n, numberOrNull),
    error: column(value.error, n, readShortError),
    pruned: column(value.pruned, n, readPruned),
    enqueued: column(value.enqueued, n, numberOrNull),
    fit: column(value.fit, n, readFit),
    values,
    curves: column(value.curves, n, runs => list(runs).map(run => list(run).map(numberOrNull)))
  };
}

/** Return the snapshot, or null where the value is none. */
export function readSnapshot(value: unknown): ISnapshot | null {
  if (!isObject(value) || !isObject(value.search) || !isObject(value.trials)) {
    return null;
  }
  const trials = readColumns(value.trials);
  return {
    seq: number(value.seq),
    time: number(value.time),
    search: readSearch(value.search),
    n_trials: number(value.n_trials, trials.trial_id.length),
    trials
  };
}

/** Return the record with its stamp checked, or null where the value is none. */
export function readRecord(value: unknown): IRecord | null {
  if (!isObject(value) || typeof value.seq !== 'number' || typeof value.kind !== 'string') {
    return null;
  }
  return { seq: value.seq, time: number(value.time), kind: value.kind, fields: value };
}

function readDetail(value: JsonObject): IDetail {
  return {
    trial_id: text(value.trial_id),
    epochs: objects(value.epochs).map(readEpoch),
    fits: objects(value.fits)
      .map(readFitRecord)
      .filter(fit => fit !== null),
    outputs: objects(value.outputs).map(readOutput),
    error: readError(value.error),
    values: isObject(value.values) ? value.values : {},
    seed: number(value.seed),
    metrics: numbers(value.metrics)
  };
}

/** Return the kernel's message, or null where this version knows no such message. */
export function readMessage(value: unknown): InMessage | null {
  if (!isObject(value)) {
    return null;
  }
  switch (value.type) {
    case 'snapshot': {
      const snapshot = readSnapshot(value.snapshot);
      return snapshot === null ? null : { type: 'snapshot', snapshot };
    }
    case 'records':
      return {
        type: 'records',
        records: list(value.records)
          .map(readRecord)
          .filter(record => record !== null)
      };
    case 'detail':
      return { type: 'detail', detail: readDetail(value) };
    case 'refused':
      return { type: 'refused', id: text(value.id), reason: text(value.reason) };
    case 'bundle':
      return isObject(value.data) ? { type: 'bundle', data: value.data } : null;
    case 'unknown':
      return { type: 'unknown' };
    default:
      return null;
  }
}

/** Return the output bundle of a search, or null where the value is none. */
export function readBundle(value: unknown): IBundle | null {
  if (!isObject(value)) {
    return null;
  }
  const snapshot = readSnapshot(value.snapshot);
  const searchId = text(value.search_id);
  if (snapshot === null || searchId === '') {
    return null;
  }
  return { version: number(value.version, 1), search_id: searchId, snapshot };
}
