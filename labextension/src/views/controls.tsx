/**
 * The buttons that steer a search. A click sends a command; only an event changes what is shown as its state.
 */
import type { JSX } from 'preact';
import { totalTrials } from '../estimate';
import type { CommandKind } from '../protocol';
import type { SearchStore } from '../store';
import type { Strings } from '../strings';
import { useView } from './context';

export const N_MORE = 10;

export interface IControl {
  kind: CommandKind;
  label: string;
  title: string;
  key: string | null;
  /** Why it makes no sense now, null where it does. */
  reason: string | null;
  isPending: boolean;
}

/** Return why no control works at all, null where they do. */
function blocked(store: SearchStore, strings: Strings): string | null {
  const t = strings.controls;
  if (store.hasEnded) {
    return store.search.state === 'finished' ? t.endedFull : t.ended;
  }
  if (store.connection !== 'live') {
    return store.connection === 'saved' ? t.saved : t.connecting;
  }
  return null;
}

/** Return the controls as they stand. */
export function controls(store: SearchStore, strings: Strings): IControl[] {
  const t = strings.controls;
  const all = blocked(store, strings);
  const { state } = store.search;
  const already = state === 'stopping' ? t.already : null;
  const pending = store.pending?.kind;
  const isPaused = state === 'paused';
  return [
    {
      kind: isPaused ? 'resume' : 'pause',
      label:
        pending === 'pause'
          ? t.pausing
          : pending === 'resume'
            ? t.resuming
            : isPaused
              ? t.resume
              : t.pause,
      title: isPaused ? t.resumeTitle : t.pauseTitle,
      key: 'P',
      reason: all ?? already,
      isPending: pending === 'pause' || pending === 'resume'
    },
    {
      kind: 'stop',
      label: pending === 'stop' ? t.stopping : store.search.workers > 1 ? t.stopMany : t.stop,
      title: t.stopTitle,
      key: 'S',
      reason: all ?? already,
      isPending: pending === 'stop'
    },
    {
      kind: 'stop_now',
      label: pending === 'stop_now' ? t.stopping : t.stopNow,
      title: t.stopNowTitle,
      key: 'Shift+S',
      reason: all ?? (store.halt?.now === true ? t.already : null),
      isPending: pending === 'stop_now'
    },
    {
      kind: 'add_trials',
      label: pending === 'add_trials' ? t.adding : t.add(N_MORE),
      title: t.addTitle(N_MORE),
      key: null,
      reason: all ?? already ?? (totalTrials(store) === null ? t.unlimited : null),
      isPending: pending === 'add_trials'
    }
  ];
}

/** A button that stays reachable when it makes no sense, so that it can say why. */
export function ActionButton(props: {
  label: string;
  title: string;
  reason?: string | null;
  isPending?: boolean;
  shortcut?: string | null;
  icon?: JSX.Element;
  onPress: () => void;
}): JSX.Element {
  const isOff = (props.reason ?? null) !== null || props.isPending === true;
  return (
    <button
      type="button"
      class="kt-Button"
      title={props.reason ?? props.title}
      aria-disabled={isOff}
      aria-label={props.icon === undefined ? undefined : props.label}
      aria-busy={props.isPending === true}
      aria-keyshortcuts={props.shortcut ?? undefined}
      onClick={() => {
        if (!isOff) {
          props.onPress();
        }
      }}
    >
      {props.icon ?? props.label}
    </button>
  );
}

export function Controls() {
  const view = useView();
  const { store, strings } = view;
  return (
    <div class="kt-Controls" role="group" aria-label={strings.controls.group}>
      {controls(store, strings).map((control, i) => (
        <ActionButton
          key={i}
          label={control.label}
          title={control.title}
          reason={control.reason}
          isPending={control.isPending}
          shortcut={control.key}
          onPress={() =>
            view.command(control.kind, control.kind === 'add_trials' ? { n: N_MORE } : {})
          }
        />
      ))}
    </div>
  );
}
