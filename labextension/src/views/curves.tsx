/**
 * The chart pane: learning curves, or the scores of trials without epochs.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatCount, formatScore, formatTrialId } from '../format';
import { useView } from './context';
import { type IHit, Plot } from './plot';
import { MAX_CURVES, curveScene, historyScene } from './scenes';
import { type Colors, readColors, watchTheme } from './theme';
import type { ViewModel } from './viewmodel';

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

function Tip({ hit, isCurve, width }: { hit: IHit; isCurve: boolean; width: number }) {
  const { store, strings } = useView();
  const t = strings.chart;
  const id = formatTrialId(hit.id);
  const side =
    hit.left > width / 2 ? { right: `${width - hit.left + 12}px` } : { left: `${hit.left + 12}px` };
  return (
    <>
      <i class="kt-Point" style={{ left: `${hit.left}px`, top: `${hit.top}px` }} />
      <div class="kt-Tip" style={{ ...side, top: `${Math.max(0, hit.top - 14)}px` }}>
        <i class="kt-Dot" data-shown={store.trial(hit.id)?.shown} />
        {isCurve ? t.tip(id, hit.x) : t.tipTrial(id)} <b>{formatScore(hit.value)}</b>
      </div>
    </>
  );
}

/** Draw the scene whenever data, size or theme have changed. */
function usePlot(kind: 'curves' | 'history', height: number) {
  const view = useView();
  const node = useRef<HTMLDivElement>(null);
  const plot = useRef<{ plot: Plot; colors: Colors } | null>(null);
  const [width, setWidth] = useState(0);
  const [theme, setTheme] = useState(0);
  // Before it has a place in the page a node has no colours.
  const hasPlace = width > 0;

  useEffect(() => watchTheme(() => setTheme(n => n + 1)), []);

  useLayoutEffect(() => {
    const { current } = node;
    if (current === null) {
      return undefined;
    }
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const { current } = node;
    if (current === null || !hasPlace) {
      return undefined;
    }
    const colors = readColors(current);
    const made = { plot: new Plot(current, colors), colors };
    plot.current = made;
    return () => {
      plot.current = null;
      made.plot.dispose();
    };
  }, [theme, hasPlace]);

  const version = view.version.value;
  const rows = view.rows.value;
  const selected = view.selected.value;
  useLayoutEffect(() => {
    if (plot.current !== null && width > 0) {
      const scene = kind === 'curves' ? curveScene : historyScene;
      plot.current.plot.draw(scene(view, plot.current.colors), width, height);
    }
  }, [kind, view, version, rows, selected, width, height, theme]);

  const hovered = view.hovered.value;
  useLayoutEffect(() => plot.current?.plot.highlight(hovered), [hovered]);
  return { node, plot, width };
}

function Canvas({ kind, height }: { kind: 'curves' | 'history'; height: number }) {
  const view = useView();
  const { strings, store } = view;
  const { node, plot, width } = usePlot(kind, height);
  const [hit, setHit] = useState<IHit | null>(null);
  const point = (found: IHit | null) => {
    setHit(found);
    view.hovered.value = found?.id ?? null;
  };
  const n = formatCount(store.trials.length);
  return (
    <div
      ref={node}
      class={hit === null ? 'kt-ChartBox' : 'kt-ChartBox kt-mod-hit'}
      style={{ height: `${height}px` }}
      role="img"
      aria-label={kind === 'curves' ? strings.chart.label(n) : strings.chart.historyLabel(n)}
      onMouseMove={event => {
        const { left, top } = event.currentTarget.getBoundingClientRect();
        point(plot.current?.plot.hit(event.clientX - left, event.clientY - top) ?? null);
      }}
      onMouseLeave={() => point(null)}
      onClick={() => {
        if (hit !== null) {
          view.open(hit.id);
        }
      }}
    >
      {hit !== null && <Tip hit={hit} isCurve={kind === 'curves'} width={width} />}
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
        {kind !== 'none' && <span class="kt-Caption">{note}</span>}
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
