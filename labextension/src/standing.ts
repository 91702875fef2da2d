/**
 * What views need beyond the fold, kept up to date in O(1) per record: the best trial, counts by state, durations.
 */
import { SHOWN_STATES, type Shown, type Trial } from './trial';

const N_DURATIONS = 50;

export class Standing {
  best: Trial | null = null;
  /** The trial that the best one improved on. */
  formerBest: Trial | null = null;
  counts: Record<Shown, number> = noCounts();
  /** Seconds that the latest ended trials took. */
  durations: number[] = [];
  readonly running = new Set<Trial>();
  /** 1 where less is better, −1 where more is. */
  sign: 1 | -1 = 1;

  /** Begin anew with these trials. */
  recount(trials: readonly Trial[]): void {
    this.counts = noCounts();
    this.running.clear();
    this.durations = [];
    for (const trial of trials) {
      this.add(trial);
      if (trial.hasEnded && trial.duration !== null) {
        this._keepDuration(trial.duration);
      }
    }
    this.findBest(trials);
  }

  add(trial: Trial): void {
    this.counts[trial.shown] += 1;
    if (trial.status === 'RUNNING') {
      this.running.add(trial);
    }
  }

  /** Change a trial's status with the counts kept right. */
  change(trial: Trial, change: () => void): void {
    this.counts[trial.shown] -= 1;
    this.running.delete(trial);
    change();
    trial.progress = null;
    trial.revision += 1;
    this.add(trial);
  }

  /** Take an ended trial into account. */
  end(trial: Trial): void {
    this._keepDuration(trial.duration ?? 0);
    this._challenge(trial);
  }

  findBest(trials: readonly Trial[]): void {
    this.best = this.formerBest = null;
    const scored = trials.filter(trial => trial.hasScore);
    scored.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    scored.forEach(trial => this._challenge(trial));
  }

  private _challenge(trial: Trial): void {
    if (trial.hasScore && this._isBetter(trial, this.best)) {
      this.formerBest = this.best;
      this.best = trial;
    }
  }

  private _isBetter(trial: Trial, than: Trial | null): boolean {
    if (than === null || than.score === null || trial.score === null) {
      return than === null;
    }
    if ((trial.pruned === null) !== (than.pruned === null)) {
      return trial.pruned === null;
    }
    const difference = this.sign * (trial.score - than.score);
    return difference < 0 || (difference === 0 && trial.index < than.index);
  }

  private _keepDuration(seconds: number): void {
    this.durations.push(seconds);
    if (this.durations.length > N_DURATIONS) {
      this.durations.shift();
    }
  }
}

function noCounts(): Record<Shown, number> {
  return Object.fromEntries(SHOWN_STATES.map(state => [state, 0])) as Record<Shown, number>;
}
