/**
 * What travels between kernel and browser: records, snapshots, messages.
 */

export const MIME_TYPE = 'application/vnd.kt-notebook.search+json';
export const COMM_TARGET = 'kt_notebook';

/** JSON as it arrives. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type Direction = 'min' | 'max';
export interface IObjective {
  name: string;
  direction: Direction;
}

export type SearchState =
  'running' | 'paused' | 'stopping' | 'finished' | 'stopped' | 'timed_out' | 'failed';
export type TrialStatus =
  'RUNNING' | 'IDLE' | 'COMPLETED' | 'FAILED' | 'INVALID' | 'STOPPED' | (string & {});
export type NoteLevel = 'advice' | 'warning' | 'error';

export interface IShortError {
  type: string;
  message: string;
  line: number | null;
}
export interface IError extends IShortError {
  traceback: string;
}
export interface IPruned {
  epoch: number;
  reason: string;
}
/** How a fit ran: by Keras' own `fit`, fused, or fused by a graph that an earlier fit had traced. */
export type FitPath = 'plain' | 'fused' | 'reused';
/** Slowest first. */
export const FIT_PATHS: readonly FitPath[] = ['plain', 'fused', 'reused'];
export interface IFit {
  path: FitPath;
  /** Why no faster one. */
  reason: string | null;
}
export interface IFitRecord extends IFit {
  execution: number;
  stage: number;
}
export interface INote {
  level: NoteLevel;
  code: string;
  text: string;
  line: number | null;
}
export interface IOutput {
  stream: string;
  text: string | null;
  data: JsonObject | null;
}
export interface IEpoch {
  execution: number;
  epoch: number;
  stage: number;
  metrics: Record<string, number>;
}

/** The settings of a search; every `search_started` states them anew. */
export interface ISettings {
  search_id: string;
  name: string;
  tuner: string;
  objective: IObjective[] | null;
  max_trials: number | null;
  executions_per_trial: number;
  max_epochs: number | null;
  seed: number;
  workers: number;
  where: string;
  timeout_s: number | null;
  space: JsonObject[];
  directory: string | null;
  n_combinations: number | null;
}

/** A trial by hand: its number in the line, and what it is given; the rest is at its default. */
export interface IEnqueued {
  number: number;
  values: JsonObject;
}

/** What `epochs_saved` is counted from; see `core/savings.py`. */
export interface ISavings {
  /** Epochs that complete trials ran, and had planned. */
  done: number;
  planned: number;
  /** How many runs ended after so many epochs of so many: done, planned, how many. */
  cut: [number, number, number][];
}

export interface ISearch extends ISettings {
  state: SearchState;
  reason: string | null;
  error: IError | null;
  started_at: number | null;
  active_since: number | null;
  elapsed_s: number;
  /** Epochs fewer than without pruning and Hyperband. */
  epochs_saved: number;
  savings: ISavings;
  /** Trials by hand that wait in line. */
  enqueued: IEnqueued[];
  notes: INote[];
}

/** A number in its wire form: the non-finite ones are strings. */
export type WireNumber = number | string | null;

export interface ITrialColumns {
  trial_id: string[];
  status: TrialStatus[];
  score: WireNumber[];
  best_step: (number | null)[];
  started_at: number[];
  ended_at: (number | null)[];
  seed: number[];
  n_epochs: (number | null)[];
  error: (IShortError | null)[];
  pruned: (IPruned | null)[];
  /** The number in the line, of trials by hand. */
  enqueued: (number | null)[];
  /** The slowest of the trial's fits. */
  fit: (IFit | null)[];
  values: Record<string, Json[]>;
  curves: WireNumber[][][];
}

export interface ISnapshot {
  seq: number;
  time: number;
  search: ISearch;
  n_trials: number;
  trials: ITrialColumns;
}

/** A record whose stamp is checked; its fields are read by the fold of its kind. */
export interface IRecord {
  seq: number;
  time: number;
  kind: string;
  fields: JsonObject;
}

export interface IDetail {
  trial_id: string;
  epochs: IEpoch[];
  fits: IFitRecord[];
  outputs: IOutput[];
  error: IError | null;
  values: JsonObject;
  seed: number;
  metrics: Record<string, number>;
}

export type CommandKind =
  'pause' | 'resume' | 'stop' | 'stop_now' | 'add_trials' | 'stop_trial' | 'enqueue';
export interface ICommand {
  id: string;
  kind: CommandKind;
  n?: number;
  trial_id?: string;
  /** By name, in JSON form; what is left out is at its default. */
  values?: JsonObject;
  /** Whether to try them also where a trial has had them. */
  again?: boolean;
}

/** Browser to kernel. */
export type OutMessage =
  | { type: 'open' }
  | { type: 'detail'; trial_id: string }
  | { type: 'bundle' }
  | { type: 'command'; command: ICommand };

/** Kernel to browser. */
export type InMessage =
  | { type: 'snapshot'; snapshot: ISnapshot }
  | { type: 'records'; records: IRecord[] }
  | { type: 'detail'; detail: IDetail }
  | { type: 'refused'; id: string; reason: string }
  | { type: 'bundle'; data: JsonObject }
  | { type: 'unknown' };

/** What the notebook file holds of a search. */
export interface IBundle {
  version: number;
  search_id: string;
  snapshot: ISnapshot;
}
