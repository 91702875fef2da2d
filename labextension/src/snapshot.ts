/**
 * From a snapshot to trials and back, cut to the best and latest ones where there are too many.
 */
import type { ISearch, ISnapshot, ITrialColumns } from './protocol';
import { NO_SAVINGS } from './savings';
import type { SearchStore } from './store';
import { Trial } from './trial';
import { numberOrNull, readSettings, wireNumber } from './wire';

/** Return the completed trials with a score, best first; pruned ones come last. */
export function ranked(trials: readonly Trial[], sign: 1 | -1): Trial[] {
  return trials
    .filter(trial => trial.hasScore)
    .sort((a, b) => {
      const pruned = Number(a.pruned !== null) - Number(b.pruned !== null);
      return pruned || sign * ((a.score ?? 0) - (b.score ?? 0)) || a.index - b.index;
    });
}

function cut(trials: readonly Trial[], limit: number, sign: 1 | -1): readonly Trial[] {
  if (trials.length <= limit) {
    return trials;
  }
  const kept = new Set(trials.slice(trials.length - (limit - Math.floor(limit / 2))));
  for (const trial of ranked(trials, sign)) {
    if (kept.size >= limit) {
      break;
    }
    kept.add(trial);
  }
  return trials.filter(trial => kept.has(trial));
}

function columns(trials: readonly Trial[], hasObjective: boolean): ITrialColumns {
  const names = new Set(trials.flatMap(trial => Object.keys(trial.values)));
  const values: ITrialColumns['values'] = {};
  for (const name of names) {
    values[name] = trials.map(trial => trial.values[name] ?? null);
  }
  return {
    trial_id: trials.map(trial => trial.id),
    status: trials.map(trial => trial.status),
    score: trials.map(trial => wireNumber(trial.score)),
    best_step: trials.map(trial => trial.bestStep),
    started_at: trials.map(trial => trial.startedAt),
    ended_at: trials.map(trial => trial.endedAt),
    seed: trials.map(trial => trial.seed),
    n_epochs: trials.map(trial => trial.nEpochs),
    error: trials.map(trial => trial.error),
    pruned: trials.map(trial => trial.pruned),
    enqueued: trials.map(trial => trial.enqueued),
    fit: trials.map(trial => trial.fit),
    values,
    curves: trials.map(trial =>
      hasObjective ? trial.curves.map(curve => curve.map(wireNumber)) : []
    )
  };
}

/** A search that nothing is known of. */
export function emptySearch(): ISearch {
  return {
    ...readSettings({}),
    state: 'running',
    reason: null,
    error: null,
    started_at: null,
    active_since: null,
    elapsed_s: 0,
    epochs_saved: 0,
    savings: NO_SAVINGS,
    enqueued: [],
    notes: []
  };
}

/** Return the trials that a snapshot's columns hold. */
export function readTrials(columns: ITrialColumns): Trial[] {
  const names = Object.keys(columns.values);
  return columns.trial_id.map((id, i) => {
    const trial = new Trial(id, i);
    trial.status = columns.status[i];
    trial.score = numberOrNull(columns.score[i]);
    trial.bestStep = columns.best_step[i];
    trial.startedAt = columns.started_at[i];
    trial.endedAt = columns.ended_at[i];
    trial.seed = columns.seed[i];
    trial.nEpochs = columns.n_epochs[i];
    trial.error = columns.error[i];
    trial.pruned = columns.pruned[i];
    trial.enqueued = columns.enqueued[i];
    trial.fit = columns.fit[i];
    trial.curves = columns.curves[i].map(run => run.map(numberOrNull));
    trial.hasReported = trial.epochs > 0;
    for (const name of names) {
      const value = columns.values[name][i];
      if (value !== null) {
        trial.values[name] = value;
      }
    }
    return trial;
  });
}

/** Numbers of trials that a notebook file is given, tried in turn, and what it can bear. */
const SAVED_LIMITS = [500, 250, 100, 40, 10];
const MAX_SAVED_CHARS = 1_000_000;

/** Return the snapshot for the notebook file: of as many trials as it can bear. */
export function savedSnapshot(store: SearchStore): ISnapshot {
  let snapshot = takeSnapshot(store, SAVED_LIMITS[0]);
  for (const limit of SAVED_LIMITS) {
    snapshot = takeSnapshot(store, limit);
    if (JSON.stringify(snapshot).length <= MAX_SAVED_CHARS) {
      return snapshot;
    }
  }
  // Few trials and still too large: it is their curves.
  snapshot.trials.curves = snapshot.trials.trial_id.map(() => []);
  return snapshot;
}

export function takeSnapshot(store: SearchStore, limit: number | null): ISnapshot {
  const { search, seq, time, nTrials } = store;
  const trials = limit === null ? store.trials : cut(store.trials, limit, store.sign);
  return {
    seq,
    time,
    search: { ...search, notes: [...search.notes] },
    n_trials: nTrials,
    trials: columns(trials, search.objective !== null)
  };
}
