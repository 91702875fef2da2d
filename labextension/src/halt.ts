/**
 * Since when a search starts no further trial, while those that run may go on.
 */
import type { IRecord, SearchState } from './protocol';

export interface IHalt {
  /** Whether a stop was to come at once; null where only a snapshot tells of it. */
  now: boolean | null;
  /** In the kernel's clock. */
  since: number;
}

/** Return what a snapshot tells, taken at `time`. */
export function haltOf(state: SearchState, time: number): IHalt | null {
  return state === 'paused' || state === 'stopping' ? { now: null, since: time } : null;
}

/** Fold a record; a second request to stop may only make it more urgent. */
export function foldHalt(halt: IHalt | null, { kind, time, fields }: IRecord): IHalt | null {
  switch (kind) {
    case 'search_paused':
      return { now: false, since: time };
    case 'stop_requested':
      return halt?.now === true ? halt : { now: fields.now === true, since: time };
    case 'search_started':
    case 'search_resumed':
    case 'search_ended':
      return null;
    default:
      return halt;
  }
}
