/**
 * From the store's state back to a snapshot, cut to the best and latest trials where there are too many.
 */
import type { ISnapshot, ITrialColumns } from './protocol';
import type { SearchStore } from './store';
import type { Trial } from './trial';
import { wireNumber } from './wire';

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
    values,
    curves: trials.map(trial =>
      hasObjective ? trial.curves.map(curve => curve.map(wireNumber)) : []
    )
  };
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
