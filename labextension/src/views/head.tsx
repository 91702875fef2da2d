/**
 * The head of the panel: what is searched, how far it is, how good it is.
 */
import { useEffect, useState } from 'preact/hooks';
import { endedTrials, estimateLeft, totalTrials } from '../estimate';
import { formatChange, formatClock, formatCount, formatScore, formatTrialId } from '../format';
import type { SearchStore } from '../store';
import type { Strings } from '../strings';
import type { Shown, Trial } from '../trial';
import { metricLabel } from './columns';
import { useView } from './context';
import { Controls } from './controls';

function describe(store: SearchStore, strings: Strings): string {
  const { search } = store;
  const t = strings.head;
  const objectives = search.objective;
  const objective =
    objectives === null
      ? t.undecided
      : objectives.length === 1
        ? `${metricLabel(objectives, strings)} ${objectives[0].direction === 'max' ? '↑' : '↓'}`
        : objectives.map(o => o.name).join(' + ');
  const where = { thread: t.thread, calling: t.calling }[search.where] ?? search.where;
  return [search.tuner, objective, t.workers(search.workers), where]
    .filter(part => part !== '')
    .join(' · ');
}

function Pill() {
  const { store, strings } = useView();
  const t = strings.head;
  const saved = store.connection === 'saved';
  const { state } = store.search;
  return (
    <>
      <span class="kt-Pill" data-state={saved && !store.hasEnded ? 'saved' : state} role="status">
        {saved && !store.hasEnded ? t.saved : strings.states.search[state]}
      </span>
      {store.connection === 'connecting' && <span class="kt-Meta">{t.connecting}</span>}
    </>
  );
}

/** A halt that takes longer than this is explained. */
const HALT_S = 2;

/** Say what a search waits for that was told to stop or to pause a while ago, '' where there is nothing to say. */
function haltNote(store: SearchStore, strings: Strings, now: number): string {
  const { halt, search } = store;
  const running = [...store.standing.running];
  if (
    halt === null ||
    running.length === 0 ||
    store.connection !== 'live' ||
    now + store.clockOffset - halt.since < HALT_S
  ) {
    return '';
  }
  if (search.state === 'paused') {
    return running.some(trial => !trial.hasReported) ? strings.head.holding : '';
  }
  const t = strings.head;
  return halt.now === true ? t.stoppingNow(running.length) : t.stopping(running.length);
}

function Halt() {
  const { store, strings } = useView();
  const now = useNow(store.halt !== null);
  const note = haltNote(store, strings, now);
  return note === '' ? null : (
    <span class="kt-Meta kt-mod-warn" role="status">
      {note}
    </span>
  );
}

const SEGMENTS: readonly Shown[] = [
  'complete',
  'pruned',
  'stopped',
  'failed',
  'invalid',
  'running'
];

function Progress() {
  const { store, strings } = useView();
  const t = strings.head;
  const { counts } = store.standing;
  const hidden = store.nTrials - store.trials.length;
  const total = totalTrials(store);
  const whole = Math.max(total ?? 0, store.nTrials, 1);
  const width = (shown: Shown) => counts[shown] + (shown === 'complete' ? hidden : 0);
  const parts = SEGMENTS.filter(shown => width(shown) > 0);
  const text = parts
    .map(shown => t.count(formatCount(width(shown)), strings.states.trial[shown]))
    .join(', ');
  const ended = endedTrials(store);
  return (
    <div
      class="kt-Bar"
      role="progressbar"
      aria-label={t.trials}
      aria-valuemin={0}
      aria-valuemax={total ?? undefined}
      aria-valuenow={total === null ? undefined : ended}
      aria-valuetext={t.progress(
        formatCount(ended),
        total === null ? null : formatCount(total),
        text
      )}
    >
      {parts.map(shown => (
        <i
          key={shown}
          data-shown={shown}
          style={{ width: `${(100 * width(shown)) / whole}%` }}
          title={`${strings.states.trial[shown]}: ${formatCount(width(shown))}`}
        />
      ))}
    </div>
  );
}

/** Return the browser's time in seconds, anew every second while it is asked for. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!ticking) {
      return undefined;
    }
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return ticking ? Date.now() / 1000 : now;
}

function Stat(props: {
  label: string;
  value: string;
  note?: string;
  good?: boolean;
  title?: string;
}) {
  return (
    <div class="kt-Stat" title={props.title}>
      <span>{props.label}</span>
      <b class={props.good ? 'kt-mod-good' : undefined}>{props.value}</b>
      {props.note !== undefined && props.note !== '' && <small>{props.note}</small>}
    </div>
  );
}

function bestNote(store: SearchStore, strings: Strings): string {
  const { best, formerBest } = store.standing;
  const t = strings.head;
  if (best === null || best.score === null) {
    return '';
  }
  const notes = [t.trial(formatTrialId(best.id))];
  if (formerBest !== null && formerBest.score !== null && Number.isFinite(formerBest.score)) {
    notes.push(t.since(formatChange(best.score - formerBest.score), formatTrialId(formerBest.id)));
  }
  return notes.join(' · ');
}

function trialsNote(store: SearchStore, strings: Strings): string {
  const { counts } = store.standing;
  const total = totalTrials(store);
  const notes = total === null ? [] : [strings.head.of(formatCount(total))];
  for (const shown of ['pruned', 'stopped', 'failed', 'invalid'] as const) {
    if (counts[shown] > 0) {
      notes.push(strings.head.count(formatCount(counts[shown]), strings.states.trial[shown]));
    }
  }
  const waiting = store.search.enqueued.length;
  if (waiting > 0) {
    notes.push(strings.head.inLine(formatCount(waiting)));
  }
  const saved = store.search.epochs_saved;
  if (saved > 0) {
    notes.push(strings.head.epochsSaved(saved, formatCount(saved)));
  }
  return notes.join(' · ');
}

function nowNote(store: SearchStore, trial: Trial, strings: Strings): string {
  const t = strings.head;
  const { progress } = trial;
  const { executions_per_trial: executions, objective } = store.search;
  const curve = trial.curves[trial.curves.length - 1];
  const notes: string[] = [];
  if (executions > 1) {
    notes.push(
      t.execution(
        progress === null ? Math.max(1, trial.curves.length) : progress.execution + 1,
        executions
      )
    );
  }
  const epoch = progress === null ? (curve?.length ?? 0) : progress.epoch + 1;
  if (epoch > 0) {
    notes.push(t.epoch(epoch, trial.nEpochs === null ? null : String(trial.nEpochs)));
  }
  const name = objective?.[0]?.name;
  const live = name === undefined ? undefined : progress?.metrics[name];
  const value = live ?? trial.latest;
  if (value !== null) {
    notes.push(formatScore(value));
  } else if (progress !== null) {
    notes.push(t.batch(progress.step, progress.nSteps === null ? null : String(progress.nSteps)));
  }
  return notes.join(' · ');
}

function Now() {
  const { store, strings } = useView();
  const t = strings.head;
  const running = [...store.standing.running];
  const [first] = running;
  if (store.connection !== 'live' || store.hasEnded || store.nTrials === 0) {
    return null;
  }
  if (first === undefined) {
    // Between two trials; it keeps its place, so that nothing jumps.
    return <Stat label={t.now} value="–" />;
  }
  const notes = [nowNote(store, first, strings)];
  if (running.length > 1) {
    notes.push(t.more(running.length - 1));
  }
  const note = notes.filter(part => part !== '').join(' · ');
  return <Stat label={t.now} value={formatTrialId(first.id)} note={note} />;
}

function Stats() {
  const { store, strings } = useView();
  const ticking = store.connection === 'live' && store.search.active_since !== null;
  const now = useNow(ticking);
  const t = strings.head;
  const { search, standing } = store;
  const metric = metricLabel(search.objective, strings);
  const left =
    store.connection === 'live' && search.state !== 'paused' ? estimateLeft(store, now) : null;
  return (
    <div class="kt-Stats">
      <Stat
        label={metric === t.score ? t.bestScore : t.best(metric)}
        value={formatScore(standing.best?.score ?? null)}
        note={bestNote(store, strings)}
        good={standing.best !== null}
      />
      <Stat
        label={t.trials}
        value={formatCount(endedTrials(store))}
        note={trialsNote(store, strings)}
      />
      <Stat label={t.elapsed} value={formatClock(store.elapsed(now))} />
      {left !== null && (
        <Stat
          label={t.left}
          value={formatClock(left.seconds)}
          note={left.spread >= 1 ? t.plusMinus(formatClock(left.spread)) : ''}
        />
      )}
      <Now />
    </div>
  );
}

export function Head() {
  const view = useView();
  const { store, strings } = view;
  return (
    <header class="kt-Head">
      <div class="kt-HeadRow">
        <div class="kt-Row">
          <h2>{store.search.name}</h2>
          <Pill />
          <Halt />
          <span class="kt-Meta" title={store.search.directory ?? undefined}>
            {describe(store, strings)}
          </span>
        </div>
        <Controls />
      </div>
      <Progress />
      <Stats />
    </header>
  );
}
