/**
 * One trial as the table and the charts need it.
 */
import { slower } from './fits';
import type { IFit, IPruned, IShortError, JsonObject, TrialStatus } from './protocol';

/** What a trial is shown as; `pruned` is a completed trial that was ended early. */
export type Shown =
  'running' | 'idle' | 'complete' | 'pruned' | 'failed' | 'invalid' | 'stopped' | 'other';

export const SHOWN_STATES: readonly Shown[] = [
  'running',
  'complete',
  'pruned',
  'failed',
  'invalid',
  'stopped',
  'idle',
  'other'
];

/** Where a running epoch stands. */
export interface IProgress {
  execution: number;
  epoch: number;
  step: number;
  nSteps: number | null;
  metrics: Record<string, number>;
}

export class Trial {
  constructor(id: string, index: number) {
    this.id = id;
    this.index = index;
  }

  readonly id: string;
  /** Place in the order of first start. */
  readonly index: number;
  status: TrialStatus = 'RUNNING';
  score: number | null = null;
  bestStep: number | null = null;
  startedAt = 0;
  endedAt: number | null = null;
  seed = 0;
  nEpochs: number | null = null;
  error: IShortError | null = null;
  pruned: IPruned | null = null;
  /** The number in the line, of a trial by hand. */
  enqueued: number | null = null;
  /** The slowest of its fits. */
  fit: IFit | null = null;
  values: JsonObject = {};
  /** For each execution, the first objective's value epoch by epoch. */
  curves: (number | null)[][] = [];
  progress: IProgress | null = null;
  /** Whether an epoch or a step was told of: then the trial also looks whether it is to hold. */
  hasReported = false;
  /** Grows with every change, so that a row is drawn anew only when it must be. */
  revision = 0;

  get shown(): Shown {
    switch (this.status) {
      case 'RUNNING':
        return 'running';
      case 'IDLE':
        return 'idle';
      case 'COMPLETED':
        return this.pruned === null ? 'complete' : 'pruned';
      case 'FAILED':
        return 'failed';
      case 'INVALID':
        return 'invalid';
      case 'STOPPED':
        return 'stopped';
      default:
        return 'other';
    }
  }

  get hasEnded(): boolean {
    return this.status !== 'RUNNING' && this.status !== 'IDLE';
  }

  get hasScore(): boolean {
    return this.status === 'COMPLETED' && this.score !== null && !Number.isNaN(this.score);
  }

  /** Epochs done, over all executions. */
  get epochs(): number {
    return this.curves.reduce((sum, curve) => sum + curve.length, 0);
  }

  /** The trial whose training this one goes on with, in Hyperband; else null. */
  get continues(): string | null {
    const id = this.values['tuner/trial_id'];
    return typeof id === 'string' ? id : null;
  }

  /** Seconds from start to end, null while it runs. */
  get duration(): number | null {
    return this.endedAt === null ? null : this.endedAt - this.startedAt;
  }

  /** The latest value of the objective, null before there is one. */
  get latest(): number | null {
    const curve = this.curves[this.curves.length - 1];
    return curve === undefined ? null : (curve[curve.length - 1] ?? null);
  }

  /** The best value of the objective so far, for trials without a score yet. */
  bestSoFar(sign: 1 | -1): number | null {
    let best: number | null = null;
    for (const curve of this.curves) {
      for (const value of curve) {
        if (
          value !== null &&
          !Number.isNaN(value) &&
          (best === null || sign * value < sign * best)
        ) {
          best = value;
        }
      }
    }
    return best;
  }

  /** The objective epoch by epoch, averaged over the executions that reached the epoch. */
  meanCurve(): (number | null)[] {
    const [first] = this.curves;
    if (this.curves.length <= 1) {
      return first ?? [];
    }
    const length = Math.max(...this.curves.map(curve => curve.length));
    return Array.from({ length }, (_, epoch) => {
      let sum = 0;
      let n = 0;
      for (const curve of this.curves) {
        const value = curve[epoch];
        if (value !== null && value !== undefined && Number.isFinite(value)) {
          sum += value;
          n += 1;
        }
      }
      return n === 0 ? null : sum / n;
    });
  }

  /** Begin from the start, the first time or after a cut. */
  restart(values: JsonObject, seed: number, time: number, enqueued: number | null = null): void {
    this.status = 'RUNNING';
    this.score = null;
    this.bestStep = null;
    this.startedAt = time;
    this.endedAt = null;
    this.seed = seed;
    this.nEpochs = null;
    this.error = null;
    this.pruned = null;
    this.enqueued = enqueued;
    this.fit = null;
    this.values = values;
    this.curves = [];
    this.progress = null;
    this.hasReported = false;
    this.revision += 1;
  }

  addFit(fit: IFit | null): void {
    if (fit !== null) {
      this.fit = slower(this.fit, fit);
      this.revision += 1;
    }
  }

  addEpoch(execution: number, epoch: number, nEpochs: number | null, value: number | null): void {
    while (this.curves.length <= execution) {
      this.curves.push([]);
    }
    const curve = this.curves[execution];
    while (curve.length <= epoch) {
      curve.push(null);
    }
    curve[epoch] = value;
    this.nEpochs = nEpochs;
    this.progress = null;
    this.hasReported = true;
    this.revision += 1;
  }
}
