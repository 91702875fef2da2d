/**
 * How many epochs pruning and Hyperband have saved; the rules are those of `core/savings.py`.
 */
import type { ISavings } from './protocol';
import type { Trial } from './trial';

export const NO_SAVINGS: ISavings = { done: 0, planned: 0, cut: [] };

/**
 * Return the counts with one more trial, which has completed.
 *
 * @param executions how often each trial is run: what is pruned in its first run is spared the others.
 * @param maxEpochs most epochs of a trial, null where each decides for itself.
 */
export function counted(
  savings: ISavings,
  trial: Trial,
  executions: number,
  maxEpochs: number | null
): ISavings {
  const given = numberOf(trial, 'tuner/epochs');
  const first = given === null ? 0 : (numberOf(trial, 'tuner/initial_epoch') ?? 0);
  const isHyperband = given !== null && maxEpochs !== null;
  const isPruned = trial.pruned !== null;
  const planned = isHyperband ? maxEpochs : trial.nEpochs;
  if (planned === null) {
    return savings;
  }
  const end = isHyperband ? Math.min(planned, given) : planned;
  const result: ISavings = { ...savings, cut: savings.cut.map(([done, of, n]) => [done, of, n]) };
  for (let i = 0; i < executions; i++) {
    const length = trial.curves[i]?.length ?? 0;
    if (isHyperband && trial.continues !== null) {
      add(result, first, planned, -1);
    }
    if (isPruned || isHyperband) {
      add(result, isPruned ? Math.min(Math.max(length, first), end) : end, planned, 1);
    }
    if (!isPruned && end === planned && length > 0) {
      result.done += Math.min(length, planned);
      result.planned += planned;
    }
  }
  result.cut = result.cut
    .filter(([done, of, n]) => n !== 0 && done < of)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return result;
}

/** Return how many epochs fewer were trained than would have been without pruning and Hyperband. */
export function epochsSaved(savings: ISavings): number {
  let saved = 0;
  for (const [done, planned, n] of savings.cut) {
    const likely =
      savings.planned > 0 ? Math.floor((planned * savings.done) / savings.planned) : planned;
    saved += n * Math.max(0, likely - done);
  }
  return Math.max(0, saved);
}

function add(savings: ISavings, done: number, planned: number, n: number): void {
  const held = savings.cut.find(entry => entry[0] === done && entry[1] === planned);
  if (held === undefined) {
    savings.cut.push([done, planned, n]);
  } else {
    held[2] += n;
  }
}

function numberOf(trial: Trial, name: string): number | null {
  const value = trial.values[name];
  return typeof value === 'number' ? value : null;
}
