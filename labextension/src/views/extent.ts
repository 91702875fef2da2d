/**
 * The range of values and epochs that curves and sparklines share, robust against wild first epochs.
 */
import type { SearchStore } from '../store';

const MAX_SAMPLES = 4000;
const MIN_INTERVAL_MS = 1000;

export class Extent {
  low = 0;
  high = 1;
  /** Epochs of the longest trial. */
  length = 1;
  /** Grows when the range has changed. */
  revision = 0;

  /** Measure anew, at most once a second where there is much to read. */
  update(store: SearchStore, now = performance.now()): void {
    const { trials } = store;
    if (trials.length > 200 && now - this._updated < MIN_INTERVAL_MS) {
      return;
    }
    this._updated = now;
    let length = 1;
    let total = 0;
    for (const trial of trials) {
      for (const curve of trial.curves) {
        length = Math.max(length, curve.length, trial.hasEnded ? 0 : (trial.nEpochs ?? 0));
        total += curve.length;
      }
    }
    const stride = Math.max(1, Math.floor(total / MAX_SAMPLES));
    const samples: number[] = [];
    let seen = 0;
    for (const trial of trials) {
      for (const curve of trial.curves) {
        for (const value of curve) {
          if (value !== null && Number.isFinite(value) && seen++ % stride === 0) {
            samples.push(value);
          }
        }
      }
    }
    this._set(...robustRange(samples, store.sign), length);
  }

  private _set(low: number, high: number, length: number): void {
    const tolerance = (this.high - this.low) * 0.02;
    const same = Math.abs(low - this.low) <= tolerance && Math.abs(high - this.high) <= tolerance;
    if (!same || length !== this.length) {
      this.low = low;
      this.high = high;
      this.length = length;
      this.revision += 1;
    }
  }

  private _updated = -Infinity;
}

/** Return a range that holds the good end wholly and cuts the bad end where it runs far off. */
export function robustRange(samples: number[], sign: 1 | -1): [number, number] {
  if (samples.length === 0) {
    return [0, 1];
  }
  samples.sort((a, b) => a - b);
  const at = (q: number) => samples[Math.round(q * (samples.length - 1))];
  let [low, high] = [samples[0], samples[samples.length - 1]];
  const [q1, q9] = [at(0.08), at(0.92)];
  const spread = Math.max(q9 - q1, Number.EPSILON);
  if (sign === 1) {
    high = Math.min(high, q9 + 1.5 * spread);
  } else {
    low = Math.max(low, q1 - 1.5 * spread);
  }
  if (high <= low) {
    const pad = Math.abs(low) * 0.05 || 0.5;
    return [low - pad, high + pad];
  }
  return [low, high];
}
