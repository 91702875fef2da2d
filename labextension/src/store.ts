/**
 * The state of a search in the browser: a snapshot, and the records folded into it by the rules of `core/record.py`.
 *
 * How it works: `load` takes a snapshot, `apply` folds records in O(1) each; both call the listeners once. What views
 * need beyond the snapshot (best trial, counts, recent durations) is kept up to date on the way. The pure fold is held
 * to `tests/golden`, like the Python one.
 */
import type {
  CommandKind,
  IDetail,
  IObjective,
  IRecord,
  ISearch,
  ISnapshot,
  JsonObject
} from './protocol';
import { counted, epochsSaved } from './savings';
import { emptySearch, readTrials, takeSnapshot } from './snapshot';
import { Details } from './details';
import { EFFECTS } from './effects';
import { type IHalt, foldHalt, haltOf } from './halt';
import { foldLine } from './line';
import { Standing } from './standing';
import { Trial } from './trial';
import {
  isObject,
  number,
  numberOrNull,
  readEnqueued,
  readEpoch,
  readError,
  readFit,
  readNote,
  readObjective,
  readPruned,
  readSettings,
  readShortError,
  text
} from './wire';

/** live: the kernel knows the search; saved: what the notebook holds is all there is. */
export type Connection = 'connecting' | 'live' | 'saved';

export interface IPending {
  id: string;
  kind: CommandKind;
}

export class SearchStore {
  seq = 0;
  /** Time of the last record, in the kernel's clock. */
  time = 0;
  search: ISearch = emptySearch();
  /** In the order of first start; fewer than `nTrials` where the snapshot was cut. */
  trials: Trial[] = [];
  nTrials = 0;
  readonly standing = new Standing();
  readonly details = new Details();

  connection: Connection = 'connecting';
  pending: IPending | null = null;
  /** Set while the search is paused or stopping. */
  halt: IHalt | null = null;
  refusal: string | null = null;

  /** Call the listener after every change; the returned function ends that. */
  subscribe(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  trial(id: string): Trial | undefined {
    return this._byId.get(id);
  }

  /** 1 where less is better, −1 where more is; several objectives are minimised as a sum. */
  get sign(): 1 | -1 {
    const objective = this.search.objective;
    return objective?.length === 1 && objective[0].direction === 'max' ? -1 : 1;
  }

  get hasEnded(): boolean {
    return !['running', 'paused', 'stopping'].includes(this.search.state);
  }

  /** Kernel time minus browser time, estimated from the records that came live. */
  get clockOffset(): number {
    return this._clockOffset ?? 0;
  }

  /** Seconds run up to `now` (browser clock); a saved search does not tick. */
  elapsed(now: number): number {
    const { active_since: since, elapsed_s: closed } = this.search;
    if (since === null) {
      return closed;
    }
    const end =
      this.connection === 'live' ? Math.max(this.time, now + this.clockOffset) : this.time;
    return closed + Math.max(0, end - since);
  }

  /** Start from a snapshot; everything known before is dropped. */
  load(snapshot: ISnapshot): void {
    const { trials: columns } = snapshot;
    this.seq = snapshot.seq;
    this.time = snapshot.time;
    this.search = { ...snapshot.search, notes: [...snapshot.search.notes] };
    this.nTrials = snapshot.n_trials;
    this.details.clear();
    this._byId.clear();
    this.trials = readTrials(columns);
    for (const trial of this.trials) {
      this._byId.set(trial.id, trial);
    }
    this.halt = haltOf(this.search.state, this.time);
    this._metric = this.search.objective?.[0]?.name ?? null;
    this._mustReload = this._lostEpochs = false;
    this.standing.sign = this.sign;
    this.standing.recount(this.trials);
    this._changed();
  }

  /**
   * Fold records in their order; those already known are passed over.
   *
   * @returns false where a record is missing and the snapshot must be asked for again.
   */
  apply(records: readonly IRecord[], receivedAt: number | null = null): boolean {
    let complete = true;
    for (const record of records) {
      if (record.kind === 'trial_progressed') {
        this._progress(record);
      } else if (record.seq > this.seq + 1) {
        complete = false;
        break;
      } else if (record.seq > this.seq) {
        this.seq = record.seq;
        this._fold(record);
        this.halt = foldHalt(this.halt, record);
        this.search.enqueued = foldLine(this.search.enqueued, record);
        this.time = record.time;
        if (this.pending && EFFECTS[this.pending.kind].includes(record.kind)) {
          this.pending = null;
        }
      }
      if (receivedAt !== null) {
        const offset = record.time - receivedAt;
        this._clockOffset = Math.max(this._clockOffset ?? -Infinity, offset);
      }
    }
    this._changed();
    return complete && !this._mustReload;
  }

  setDetail(detail: IDetail): void {
    this.details.set(detail);
    this._changed();
  }

  setConnection(connection: Connection): void {
    if (this.connection !== connection) {
      this.connection = connection;
      if (connection === 'saved') {
        // Nobody runs them any more.
        this._idleRunningTrials();
      }
      this._changed();
    }
  }

  /** Remember the command that was sent last, until its effect or a refusal arrives. */
  setPending(pending: IPending | null, refusal: string | null = null): void {
    this.pending = pending;
    this.refusal = refusal;
    this._changed();
  }

  /** Return the state as a snapshot, of at most `limit` trials: half of them the best, half the latest. */
  snapshot(limit: number | null = null): ISnapshot {
    return takeSnapshot(this, limit);
  }

  private _fold(record: IRecord): void {
    const { kind, time, fields } = record;
    const { search } = this;
    switch (kind) {
      case 'search_started':
        this._begin(fields, time);
        break;
      case 'objective_chosen':
        this._setObjective(readObjective(fields.objective));
        break;
      case 'space_grown':
        search.space = readSettings({ space: fields.space }).space;
        break;
      case 'trial_started':
        this._startTrial(fields, time);
        break;
      case 'search_paused':
        this._closeStretch(time);
        search.state = 'paused';
        break;
      case 'search_resumed':
        search.state = 'running';
        search.active_since = time;
        break;
      case 'limits_changed':
        search.max_trials = numberOrNull(fields.max_trials);
        search.timeout_s = numberOrNull(fields.timeout_s);
        break;
      case 'stop_requested':
        search.active_since ??= time;
        search.state = 'stopping';
        break;
      case 'search_noted':
        this._note(fields);
        break;
      case 'search_ended':
        this._end(fields, time);
        break;
      default: {
        const trial = this._byId.get(text(fields.trial_id));
        if (trial !== undefined) {
          this._foldTrial(trial, record);
        }
      }
    }
  }

  private _foldTrial(trial: Trial, record: IRecord): void {
    const { kind, time, fields } = record;
    switch (kind) {
      case 'epoch_ended': {
        const epoch = readEpoch(fields);
        const value = this._metric === null ? null : (epoch.metrics[this._metric] ?? null);
        this._lostEpochs ||= this._metric === null;
        trial.addEpoch(epoch.execution, epoch.epoch, numberOrNull(fields.n_epochs), value);
        break;
      }
      case 'fit_chosen':
        trial.addFit(readFit(fields));
        break;
      case 'output_captured':
        trial.revision += 1;
        break;
      case 'trial_ended':
        this._endTrial(trial, fields, time);
        break;
      case 'trial_cut':
        this.standing.change(trial, () => (trial.status = 'IDLE'));
        break;
    }
    this.details.fold(trial.id, record, trial.values);
  }

  private _begin(fields: JsonObject, time: number): void {
    // Open still: the search before was killed, after its last record.
    this._closeStretch(this.time);
    const settings = readSettings(fields);
    const objective = this.search.objective;
    this.search = {
      ...this.search,
      ...settings,
      state: 'running',
      reason: null,
      error: null,
      started_at: this.search.started_at ?? time,
      active_since: time
    };
    this.search.objective = objective;
    this._setObjective(settings.objective);
    this._idleRunningTrials();
  }

  private _setObjective(objective: IObjective[] | null): void {
    this.search.objective = objective;
    const name = objective?.[0]?.name ?? null;
    if (name !== null && name !== this._metric) {
      // Curves hold one metric only: with another objective they must come anew from the kernel.
      this._mustReload ||=
        this._lostEpochs || (this._metric !== null && this.trials.some(t => t.epochs > 0));
      this._metric = name;
    }
    if (this.sign !== this.standing.sign) {
      this.standing.sign = this.sign;
      this.standing.findBest(this.trials);
    }
  }

  private _startTrial(fields: JsonObject, time: number): void {
    const id = text(fields.trial_id);
    let trial = this._byId.get(id);
    if (trial === undefined) {
      trial = new Trial(id, this.trials.length);
      trial.status = 'IDLE';
      this.standing.add(trial);
      this.trials.push(trial);
      this._byId.set(id, trial);
      this.nTrials += 1;
    }
    const again = trial;
    const values = isObject(fields.values) ? fields.values : {};
    const seed = number(fields.seed);
    const enqueued = readEnqueued(fields.enqueued)?.number ?? null;
    this.standing.change(again, () => again.restart(values, seed, time, enqueued));
    if (again === this.standing.best) {
      this.standing.findBest(this.trials);
    }
    this.details.start(id, values, seed);
  }

  private _endTrial(trial: Trial, fields: JsonObject, time: number): void {
    this.standing.change(trial, () => {
      trial.status = text(fields.status, 'COMPLETED');
      trial.score = numberOrNull(fields.score);
      trial.bestStep = numberOrNull(fields.best_step);
      trial.values = isObject(fields.values) ? fields.values : trial.values;
      trial.error = readShortError(fields.error);
      trial.pruned = readPruned(fields.pruned);
      trial.endedAt = time;
    });
    if (trial.status === 'COMPLETED') {
      const { savings, executions_per_trial: executions, max_epochs: maxEpochs } = this.search;
      this.search.savings = counted(savings, trial, executions, maxEpochs);
      this.search.epochs_saved = epochsSaved(this.search.savings);
    }
    this.standing.end(trial);
  }

  private _progress({ fields }: IRecord): void {
    const trial = this._byId.get(text(fields.trial_id));
    if (trial !== undefined && trial.status === 'RUNNING') {
      const { execution, epoch, metrics } = readEpoch(fields);
      const step = number(fields.step);
      trial.progress = { execution, epoch, step, nSteps: numberOrNull(fields.n_steps), metrics };
      trial.hasReported = true;
      trial.revision += 1;
    }
  }

  private _note(fields: JsonObject): void {
    const note = readNote(fields);
    const known = this.search.notes.some(
      n =>
        n.code === note.code &&
        n.text === note.text &&
        n.line === note.line &&
        n.level === note.level
    );
    if (!known) {
      this.search.notes.push(note);
    }
  }

  private _end(fields: JsonObject, time: number): void {
    this._closeStretch(time);
    const reason = text(fields.reason, 'failed');
    this.search.reason = reason;
    this.search.error = readError(fields.error);
    this.search.state =
      reason === 'finished' || reason === 'exhausted'
        ? 'finished'
        : reason === 'stopped' || reason === 'timed_out'
          ? reason
          : 'failed';
    this.pending = null;
    this._idleRunningTrials();
  }

  private _closeStretch(time: number): void {
    const since = this.search.active_since;
    if (since !== null) {
      this.search.elapsed_s += Math.max(0, time - since);
      this.search.active_since = null;
    }
  }

  private _idleRunningTrials(): void {
    for (const trial of [...this.standing.running]) {
      this.standing.change(trial, () => (trial.status = 'IDLE'));
    }
  }

  private _changed(): void {
    for (const listener of [...this._listeners]) {
      listener();
    }
  }

  private readonly _listeners = new Set<() => void>();
  private readonly _byId = new Map<string, Trial>();
  private _clockOffset: number | null = null;
  /** The metric that the curves hold. */
  private _metric: string | null = null;
  private _lostEpochs = false;
  private _mustReload = false;
}
