/**
 * The chart pane: learning curves, or the scores of trials without epochs.
 */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatCount, formatScore, formatTrialId } from '../format';
import type { IChart, IChartEvents, IHit } from './chart';
import { useView } from './context';
import { CurveChart, MAX_CURVES } from './curvechart';
import { HistoryChart } from './historychart';
import { readColors, watchTheme } from './theme';
import type { ViewModel } from './viewmodel';

/** Room that the tip takes above a point. */
const TIP_PX = 38;

type Kind = 'curves' | 'history' | 'none';

function kindOf({ store }: ViewModel): Kind {
  let scored = false;
  for (const trial of store.trials) {
    if (trial.curves.length > 0) {
      return 'curves';
    }
    scored ||= trial.score !== null;
  }
  return scored ? 'history' : 'none';
}

function Tip({ hit, width }: { hit: IHit; width: number }) {
  const { store, strings } = useView();
  const t = strings.chart;
  const id = formatTrialId(hit.trialId);
  // The farther to the right, the more of it lies to the left: it never leaves the chart.
  const isHigh = hit.top < TIP_PX;
  const style = {
    left: `${hit.left}px`,
    top: `${hit.top}px`,
    transform: `translate(${(-100 * hit.left) / width}%, ${isHigh ? '12px' : 'calc(-100% - 10px)'})`
  };
  return (
    <div class="kt-Tip" style={style}>
      <i class="kt-Dot" data-shown={store.trial(hit.trialId)?.shown} />
      {hit.epoch === null ? t.tipTrial(id) : t.tip(id, hit.epoch)} <b>{formatScore(hit.value)}</b>
    </div>
  );
}

/** Return how wide the node is, 0 before it has a place in the page. */
function useWidth(node: RefObject<HTMLDivElement>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = node;
    if (current === null) {
      return undefined;
    }
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(current);
    return () => observer.disconnect();
  }, [node]);
  return width;
}

/** Make the chart, anew with each theme, and draw it whenever data or size have changed. */
function useChart(kind: 'curves' | 'history', height: number, events: IChartEvents) {
  const view = useView();
  const node = useRef<HTMLDivElement>(null);
  const chart = useRef<IChart | null>(null);
  const width = useWidth(node);
  const [theme, setTheme] = useState(0);
  // Before it has a place in the page a node has no colours.
  const hasPlace = width > 0;

  useEffect(() => watchTheme(() => setTheme(n => n + 1)), []);

  useLayoutEffect(() => {
    const { current } = node;
    if (current === null || !hasPlace) {
      return undefined;
    }
    const Chart = kind === 'curves' ? CurveChart : HistoryChart;
    const made = new Chart(current, view, readColors(current), { width, height }, events);
    chart.current = made;
    return () => {
      chart.current = null;
      made.dispose();
    };
  }, [kind, view, theme, hasPlace, height]);

  useLayoutEffect(() => {
    if (width > 0) {
      chart.current?.resize({ width, height });
    }
  }, [width, height]);

  const version = view.version.value;
  const rows = view.rows.value;
  const selected = view.selected.value;
  useLayoutEffect(() => chart.current?.draw(), [view, version, rows, selected]);

  const hovered = view.hovered.value;
  useLayoutEffect(() => chart.current?.highlight(hovered), [hovered, version]);
  return { node, width };
}

function Canvas({ kind, height }: { kind: 'curves' | 'history'; height: number }) {
  const view = useView();
  const { strings, store } = view;
  const [hit, setHit] = useState<IHit | null>(null);
  const [events] = useState<IChartEvents>(() => ({
    onHit: found => {
      setHit(found);
      view.hovered.value = found?.trialId ?? null;
    },
    onPick: trialId => view.open(trialId)
  }));
  const { node, width } = useChart(kind, height, events);
  const n = formatCount(store.trials.length);
  return (
    <div
      ref={node}
      class={hit === null ? 'kt-ChartBox' : 'kt-ChartBox kt-mod-hit'}
      style={{ height: `${height}px` }}
      role="img"
      aria-label={kind === 'curves' ? strings.chart.label(n) : strings.chart.historyLabel(n)}
    >
      {hit !== null && <Tip hit={hit} width={width} />}
    </div>
  );
}

export function Curves({ height }: { height: number }) {
  const view = useView();
  const { store, strings } = view;
  const t = strings.chart;
  const kind = kindOf(view);
  const isCut = kind === 'curves' && view.rows.value.length > MAX_CURVES;
  const note =
    kind === 'history'
      ? t.historyNote
      : isCut
        ? t.curvesCut(formatCount(MAX_CURVES))
        : t.curvesNote;
  return (
    <div class="kt-Chart">
      <div class="kt-Row">
        <b>{kind === 'history' ? t.history : t.curves}</b>
        <span class="kt-Grow" />
        {kind !== 'none' && <span class="kt-Caption kt-Ellipsis">{note}</span>}
      </div>
      {kind === 'none' ? (
        <div class="kt-Empty" style={{ height: `${height / 2}px` }}>
          {store.hasEnded || store.connection === 'saved' ? t.emptyEnded : t.empty}
        </div>
      ) : (
        <Canvas kind={kind} height={height} />
      )}
    </div>
  );
}
