/**
 * What a command brings about, by which the store knows that it has been obeyed.
 */
import type { CommandKind } from './protocol';

/** Which records show that a command has taken effect. */
export const EFFECTS: Record<CommandKind, readonly string[]> = {
  pause: ['search_paused'],
  resume: ['search_resumed'],
  stop: ['stop_requested'],
  stop_now: ['stop_requested', 'trial_cut'],
  add_trials: ['limits_changed'],
  stop_trial: ['trial_ended'],
  // Where the last place was taken meanwhile, a note says so.
  enqueue: ['trial_enqueued', 'search_noted']
};
