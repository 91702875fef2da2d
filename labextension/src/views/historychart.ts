/**
 * Scores trial by trial with the best so far, for searches whose trials have no epochs.
 */
import uPlot from 'uplot';
import type { Trial } from '../trial';
import {
  type IChart,
  type IChartEvents,
  type IHit,
  type ISize,
  NEAR_PX,
  chartOptions,
  chartPlace,
  padded
} from './chart';
import { robustRange } from './extent';
import type { Colors } from './theme';
import type { ViewModel } from './viewmodel';

const MANY_DOTS = 400;
const DOT_PX = 6;
const SMALL_DOT_PX = 3;
const FRONT_PX = 9;
/** The series of all scores; those in front of it show the chosen trial and the best one again. */
const SCORES = 2;

export class HistoryChart implements IChart {
  constructor(
    node: HTMLElement,
    view: ViewModel,
    colors: Colors,
    size: ISize,
    events: IChartEvents
  ) {
    this._view = view;
    const ranges = { x: () => this._xRange, y: () => this._yRange };
    const options = chartOptions(size, colors, ranges, {
      series: [
        {},
        { stroke: colors.good, width: 2, paths: stepped, points: { show: false } },
        this._dots(colors.faint, DOT_PX),
        this._dots(colors.text, FRONT_PX),
        this._dots(colors.good, FRONT_PX)
      ],
      focus: { alpha: 1 },
      cursor: {
        dataIdx: (_, series, index) => (series === SCORES ? this._nearest(index) : index),
        focus: {
          prox: NEAR_PX,
          dist: (_, series, __, at, mouse) => (series === SCORES ? at - mouse : Infinity)
        }
      },
      hooks: { setCursor: [() => events.onHit(this._hit())] }
    });
    this._plot = new uPlot(options, [[], [], [], [], []], node);
    this._plot.over.addEventListener('click', () => {
      const hit = this._hit();
      if (hit !== null) {
        events.onPick(hit.trialId);
      }
    });
    this.draw();
  }

  draw(): void {
    const { store, rows, selected } = this._view;
    const { sign, standing } = store;
    const trials = rows.value.filter(({ score }) => score !== null && Number.isFinite(score));
    trials.sort((a, b) => a.index - b.index);
    this._trials = trials;
    const scores = trials.map(trial => trial.score ?? 0);
    const places = trials.map(trial => trial.index);
    let best: number | null = null;
    const bests = trials.map((trial, i) => {
      if (trial.hasScore && (best === null || sign * scores[i] < sign * best)) {
        best = scores[i];
      }
      return best;
    });
    const only = (isShown: (trial: Trial) => boolean) =>
      trials.map((trial, i) => (isShown(trial) ? scores[i] : null));
    this._xRange = padded([places[0] ?? 0, places[places.length - 1] ?? 1], 0.02);
    this._yRange = padded(robustRange([...scores], sign));
    const { points } = this._plot.series[SCORES];
    if (points !== undefined) {
      points.size = trials.length > MANY_DOTS ? SMALL_DOT_PX : DOT_PX;
    }
    this._plot.setData([
      places,
      bests,
      scores,
      only(trial => trial.id === selected.value),
      only(trial => trial === standing.best)
    ]);
  }

  resize(size: ISize): void {
    this._plot.setSize(size);
  }

  /** Put the mark of the mouse on a trial. */
  highlight(trialId: string | null): void {
    if (trialId === (this._hit()?.trialId ?? null)) {
      return;
    }
    const trial = this._trials.find(({ id }) => id === trialId);
    const left = trial === undefined ? -10 : this._plot.valToPos(trial.index, 'x');
    const top = trial === undefined ? -10 : this._plot.valToPos(trial.score ?? 0, 'y');
    this._plot.setCursor({ left, top }, false);
  }

  dispose(): void {
    this._plot.destroy();
  }

  private _dots(color: string, size: number): uPlot.Series {
    return {
      stroke: color,
      width: 0,
      paths: () => null,
      points: { show: true, size, fill: color, width: 0 }
    };
  }

  /** Return the dot nearest to the mouse in both directions, where uPlot looks along x only. */
  private _nearest(index: number): number {
    const { left = 0, top = 0 } = this._plot.cursor;
    let [found, near] = [index, Infinity];
    for (const step of [-1, 1]) {
      for (let i = index; i >= 0 && i < this._trials.length; i += step) {
        const { index: x, score } = this._trials[i];
        const dx = this._plot.valToPos(x, 'x') - left;
        if (Math.abs(dx) > NEAR_PX) {
          break;
        }
        const distance = Math.hypot(dx, this._plot.valToPos(score ?? 0, 'y') - top);
        if (distance < near) {
          [found, near] = [i, distance];
        }
      }
    }
    return found;
  }

  private _hit(): IHit | null {
    const { left = -1, top = -1, idxs } = this._plot.cursor;
    const index = idxs?.[SCORES];
    const trial = index === null || index === undefined ? undefined : this._trials[index];
    if (left < 0 || trial === undefined) {
      return null;
    }
    const value = trial.score ?? NaN;
    const at = {
      left: this._plot.valToPos(trial.index, 'x'),
      top: this._plot.valToPos(value, 'y')
    };
    if (Math.hypot(at.left - left, at.top - top) > NEAR_PX) {
      return null;
    }
    return {
      trialId: trial.id,
      epoch: null,
      value,
      ...chartPlace(this._plot, at.left, at.top)
    };
  }

  private readonly _view: ViewModel;
  private readonly _plot: uPlot;
  private _trials: Trial[] = [];
  private _xRange: readonly [number, number] = [0, 1];
  private _yRange: readonly [number, number] = [0, 1];
}

/** A step at each better trial. */
const stepped: uPlot.Series.PathBuilder = (plot, series, from, to) =>
  uPlot.paths.stepped?.({ align: 1 })(plot, series, from, to) ?? null;
