/**
 * One trial in full: values, metrics, output, traceback. With none opened, the best one in short.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import {
  formatDuration,
  formatLiteral,
  formatScore,
  formatShortLiteral,
  formatTrialId
} from '../format';
import { fitsText } from '../fits';
import type { IDetail, IError } from '../protocol';
import type { SearchStore } from '../store';
import type { Strings } from '../strings';
import type { Trial } from '../trial';
import { copyText } from './clipboard';
import { isHyperparameter, valueNames } from './columns';
import { useView } from './context';
import { ActionButton } from './controls';
import { Output } from './output';

/** The trial's values in the space's order; inactive ones are left out. */
function valuesOf(store: SearchStore, trial: Trial): [string, string, string][] {
  const names = new Set([...valueNames(store), ...Object.keys(trial.values)]);
  return [...names]
    .filter(isHyperparameter)
    .filter(name => trial.values[name] !== undefined && trial.values[name] !== null)
    .map(name => [name, formatShortLiteral(trial.values[name]), formatLiteral(trial.values[name])]);
}

function copyable(store: SearchStore, trial: Trial, error: IError | null): string {
  const values = valuesOf(store, trial).map(
    ([name, , literal]) => `    ${JSON.stringify(name)}: ${literal},`
  );
  const parts = [`{\n${values.join('\n')}\n}  # trial ${trial.id}, seed ${trial.seed}`];
  if (error !== null) {
    parts.push(error.traceback || `${error.type}: ${error.message}`);
  }
  return `${parts.join('\n\n')}\n`;
}

function meta(trial: Trial, strings: Strings): string {
  const t = strings.detail;
  const notes = [strings.states.trial[trial.shown]];
  if (trial.enqueued !== null) {
    notes.push(t.byHand);
  }
  if (trial.curves.length > 1) {
    notes.push(t.executions(trial.curves.length));
  }
  if (trial.epochs > 0) {
    notes.push(t.epochs(trial.epochs));
  }
  if (trial.continues !== null) {
    notes.push(t.continues(formatTrialId(trial.continues)));
  }
  if (trial.duration !== null) {
    notes.push(formatDuration(trial.duration));
  }
  return notes.join(' · ');
}

const COPY_ICON = (
  <svg class="kt-Icon" viewBox="0 0 16 16" aria-hidden="true">
    <rect x="5.5" y="5.5" width="8" height="8.5" rx="1.5" />
    <path d="M3.5 10.5h-.5a1 1 0 0 1-1-1v-6a1.5 1.5 0 0 1 1.5-1.5h6a1 1 0 0 1 1 1v.5" />
  </svg>
);

const CLOSE_ICON = (
  <svg class="kt-Icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d="M4 4l8 8M12 4l-8 8" />
  </svg>
);

function CopyButton({ text }: { text: () => string }) {
  const { strings } = useView();
  const t = strings.detail;
  const [label, setLabel] = useState<string | null>(null);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = async () => {
    setLabel((await copyText(text())) ? t.copied : t.copyFailed);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setLabel(null), 1500);
  };
  return (
    <ActionButton
      label={label ?? t.copy}
      title={t.copyTitle}
      icon={label === null ? COPY_ICON : <>{label}</>}
      onPress={() => void press()}
    />
  );
}

function Values({ trial }: { trial: Trial }) {
  const { store, strings } = useView();
  const values = valuesOf(store, trial);
  const all: [string, string, string][] = [
    ...values,
    [strings.detail.seed, String(trial.seed), String(trial.seed)]
  ];
  const longest = (column: 0 | 1) => Math.max(...all.map(row => row[column].length));
  const nameWidth = Math.min(24, longest(0));
  const width = nameWidth + Math.min(24, longest(1)) + 3;
  return (
    <dl
      class="kt-Values"
      style={{ '--kt-name-width': `${nameWidth}ch`, '--kt-value-width': `${width}ch` }}
    >
      {all.map(([name, value, literal], i) => (
        <div key={name} class={i === all.length - 1 ? 'kt-mod-seed' : undefined}>
          <dt>{name}</dt>
          <dd title={literal}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Metrics({ trial, detail }: { trial: Trial; detail: IDetail }) {
  const { strings } = useView();
  const t = strings.detail;
  const last = detail.epochs[detail.epochs.length - 1];
  const hasFinal = Object.keys(detail.metrics).length > 0;
  const metrics = Object.entries(hasFinal ? detail.metrics : (last?.metrics ?? {}));
  if (metrics.length === 0) {
    return null;
  }
  const epoch = hasFinal ? trial.bestStep : (last?.epoch ?? null);
  return (
    <section>
      <h3>
        {t.metrics} <small>{t.metricsNote(epoch === null ? null : epoch + 1)}</small>
      </h3>
      <dl class="kt-Metrics">
        {metrics.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={String(value)}>{formatScore(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function ErrorBlock({ error, title }: { error: IError; title?: string }) {
  const { strings } = useView();
  const t = strings.detail;
  return (
    <section class="kt-Error">
      <div class="kt-ErrorHead">
        {title !== undefined && <b>{title}</b>}
        <b>{error.type}</b>
        {error.line !== null && <span class="kt-Meta">{t.errorAt(error.line)}</span>}
      </div>
      <div class="kt-ErrorText">{error.message}</div>
      {error.traceback !== '' && (
        <details open={title === undefined}>
          <summary>{t.traceback}</summary>
          <pre class="kt-Pre">{error.traceback.trimEnd()}</pre>
        </details>
      )}
    </section>
  );
}

/** Ask the kernel for what the snapshot does not hold, once for each opening. */
function useDetail(trial: Trial, isOpen: boolean): IDetail | undefined {
  const view = useView();
  const { store } = view;
  const detail = store.details.get(trial.id);
  const isMissing = isOpen && detail === undefined;
  useEffect(() => {
    if (isMissing) {
      view.askDetail(trial.id);
    }
  }, [view, trial.id, isMissing, store.connection]);
  return detail;
}

interface IDetailProps {
  trial: Trial;
  detail: IDetail | undefined;
  isOpen: boolean;
}

function Full({ trial, detail }: { trial: Trial; detail: IDetail | undefined }) {
  const { store, strings } = useView();
  const t = strings.detail;
  const short = trial.error;
  const error = detail?.error ?? (short === null ? null : { ...short, traceback: '' });
  const fits = fitsText(detail?.fits ?? (trial.fit === null ? [] : [trial.fit]), strings);
  return (
    <>
      {error !== null && <ErrorBlock error={error} />}
      {trial.pruned !== null && (
        <p class="kt-Caption">
          {strings.table.pruned(trial.pruned.epoch + 1, trial.pruned.reason)}
        </p>
      )}
      {fits !== '' && <p class="kt-Caption">{fits}</p>}
      {detail === undefined ? (
        <p class="kt-Caption">{store.connection === 'saved' ? t.notSaved : t.loading}</p>
      ) : (
        <>
          <Metrics trial={trial} detail={detail} />
          <section>
            <h3>{t.output}</h3>
            {detail.outputs.length === 0 ? (
              <p class="kt-Caption">{t.noOutput}</p>
            ) : (
              <Output outputs={detail.outputs} />
            )}
          </section>
        </>
      )}
    </>
  );
}

function Actions({ trial, detail, isOpen }: IDetailProps) {
  const view = useView();
  const { store, strings } = view;
  const t = strings.detail;
  return (
    <span class="kt-Actions">
      {trial.status === 'RUNNING' && store.connection === 'live' && (
        <ActionButton
          label={t.stop}
          title={t.stopTitle}
          isPending={store.pending?.kind === 'stop_trial'}
          onPress={() => view.command('stop_trial', { trial_id: trial.id })}
        />
      )}
      <CopyButton text={() => copyable(store, trial, detail?.error ?? null)} />
      {isOpen ? (
        <ActionButton
          label={t.close}
          title={t.closeTitle}
          shortcut="Escape"
          icon={CLOSE_ICON}
          onPress={() => view.close()}
        />
      ) : (
        <ActionButton label={t.open} title={t.openTitle} onPress={() => view.open(trial.id)} />
      )}
    </span>
  );
}

function TrialDetail({ trial, isOpen }: { trial: Trial; isOpen: boolean }) {
  const { store, strings } = useView();
  const t = strings.detail;
  const detail = useDetail(trial, isOpen);
  return (
    <section class="kt-Detail" aria-label={t.trial(formatTrialId(trial.id))}>
      <div class="kt-Row">
        <b title={trial.id}>{t.trial(formatTrialId(trial.id))}</b>
        {trial === store.standing.best && (
          <span class="kt-Pill" data-state="finished">
            {t.best}
          </span>
        )}
        <span class="kt-Meta" title={meta(trial, strings)}>
          {meta(trial, strings)}
        </span>
        <span class="kt-Grow" />
        <Actions trial={trial} detail={detail} isOpen={isOpen} />
      </div>
      <Values trial={trial} />
      {isOpen && <Full trial={trial} detail={detail} />}
    </section>
  );
}

export function Detail() {
  const view = useView();
  const { store } = view;
  const selected = view.selected.value;
  const opened = selected === null ? undefined : store.trial(selected);
  const { best, running } = store.standing;
  const trial = opened ?? best ?? [...running][0] ?? store.trials[store.trials.length - 1];
  return trial === undefined ? null : (
    <TrialDetail key={trial.id} trial={trial} isOpen={opened !== undefined} />
  );
}
