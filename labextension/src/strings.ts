/**
 * Every text that the panel shows, in one place, through one translation function.
 */
import type { Direction, FitPath, NoteLevel, SearchState } from './protocol';
import type { Shown } from './trial';

/** The part of JupyterLab's translation bundle that is used here. */
export interface ITranslation {
  __(text: string, ...args: unknown[]): string;
  _n(one: string, many: string, n: number, ...args: unknown[]): string;
}

function fill(text: string, args: readonly unknown[]): string {
  return text.replace(/%(\d)/g, (_, i: string) => String(args[Number(i) - 1]));
}

export const english: ITranslation = {
  __: (text, ...args) => fill(text, args),
  _n: (one, many, n, ...args) => fill(n === 1 ? one : many, [n, ...args])
};

function states(trans: ITranslation) {
  const search: Record<SearchState, string> = {
    running: trans.__('running'),
    paused: trans.__('paused'),
    stopping: trans.__('stopping'),
    finished: trans.__('finished'),
    stopped: trans.__('stopped'),
    timed_out: trans.__('out of time'),
    failed: trans.__('failed')
  };
  const trial: Record<Shown, string> = {
    running: trans.__('running'),
    idle: trans.__('cut'),
    complete: trans.__('complete'),
    pruned: trans.__('pruned'),
    failed: trans.__('failed'),
    invalid: trans.__('invalid'),
    stopped: trans.__('stopped'),
    other: trans.__('other')
  };
  return { search, trial };
}

function head(trans: ITranslation) {
  return {
    search: (name: string) => trans.__('Search %1', name),
    workers: (n: number) => trans._n('%1 worker', '%1 workers', n),
    thread: trans.__('kernel thread'),
    calling: trans.__('this cell'),
    better: (direction: Direction) =>
      direction === 'max' ? trans.__('more is better') : trans.__('less is better'),
    objectives: (n: number) => trans._n('%1 objective', '%1 objectives', n),
    undecided: trans.__('objective not known yet'),
    best: (metric: string) => trans.__('best %1', metric),
    bestScore: trans.__('best score'),
    score: trans.__('score'),
    trials: trans.__('trials'),
    elapsed: trans.__('elapsed'),
    left: trans.__('left'),
    now: trans.__('now'),
    trial: (id: string) => trans.__('trial %1', id),
    since: (change: string, id: string) => trans.__('%1 since trial %2', change, id),
    of: (n: string) => trans.__('of %1', n),
    count: (n: string, state: string) => trans.__('%1 %2', n, state),
    inLine: (n: string) => trans.__('%1 in line', n),
    epochsSaved: (n: number, shown: string) =>
      trans._n('%2 epoch saved', '%2 epochs saved', n, shown),
    plusMinus: (spread: string) => trans.__('± %1', spread),
    epoch: (n: number, of: string | null) =>
      of === null ? trans.__('epoch %1', n) : trans.__('epoch %1 of %2', n, of),
    execution: (n: number, of: number) => trans.__('run %1 of %2', n, of),
    batch: (n: number, of: string | null) =>
      of === null ? trans.__('batch %1', n) : trans.__('batch %1 of %2', n, of),
    more: (n: number) => trans._n('and %1 more', 'and %1 more', n),
    progress: (ended: string, of: string | null, parts: string) =>
      of === null
        ? trans.__('%1 trials: %2', ended, parts)
        : trans.__('%1 of %2 trials: %3', ended, of, parts),
    saved: trans.__('saved'),
    savedTitle: trans.__(
      'The kernel does not know this search: this is what the notebook holds of it.'
    ),
    savedHint: trans.__('Saved result; run the cell again to go on.'),
    savedDone: trans.__('Saved result.'),
    connecting: trans.__('connecting'),
    stopping: (n: number) =>
      trans._n('when the running trial has ended', 'when the running trials have ended', n),
    stoppingNow: (n: number) =>
      trans._n("waits until the trial's code returns", "waits until the trials' code returns", n),
    holding: trans.__('code outside a Keras fit runs on'),
    notReached: trans.__('the time limit ends it sooner')
  };
}

function controls(trans: ITranslation) {
  return {
    group: trans.__('Control the search'),
    pause: trans.__('Pause'),
    pauseTitle: trans.__('Hold the running trials and start no further one (P)'),
    pausing: trans.__('pausing…'),
    resume: trans.__('Resume'),
    resumeTitle: trans.__('Go on (P)'),
    resuming: trans.__('resuming…'),
    stop: trans.__('Stop after this trial'),
    stopMany: trans.__('Stop after these trials'),
    stopTitle: trans.__('Let the running trials end, then stop (S)'),
    stopping: trans.__('stopping…'),
    stopNow: trans.__('Stop now'),
    stopNowTitle: trans.__(
      'Stop at the next batch; the running trials are cut and run again when the search goes on (Shift+S)'
    ),
    add: (n: number) => trans.__('+%1 trials', n),
    addTitle: (n: number) => trans._n('Allow %1 more trial', 'Allow %1 more trials', n),
    adding: trans.__('adding…'),
    ended: trans.__('The search has ended; run the cell again to go on'),
    endedFull: trans.__('The search has ended; raise --max-trials and run the cell again to go on'),
    saved: trans.__('No kernel runs this search; run the cell again to go on'),
    connecting: trans.__('Not connected to the kernel yet'),
    already: trans.__('The search is stopping already'),
    unlimited: trans.__('This search has no limit of trials'),
    refused: (reason: string) => trans.__('Not done: %1', reason),
    dismiss: trans.__('Dismiss')
  };
}

function table(trans: ITranslation) {
  return {
    views: trans.__('Views'),
    trials: trans.__('Trials'),
    curves: trans.__('Curves'),
    caption: trans.__('Trials: arrow keys move, Enter opens, Escape closes'),
    id: trans.__('#'),
    idTitle: trans.__('Trial'),
    state: trans.__('state'),
    curve: trans.__('curve'),
    curveTitle: (metric: string) => trans.__('%1 by epoch', metric),
    epochs: trans.__('epochs'),
    time: trans.__('time'),
    sortBy: (name: string) => trans.__('Sort by %1', name),
    filter: trans.__('Filter'),
    filterTitle: trans.__('Words, or conditions such as lr<0.01 act=relu (/)'),
    filterHint: trans.__('Filter: lr<0.01, relu …'),
    clear: trans.__('Show all trials'),
    only: (state: string, n: string) => trans.__('Show %1 trials (%2)', state, n),
    shownOf: (n: string, of: string) => trans.__('%1 of %2 trials', n, of),
    pruned: (epoch: number, reason: string) => trans.__('Pruned after epoch %1: %2', epoch, reason),
    cut: (n: string, of: string) =>
      trans.__('The notebook holds %1 of the %2 trials: the best and the latest.', n, of),
    errorAt: (type: string, line: number | null) =>
      line === null ? type : trans.__('%1, line %2', type, line),
    soFar: trans.__('best so far'),
    none: trans.__('No trial fits the filter.'),
    waiting: trans.__('Waiting for the first trial'),
    waitingPaused: trans.__('Paused before the first trial'),
    noTrials: trans.__('No trial was run'),
    space: (n: number) => trans._n('%1 hyperparameter', '%1 hyperparameters', n)
  };
}

function chart(trans: ITranslation) {
  return {
    curves: trans.__('Learning curves'),
    curvesNote: trans.__('by epoch; best in front'),
    curvesCut: (n: string) => trans.__('by epoch; the best %1 trials', n),
    history: trans.__('Scores'),
    historyNote: trans.__('by trial; line: best so far'),
    label: (n: string) =>
      trans.__('Learning curves of %1 trials; the table has the same numbers', n),
    historyLabel: (n: string) => trans.__('Scores of %1 trials; the table has the same numbers', n),
    empty: trans.__('Curves appear with the first epoch'),
    emptyEnded: trans.__('No curves were recorded'),
    best: trans.__('best'),
    tip: (id: string, epoch: number) => trans.__('trial %1, epoch %2', id, epoch),
    tipTrial: (id: string) => trans.__('trial %1', id)
  };
}

function detail(trans: ITranslation) {
  const fitPaths: Record<FitPath, string> = {
    plain: trans.__('plain (Keras)'),
    fused: trans.__('fused'),
    reused: trans.__('fused, graph taken over')
  };
  return {
    fit: (how: string) => trans.__('Fit: %1', how),
    fitPaths,
    fitWhy: (how: string, reasons: string) => trans.__('%1 – %2', how, reasons),
    trial: (id: string) => trans.__('Trial %1', id),
    best: trans.__('best'),
    close: trans.__('Close'),
    closeTitle: trans.__('Back to the best trial (Esc)'),
    open: trans.__('Open'),
    openTitle: trans.__('Show output, metrics and epochs'),
    copy: trans.__('Copy'),
    copyTitle: trans.__('Copy the values as Python, and the traceback'),
    copied: trans.__('Copied'),
    copyFailed: trans.__('Copying is not allowed here'),
    stop: trans.__('Stop this trial'),
    stopTitle: trans.__('End this trial; what it has reached so far is its result'),
    epochs: (n: number) => trans._n('%1 epoch', '%1 epochs', n),
    continues: (id: string) => trans.__('continues trial %1', id),
    byHand: trans.__('by hand'),
    executions: (n: number) => trans._n('%1 run', '%1 runs', n),
    values: trans.__('Values'),
    noValues: trans.__('No values yet'),
    seed: trans.__('seed'),
    bestEpoch: trans.__('best epoch'),
    metrics: trans.__('Metrics'),
    metricsNote: (epoch: number | null) =>
      epoch === null ? trans.__('latest') : trans.__('at epoch %1', epoch),
    output: trans.__('Output'),
    noOutput: trans.__('This trial printed nothing.'),
    loading: trans.__('Loading…'),
    notSaved: trans.__(
      'Output, metrics and traceback stay with the search; run the cell again to see them.'
    ),
    image: trans.__('Figure of the trial'),
    cannotShow: (mime: string) => trans.__('[%1 is not shown here]', mime),
    warning: trans.__('warning'),
    errorAt: (line: number) => trans.__('line %1 of the cell', line),
    traceback: trans.__('Traceback')
  };
}

function notes(trans: ITranslation) {
  return {
    count: (level: NoteLevel, n: number) => {
      switch (level) {
        case 'error':
          return trans._n('%1 error', '%1 errors', n);
        case 'warning':
          return trans._n('%1 warning', '%1 warnings', n);
        case 'advice':
          return trans._n('%1 hint', '%1 hints', n);
      }
    },
    line: (line: number) => trans.__('line %1', line),
    failed: trans.__('The search failed'),
    unreadable: trans.__('This output of kt_notebook cannot be read here; run the cell again.')
  };
}

export function makeStrings(trans: ITranslation) {
  return {
    states: states(trans),
    head: head(trans),
    controls: controls(trans),
    table: table(trans),
    chart: chart(trans),
    detail: detail(trans),
    notes: notes(trans)
  };
}

export type Strings = ReturnType<typeof makeStrings>;
