/**
 * How long a search will still take, with a spread, from the trials that have ended.
 */
import type { SearchStore } from './store';

export interface IEstimate {
  seconds: number;
  spread: number;
}

/** The number of trials the search is heading for, null where it has no limit. */
export function totalTrials(store: SearchStore): number | null {
  const { max_trials: limit, tuner } = store.search;
  // Hyperband runs a configuration several times, for more epochs each.
  const space = tuner === 'Hyperband' ? null : store.search.n_combinations;
  if (space === null) {
    return limit;
  }
  // Trials by hand may repeat what was tried.
  return Math.min(limit ?? Infinity, Math.max(space, store.nTrials));
}

export function endedTrials(store: SearchStore): number {
  const { counts } = store.standing;
  const hidden = store.nTrials - store.trials.length;
  return (
    hidden +
    counts.complete +
    counts.pruned +
    counts.failed +
    counts.invalid +
    counts.stopped +
    counts.other
  );
}

/**
 * Estimate the seconds left, or null where nothing tells.
 *
 * The trials to come are taken to last as long as the latest 50 on average; their durations add up independently, so
 * that the spread grows with the square root of their number; workers share the work.
 */
export function estimateLeft(store: SearchStore, now: number): IEstimate | null {
  const { durations, running } = store.standing;
  const { search } = store;
  if (store.hasEnded || durations.length === 0) {
    return null;
  }
  const mean = durations.reduce((a, b) => a + b, 0) / durations.length;
  const variance =
    durations.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, durations.length - 1);
  const kernelNow = now + store.clockOffset;
  let work = 0;
  for (const trial of running) {
    work += Math.max(0, mean - Math.max(0, kernelNow - trial.startedAt));
  }
  const total = search.state === 'stopping' ? 0 : totalTrials(store);
  const toCome = total === null ? null : Math.max(0, total - endedTrials(store) - running.size);
  const workers = Math.max(1, search.workers);
  const limit =
    search.timeout_s === null ? Infinity : Math.max(0, search.timeout_s - store.elapsed(now));
  const nLeft = (toCome ?? 0) + running.size;
  const seconds = toCome === null ? Infinity : (work + toCome * mean) / workers;
  if (seconds >= limit) {
    return Number.isFinite(limit) ? { seconds: limit, spread: 0 } : null;
  }
  return { seconds, spread: Math.sqrt(variance * nLeft) / workers };
}
